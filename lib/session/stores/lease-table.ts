import { LRUCache } from 'lru-cache';
import { leaseInMilliseconds, newLockToken } from './record-rules.js';

/** Leases that only this process knows. */
export class LeaseTable {
  // Each goes by a timer of its own, which does not keep the process alive; there are only as many as are held.
  readonly #tokens = new LRUCache<string, string>({
    ttl: 1,
    ttlAutopurge: true,
    ttlResolution: 0,
    // Looked up anew each time, as tests may replace it; a faked one begins at 0, which the cache takes for no time at all.
    perf: { now: () => performance.now() + 1 },
  });

  /** The new holder's token, or `undefined` while there is a holder. */
  take(key: string, lease: number): string | undefined {
    const ttl = leaseInMilliseconds(lease);
    if (this.#tokens.get(key) !== undefined) return undefined;
    const token = newLockToken();
    this.#tokens.set(key, token, { ttl });
    return token;
  }

  /** false when the lease has ended. */
  renew(key: string, token: string, lease: number): boolean {
    const ttl = leaseInMilliseconds(lease);
    if (this.#tokens.get(key) !== token) return false;
    this.#tokens.set(key, token, { ttl });
    return true;
  }

  giveBack(key: string, token: string): void {
    if (this.#tokens.get(key) === token) this.#tokens.delete(key);
  }
}
