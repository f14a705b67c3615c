import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { WristbandException } from '../../errors/wristband.exception.js';
import type { WatchedStore } from './watched-store.js';

/** Milliseconds after which others go on when the process that works is gone. */
const LEASE = 5000;
const RENEW_AFTER = 1500;
const LOOK_AGAIN_AFTER = 50;
/** A lease that nobody renewed, and work of our own after it. */
const MAX_WAIT = 15_000;
/** Seconds for which a failure is told to those that waited; they look every few milliseconds. */
const FAILURE_KNOWN_FOR = 5;
const REFUSED = 'refused';

/** Lets one of all processes at a time do work under a key, such as to spend a refresh token. */
export class StoreLease<T> {
  readonly #ongoing = new Map<string, Promise<T>>();

  constructor(private readonly store: WatchedStore) {}

  /**
   * Answers with what another process did or, when there is nothing of that, does it. Those who wait share the answer.
   *
   * @param look for what another process did
   * @throws {WristbandException} `session_store_unavailable`; `wristband_unavailable` when others hold the lease for too
   * long; what `look` and `work` throw
   */
  async runOnce(key: string, look: () => Promise<T | undefined>, work: () => Promise<T>): Promise<T> {
    const known = this.#ongoing.get(key);
    if (known) return known;
    const done = this.#run(key, look, work).finally(() => this.#ongoing.delete(key));
    this.#ongoing.set(key, done);
    return done;
  }

  async #run(key: string, look: () => Promise<T | undefined>, work: () => Promise<T>): Promise<T> {
    let hasWaited = false;
    for (const end = Date.now() + MAX_WAIT; Date.now() < end; await delay(LOOK_AGAIN_AFTER)) {
      const token = await this.store.lock(key, LEASE);
      if (token !== undefined)
        return this.#hold(key, token, () => this.#lookThenWork(key, look, work, hasWaited));
      const found = await look();
      if (found !== undefined) return found;
      hasWaited = true;
    }
    throw unavailable('The access token is being renewed elsewhere; try again soon');
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
    if (failure) throw unavailable('The access token could not be renewed elsewhere; try again soon');
  }

  async #hold(key: string, token: string, work: () => Promise<T>): Promise<T> {
    // A lease that cannot be renewed is no reason to break off: the refresh token may be spent already.
    const renew = () => void this.store.renewLock(key, token, LEASE).catch(() => false);
    const timer = setInterval(renew, RENEW_AFTER);
    try {
      return await work();
    } finally {
      clearInterval(timer);
      // It ends by itself as well.
      await this.store.unlock(key, token).catch(() => undefined);
    }
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof WristbandException && error.code === 'token_refresh_failed';
}

function failureKeyOf(key: string): string {
  return hash('sha256', `failure ${key}`, 'base64url');
}

function unavailable(message: string): WristbandException {
  return new WristbandException('wristband_unavailable', message, { retryAfter: 1 });
}
