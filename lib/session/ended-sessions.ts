import { LRUCache } from 'lru-cache';
import type { ResolvedSessionOptions } from '../config/resolved-options.js';
import type { StoredSession } from './session.js';

/** How many sessions, and how many users, tenants and sessions at Wristband, are kept; each takes about 150 bytes. */
const MAX_ENTRIES = 50_000;

/** The fields by which many sessions can be ended at once. */
const OWNER_FIELDS = ['userId', 'tenantId', 'idpSessionId'] as const;

/** `userWithoutIdpSession` is the user of a session that does not name its session at Wristband. */
export type SessionOwner = (typeof OWNER_FIELDS)[number] | 'userWithoutIdpSession';

/** The owners of a session, as far as its fields name them. */
export function ownersOf(fields: StoredSession['fields']): [owner: SessionOwner, value: string][] {
  const owners = OWNER_FIELDS.flatMap((owner): [SessionOwner, string][] => {
    const value = fields[owner];
    return typeof value === 'string' ? [[owner, value]] : [];
  });
  const { userId, idpSessionId } = fields;
  if (typeof userId === 'string' && typeof idpSessionId !== 'string')
    owners.push(['userWithoutIdpSession', userId]);
  return owners;
}

/** Whether a session belongs to a user. What visitors do must not push out what protects users. */
export function hasUser({ fields }: Pick<StoredSession, 'fields'>): boolean {
  return fields.isAuthenticated === true || typeof fields.userId === 'string';
}

interface End {
  /** Sessions that began later are not meant. Seconds since the epoch. */
  readonly until: number;
  /** After this time no cookie of such a session opens any more. Milliseconds since the epoch. */
  readonly obsoleteAt: number;
}

/**
 * Sessions of users that have ended while their cookies would still open: a cookie that was kept, or one that a slow
 * response writes after the sign-out, must not bring them back. In the memory of this process.
 *
 * The list fails closed: when it is full, the oldest end is forgotten, and every session that began before the forgotten
 * one counts as ended.
 */
export class EndedSessions {
  readonly #lifetime: number;
  /** Created with the first end: an application that has none pays nothing for it. */
  #ends: LRUCache<string, End> | undefined;
  #closedUntil = 0;

  /** @param onFull called with the first end that is forgotten too early */
  constructor(
    { maxAge, absoluteMaxAge }: Pick<ResolvedSessionOptions, 'maxAge' | 'absoluteMaxAge'>,
    private readonly onFull: () => void = () => undefined,
    private readonly maxEntries = MAX_ENTRIES,
  ) {
    // Browser sessions without a limit never become obsolete.
    this.#lifetime = (maxAge > 0 ? maxAge : (absoluteMaxAge ?? Infinity)) * 1000;
  }

  /** Ends one session. */
  add(session: StoredSession): void {
    if (hasUser(session)) this.#set(keyOfId(session.id), session.createdAt);
  }

  /** Ends a session of which only the ID is known. */
  addId(id: string): void {
    this.#set(keyOfId(id), Date.now() / 1000);
  }

  /**
   * Ends every session of an owner that began by a certain time.
   *
   * @param until seconds since the epoch
   * @default now
   */
  addAll(owner: SessionOwner, value: string, until = Date.now() / 1000): void {
    this.#set(keyOfOwner(owner, value), until);
  }

  has({ id, createdAt, fields }: StoredSession): boolean {
    const ends = this.#ends;
    if (!ends) return false;
    if (createdAt <= this.#closedUntil || ends.has(keyOfId(id))) return true;
    return ownersOf(fields).some(([owner, value]) => {
      const end = ends.peek(keyOfOwner(owner, value));
      return end !== undefined && createdAt <= end.until;
    });
  }

  #set(key: string, until: number): void {
    this.#ends ??= new LRUCache<string, End>({
      max: this.maxEntries,
      dispose: (end, _key, reason) => {
        if (reason === 'evict') this.#forget(end);
      },
    });
    const known = this.#ends.peek(key);
    // An end that is reported late must not take back a later one.
    const latest = Math.max(until, known?.until ?? until);
    this.#ends.set(key, { until: latest, obsoleteAt: Date.now() + this.#lifetime });
  }

  #forget({ until, obsoleteAt }: End): void {
    if (Date.now() >= obsoleteAt) return;
    if (this.#closedUntil === 0) this.onFull();
    this.#closedUntil = Math.max(this.#closedUntil, until);
  }
}

function keyOfId(id: string): string {
  return `id ${id}`;
}

function keyOfOwner(owner: SessionOwner, value: string): string {
  return `${owner} ${value}`;
}
