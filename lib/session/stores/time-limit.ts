import { setMaxListeners } from 'node:events';
import { SessionStoreError, type SessionStoreOperation } from './session-store.error.js';

/** The time that a call has. */
export class TimeLimit {
  #isOver = false;
  #abort: AbortController | undefined;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Tells when the time is over. Made for who asks: it costs more than most calls to a store in memory. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      // One for every key is no leak.
      setMaxListeners(0, this.#abort.signal);
      if (this.#isOver) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  end(): void {
    this.#isOver = true;
    this.#abort?.abort();
  }

  /** To be called before anything is begun: the caller has been told that it was not done. */
  assertNotOver(): void {
    if (this.#isOver) throw new Error('The time is over');
  }
}

/**
 * Lets work go on for a limited time. Whatever it throws becomes a {@link SessionStoreError}; what it does after its time
 * is nobody's concern any more, also an error.
 *
 * @param timeout milliseconds
 */
export async function withinTime<T>(
  operation: SessionStoreOperation,
  timeout: number,
  work: (limit: TimeLimit) => Promise<T>,
): Promise<T> {
  const limit = new TimeLimit();
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => {
    const giveUp = () => {
      // First, so that what the work makes of the end comes too late.
      reject(new SessionStoreError(operation, `no answer within ${timeout} ms`));
      limit.end();
    };
    // Not at once: after a long pause of this process the answer may be there, and is read before an immediate runs.
    timer = setTimeout(() => setImmediate(giveUp), timeout);
  });
  try {
    return await Promise.race([work(limit), end]);
  } catch (cause) {
    if (cause instanceof SessionStoreError) throw cause;
    throw new SessionStoreError(operation, 'it failed', { cause });
  } finally {
    clearTimeout(timer);
  }
}
