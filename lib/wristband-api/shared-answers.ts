import { LRUCache } from 'lru-cache';

/**
 * Asks once for each key, Wristband or a store: who asks at the same time, or a while later, gets the same answer. Failures are not
 * kept, so the next one asks again.
 */
export class SharedAnswers<T> {
  readonly #answers: LRUCache<string, Promise<T>>;

  /** @param ttl milliseconds from the first question for which an answer is kept */
  constructor(limits: { readonly max: number; readonly ttl: number }) {
    this.#answers = new LRUCache(limits);
  }

  async get(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = ask();
    this.#answers.set(key, answer);
    try {
      return await answer;
    } catch (error) {
      // Only its own: a newer question may have taken its place meanwhile.
      if (this.#answers.peek(key) === answer) this.#answers.delete(key);
      throw error;
    }
  }

  forget(key: string): void {
    this.#answers.delete(key);
  }
}
