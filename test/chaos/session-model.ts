/** How a request ended: `unknown` when nobody said whether it was done. */
export type Outcome = 'done' | 'unknown';

/**
 * What a user knows of a session: what must be in it, and what may be. A write that was answered must stay; one without
 * an answer may have happened, at once or a little later, but not after a later one that was answered.
 */
export class SessionModel {
  /** It is not known whether a logout, or a sign-in that takes its place, has happened. */
  mayHaveEnded = false;
  /** For each key what may be under it, oldest first; 0 is nothing. */
  readonly #values = new Map<string, number[]>();
  /** How many increments there may have been. */
  #least = 0;
  #most = 0;

  constructor(
    /** Milliseconds since the run began. */
    readonly since: number,
    private readonly counter: string,
  ) {}

  wrote(key: string, value: number, outcome: Outcome): void {
    const possible = this.#values.get(key) ?? [0];
    this.#values.set(key, outcome === 'done' ? [value] : [...possible, value]);
  }

  counted(outcome: Outcome): void {
    if (outcome === 'done') this.#least += 1;
    this.#most += 1;
  }

  /**
   * Compares with what a request saw, and learns from it.
   *
   * @returns what is wrong
   */
  compare(fields: Readonly<Record<string, unknown>>): string | undefined {
    const problems = [...this.#values].map(([key, possible]) => {
      const seen = Number(fields[key] ?? 0);
      const index = possible.indexOf(seen);
      // What was seen once does not become something older again.
      if (index > 0) this.#values.set(key, possible.slice(index));
      return index < 0 ? `${key} is ${seen} and not ${possible.join(' or ')}` : undefined;
    });
    const count = Number(fields[this.counter] ?? 0);
    if (count < this.#least || count > this.#most)
      problems.push(`${this.counter} is ${count} and not ${this.#least} to ${this.#most}`);
    else this.#least = count;
    return problems.filter((problem) => problem !== undefined).join(', ') || undefined;
  }
}
