import { LRUCache } from 'lru-cache';
import type { ResolvedSessionOptions } from '../config/resolved-options.js';

/** Ids of ended sessions that are kept, about 100 bytes each. */
const REMEMBERED = 100_000;

/**
 * Sessions that have ended while their cookies are still good: a cookie that somebody kept, or one that a slow response
 * writes after the sign-out, must not bring them back. In the memory of this process.
 */
export class EndedSessions {
  readonly #ids: LRUCache<string, true>;

  constructor({ maxAge, absoluteMaxAge }: ResolvedSessionOptions) {
    // Afterwards no cookie of an ended session opens any more. Browser sessions without an end are never forgotten.
    const seconds = maxAge > 0 ? maxAge : (absoluteMaxAge ?? 0);
    this.#ids = new LRUCache({ max: REMEMBERED, ttl: seconds * 1000 });
  }

  add(id: string): void {
    this.#ids.set(id, true);
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }
}
