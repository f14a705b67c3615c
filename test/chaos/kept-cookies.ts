/** Sessions that are over, and cookies of each, that somebody keeps. */
const GRAVES = 6;
const COOKIES = 6;

/** The cookies of a browser, and of somebody who never throws one away. */
export class KeptCookies {
  /** What the browser sends. */
  current: string | undefined;
  /** Cookies of sessions that are over for sure: none of them may work. */
  readonly graves: string[][] = [];
  /** Of the session that lives: the first one and the last ones. */
  #all: string[] = [];

  /** @param cookie of a response; empty when that removed it */
  take(cookie: string): void {
    this.current = cookie || undefined;
    if (!cookie) return;
    this.#all.push(cookie);
    if (this.#all.length > COOKIES) this.#all.splice(1, 1);
  }

  /** What there is now, for {@link bury}, if the session should end in the middle of something. */
  get all(): readonly string[] {
    return this.#all;
  }

  bury(others: readonly string[] = []): void {
    const grave = [...new Set([...others, ...this.#all])];
    if (grave.length > 0) this.graves.push(grave);
    if (this.graves.length > GRAVES) this.graves.shift();
    this.forget();
  }

  /** The session ended by itself. */
  forget(): void {
    this.#all = [];
    this.current = undefined;
  }
}
