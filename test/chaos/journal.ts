/** How many events of a user, and how many faults, a violation shows. */
const SHOWN = 10;
/** Letters of an answer that a violation shows. */
const LONGEST = 300;

export type ViolationKind =
  | 'signed out without a reason'
  | 'a write is lost'
  | 'alive after the logout'
  | 'no answer in time'
  | 'an answer that must not be'
  | 'the simulation failed';

export interface Violation {
  readonly kind: ViolationKind;
  readonly user: string;
  readonly text: string;
  /** What the user did last, and what was broken meanwhile. */
  readonly trace: readonly string[];
}

/** Keeps what happens in a run. */
export class Journal {
  readonly violations: Violation[] = [];
  /** How often each operation had each answer. */
  readonly answers = new Map<string, Map<string, number>>();
  readonly faults = new Map<string, number>();
  /** What is neither a violation nor all right. */
  readonly remarks = new Map<string, number>();
  readonly #events = new Map<string, string[]>();
  readonly #lastFaults: string[] = [];
  readonly #began = performance.now();

  /** Milliseconds since the run began. */
  now(): number {
    return performance.now() - this.#began;
  }

  answered(operation: string, answer: string): void {
    const answers = this.answers.get(operation) ?? new Map<string, number>();
    this.answers.set(operation, answers);
    countIn(answers, answer);
  }

  remark(text: string): void {
    countIn(this.remarks, text);
  }

  /** @param detail what is only for traces */
  fault(name: string, detail = ''): void {
    countIn(this.faults, name);
    remember(this.#lastFaults, `${this.#stamp()} FAULT ${name} ${detail}`);
  }

  event(user: string, text: string): void {
    const events = this.#events.get(user) ?? [];
    this.#events.set(user, events);
    remember(events, `${this.#stamp()} ${text}`);
  }

  violation(kind: ViolationKind, user: string, detail: string): void {
    const text = detail.slice(0, LONGEST);
    const events = [...(this.#events.get(user) ?? []), ...this.#lastFaults];
    const trace = [...events.sort(), `${this.#stamp()} ${text}`];
    this.violations.push({ kind, user, text, trace });
  }

  /** Sorted as text it is sorted by time. */
  #stamp(): string {
    return `${(this.now() / 1000).toFixed(3).padStart(8)} s`;
  }
}

function countIn(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function remember(list: string[], text: string): void {
  list.push(text);
  if (list.length > SHOWN) list.shift();
}
