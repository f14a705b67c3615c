/** Lets work on the same key happen one after the other, in this process. */
export class KeyQueue {
  readonly #tails = new Map<string, Promise<unknown>>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const previous = this.#tails.get(key);
    // How the work before ended is the concern of who began it.
    const result = previous ? previous.then(work, work) : work();
    this.#tails.set(key, result);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === result) this.#tails.delete(key);
    }
  }
}
