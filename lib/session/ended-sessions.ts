import { LRUCache } from 'lru-cache';
import type { ResolvedSessionOptions } from '../config/resolved-options.js';
import type { StoredSession } from './session.js';

/** How many ended sessions are kept, each about 100 bytes. */
const REMEMBERED = 50_000;
/** How many users and tenants are kept whose sessions were ended, of each. */
const REMEMBERED_OWNERS = 5000;

/** The fields by which many sessions can be ended at once. */
const SESSION_OWNERS = ['userId', 'tenantId', 'idpSessionId'] as const;

export type SessionOwner = (typeof SESSION_OWNERS)[number];

/** Whom a session belongs to, as far as it says. */
export function ownersOf(fields: StoredSession['fields']): [owner: SessionOwner, value: string][] {
  return SESSION_OWNERS.flatMap((owner) => {
    const value = fields[owner];
    return typeof value === 'string' ? [[owner, value] satisfies [SessionOwner, string]] : [];
  });
}

/** What is known of them. */
interface Ends {
  readonly ids: LRUCache<string, true>;
  /** Until when sessions of an owner began that were ended, in seconds since the epoch. */
  readonly owners: Readonly<Record<SessionOwner, LRUCache<string, number>>>;
}

/**
 * Sessions that have ended while their cookies are still good: a cookie that somebody kept, or one that a slow response
 * writes after the sign-out, must not bring them back. In the memory of this process.
 */
export class EndedSessions {
  readonly #ttl: number;
  /** There from the first end on: room for so many costs memory, and time when the application starts. */
  #known: Ends | undefined;

  constructor({ maxAge, absoluteMaxAge }: ResolvedSessionOptions) {
    // Afterwards no cookie of an ended session opens any more. Browser sessions without an end are never forgotten.
    const seconds = maxAge > 0 ? maxAge : (absoluteMaxAge ?? 0);
    this.#ttl = seconds * 1000;
  }

  /** Ends one session. */
  add(id: string): void {
    this.#ends().ids.set(id, true);
  }

  /**
   * Ends every session of an owner that began by a certain time.
   *
   * @param until seconds since the epoch
   * @default now
   */
  addAll(owner: SessionOwner, value: string, until = Date.now() / 1000): void {
    const ends = this.#ends().owners[owner];
    // News that come late must not bring back what was ended meanwhile.
    ends.set(value, Math.max(until, ends.get(value) ?? until));
  }

  has({ id, createdAt, fields }: StoredSession): boolean {
    const known = this.#known;
    if (!known) return false;
    const isRevoked = (owner: SessionOwner) => {
      const value = fields[owner];
      const endedAt = typeof value === 'string' ? known.owners[owner].get(value) : undefined;
      return endedAt !== undefined && createdAt <= endedAt;
    };
    return known.ids.has(id) || SESSION_OWNERS.some(isRevoked);
  }

  #ends(): Ends {
    const room = (max: number) => ({ max, ttl: this.#ttl });
    this.#known ??= {
      ids: new LRUCache(room(REMEMBERED)),
      owners: {
        userId: new LRUCache(room(REMEMBERED_OWNERS)),
        tenantId: new LRUCache(room(REMEMBERED_OWNERS)),
        // There are as many of them as of ours.
        idpSessionId: new LRUCache(room(REMEMBERED)),
      },
    };
    return this.#known;
  }
}
