import { setTimeout as delay } from 'node:timers/promises';
import { WristbandException } from '../errors/wristband.exception.js';
import { whenStoreAnswers } from './session-store-trouble.js';
import type { SessionStore } from './stores/session-store.interface.js';

/** Milliseconds after which others go on when the process that works is gone. */
const LEASE = 5000;
const RENEW_AFTER = 1500;
const LOOK_AGAIN_AFTER = 50;
/** A lease that nobody renewed, and work of our own after it. */
const MAX_WAIT = 15_000;

/** Lets one of all processes at a time do work under a key, such as to spend a refresh token. */
export class StoreLease<T> {
  readonly #ongoing = new Map<string, Promise<T>>();

  constructor(private readonly store: SessionStore) {}

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
    for (const end = Date.now() + MAX_WAIT; Date.now() < end; await delay(LOOK_AGAIN_AFTER)) {
      const token = await whenStoreAnswers(() => this.store.lock(key, LEASE));
      // Once more under the lease: it may have been done just before.
      if (token !== undefined) return this.#hold(key, token, async () => (await look()) ?? work());
      const found = await look();
      if (found !== undefined) return found;
    }
    const message = 'The access token is being renewed elsewhere; try again soon';
    throw new WristbandException('wristband_unavailable', message, { retryAfter: 1 });
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
