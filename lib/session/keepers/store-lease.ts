import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { WristbandException, wristbandUnavailable } from '../../errors/wristband.exception.js';
import type { WatchedStore } from './watched-store.js';

/** Milliseconds after which others go on when the process that works is gone. */
const LEASE = 5000;
const RENEW_AFTER = 1500;
const LOOK_AGAIN_AFTER = 50;
/** A lease that nobody renewed, and work of our own after it. */
const MAX_WAIT = 15_000;
/** Milliseconds for which it is tried to keep a result, and between two tries. */
const KEEP_TRYING = 30_000;
const TRY_AGAIN_AFTER = 100;
/** Seconds for which a failure is told to those that waited; they look every few milliseconds. */
const FAILURE_KNOWN_FOR = 5;
const REFUSED = 'refused';

/**
 * Keeps the result of work where others look for it. A first failure is not the last word: the lease is held while further
 * tries are made, and the worker need not wait for them.
 *
 * @returns what the first try answered; `undefined` when it failed
 */
export type Keep = <R>(attempt: () => Promise<R>) => Promise<R | undefined>;

/** Work that must happen once. */
export type LeasedWork<T> = (keep: Keep) => Promise<T>;

/** Lets one of all processes at a time do work under a key, such as to spend a refresh token. */
export class StoreLease<T> {
  readonly #ongoing = new Map<string, Promise<T>>();
  /** Results that could not be kept so far. */
  readonly #tries = new Map<string, Promise<unknown>>();

  constructor(private readonly store: WatchedStore) {}

  /**
   * Answers with what another process did or, when there is nothing of that, does it. Those who wait share the answer.
   *
   * @param look for what another process did
   * @throws {WristbandException} `session_store_unavailable`; `wristband_unavailable` when others hold the lease for too
   * long; what `look` and `work` throw
   */
  async runOnce(key: string, look: () => Promise<T | undefined>, work: LeasedWork<T>): Promise<T> {
    const known = this.#ongoing.get(key);
    if (known) return known;
    const forget = () => this.#ongoing.delete(key);
    const done = this.#run(key, look, work);
    this.#ongoing.set(key, done);
    // As long as a result is not kept this process is the only one that knows it, and must not wait for its own lease.
    void done.then(() => this.#tries.get(key)).then(forget, forget);
    return done;
  }

  async #run(key: string, look: () => Promise<T | undefined>, work: LeasedWork<T>): Promise<T> {
    let hasWaited = false;
    for (const end = Date.now() + MAX_WAIT; Date.now() < end; await delay(LOOK_AGAIN_AFTER)) {
      const token = await this.store.lock(key, LEASE);
      if (token !== undefined)
        return this.#hold(key, token, (keep) => this.#lookThenWork(key, look, () => work(keep), hasWaited));
      const found = await look();
      if (found !== undefined) return found;
      hasWaited = true;
    }
    throw unavailable('The access token is being renewed elsewhere');
  }

  /** It may have been done just before the lease was taken. */
  async #lookThenWork(
    key: string,
    look: () => Promise<T | undefined>,
    work: () => Promise<T>,
    hasWaited: boolean,
  ): Promise<T> {
    const found = await look();
    if (found !== undefined) return found;
    if (hasWaited) await this.#assertNotJustFailed(key);
    try {
      return await work();
    } catch (error) {
      await this.#tellFailure(key, error);
      throw error;
    }
  }

  /**
   * Who waited for work shares its failure, as within one process: to try again at once would use a refresh token that may
   * be spent, and the last in the row would wait for the time-outs of all.
   */
  async #tellFailure(key: string, error: unknown): Promise<void> {
    const options = { expected: undefined, ttl: FAILURE_KNOWN_FOR };
    const failure = isRefusal(error) ? REFUSED : 'failed';
    await this.store.write(failureKeyOf(key), failure, options).catch(() => undefined);
  }

  async #assertNotJustFailed(key: string): Promise<void> {
    const [failure] = await this.store.read([failureKeyOf(key)]);
    // A verdict is none to try again.
    if (failure?.value === REFUSED)
      throw new WristbandException('token_refresh_failed', 'The sign-in has ended; sign in again');
    if (failure) throw unavailable('The access token could not be renewed elsewhere');
  }

  async #hold(key: string, token: string, work: LeasedWork<T>): Promise<T> {
    // A lease that cannot be renewed is no reason to break off: the refresh token may be spent already.
    const renew = () => void this.store.renewLock(key, token, LEASE).catch(() => false);
    const timer = setInterval(renew, RENEW_AFTER);
    const release = () => {
      clearInterval(timer);
      // It ends by itself as well.
      return this.store.unlock(key, token).catch(() => undefined);
    };
    const keep: Keep = (attempt) =>
      attempt().catch(() => {
        // Nobody waits for this process to end.
        timer.unref();
        const tries = keepTrying(attempt).then(release);
        this.#tries.set(
          key,
          tries.finally(() => this.#tries.delete(key)),
        );
        return undefined;
      });
    try {
      return await work(keep);
    } finally {
      if (!this.#tries.has(key)) await release();
    }
  }
}

async function keepTrying(attempt: () => Promise<unknown>): Promise<void> {
  for (const end = Date.now() + KEEP_TRYING; Date.now() < end;) {
    await delay(TRY_AGAIN_AFTER, undefined, { ref: false });
    const isKept = await attempt().then(
      () => true,
      () => false,
    );
    if (isKept) return;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof WristbandException && error.code === 'token_refresh_failed';
}

function failureKeyOf(key: string): string {
  return hash('sha256', `failure ${key}`, 'base64url');
}

function unavailable(message: string): WristbandException {
  return wristbandUnavailable(message, { retryAfter: 1 });
}
