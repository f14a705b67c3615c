import { LRUCache } from 'lru-cache';
import type { ResolvedSessionOptions } from '../../config/resolved-options.js';
import { Sealer, type Unsealed } from '../../crypto/sealer.js';
import type { SealPurpose } from '../../crypto/sealing-key.js';
import { subjectOf } from '../../events/event-details.js';
import type { EventSubject, SessionRejection } from '../../events/wristband-event.js';
import { isJsonObject, parseJson } from '../../json/json.js';
import type { EndedSessions } from '../ended-sessions.js';
import { jsonProblem } from '../../json/json-problem.js';
import type { StoredSession, WristbandSession } from '../session.js';

/** A session as a request brought it. It is never changed: later requests with the same cookie share it. */
export interface ReceivedSession extends StoredSession {
  /** Seconds since the epoch at which it was written. */
  readonly issuedAt: number;
  /** What was sealed. */
  readonly json: string;
  /** The fields that are objects, as JSON, to make copies of. */
  readonly nested: ReadonlyMap<string, string>;
  /** Of the record that it is from; absent when it is from a cookie. */
  readonly version?: number;
}

/** Sessions that were opened or sealed lately, some kB each. To open one is the dearest step of a request with a session. */
const REMEMBERED = 1000;
/** Letters at the end of a sealed value, its authentication tag: they tell values apart and are quicker to look up. */
const TAG_LENGTH = 22;

interface RememberedSession {
  readonly value: string;
  readonly session: ReceivedSession;
}

/** A session whose cookie is worth nothing. */
export type RejectedSession = { readonly reason: SessionRejection } & EventSubject;

/** Seals sessions into cookie values, or the values of a store, and opens them. */
export class SealedSessions {
  readonly #sealer: Sealer;
  readonly #remembered = new LRUCache<string, RememberedSession>({ max: REMEMBERED });

  constructor(
    private readonly options: ResolvedSessionOptions,
    purpose: SealPurpose = 'session',
  ) {
    this.#sealer = new Sealer(purpose, options.secrets);
  }

  /**
   * No end is sealed in: a session ends by the limits of the day on which it is opened.
   *
   * @param received what is sealed again, if it is that
   */
  seal(json: string, received?: ReceivedSession): string {
    const now = Date.now();
    const value = this.#sealer.seal(json, undefined, now);
    if (received?.json === json) this.#remember(value, { ...received, issuedAt: Math.floor(now / 1000) });
    return value;
  }

  /** The sessions in values that a request holds for one cookie, the newest first; those that are over do not count. */
  openAll(values: readonly string[], ended: Pick<EndedSessions, 'has'>): ReceivedSession[] {
    const sessions: ReceivedSession[] = [];
    for (const value of values) {
      const session = this.open(value);
      if (session && !ended.has(session) && isAlive(session, this.options)) sessions.push(session);
    }
    return sessions.length > 1 ? sessions.sort((a, b) => b.issuedAt - a.issuedAt) : sessions;
  }

  /** Why none of the values holds a session that goes on, and whose it was. */
  whyNone(values: readonly string[], ended: Pick<EndedSessions, 'has'>): RejectedSession {
    const [session] = values.flatMap((value) => this.open(value) ?? []);
    if (!session) return { reason: 'unreadable' };
    return { reason: ended.has(session) ? 'ended' : 'expired', ...subjectOf(session.fields) };
  }

  open(value: string): ReceivedSession | undefined {
    const known = this.#remembered.get(value.slice(-TAG_LENGTH));
    if (known?.value === value) return known.session;
    const session = toSession(this.#sealer.open(value));
    // Only what is genuine is remembered: forged cookies cannot push others out.
    if (session) this.#remember(value, session);
    return session;
  }

  #remember(value: string, session: ReceivedSession): void {
    this.#remembered.set(value.slice(-TAG_LENGTH), { value, session });
  }
}

/** The fields of a session for one request to change. */
export function copyFields({ fields, nested }: ReceivedSession): Record<string, unknown> {
  const copy = { ...fields };
  for (const [name, json] of nested) copy[name] = JSON.parse(json);
  return copy;
}

/** Whether a session is as it came. */
export function isUntouched(session: WristbandSession, { id, fields, nested }: ReceivedSession): boolean {
  const names = Object.keys(session);
  if (session.id !== id || names.length !== Object.keys(fields).length) return false;
  for (const name of names) {
    const value = session[name];
    const json = nested.get(name);
    const isSame =
      json === undefined
        ? value === fields[name] && Object.hasOwn(fields, name)
        : // What JSON cannot carry does not show in it.
          jsonProblem({ value }) === undefined && JSON.stringify(value) === json;
    if (!isSame) return false;
  }
  return true;
}

/** A session as it is received from now on, after it was written. */
export function receivedFrom(json: string): ReceivedSession | undefined {
  return toSession({ data: parseJson(json), json, issuedAt: Math.floor(Date.now() / 1000) });
}

function toSession(unsealed: Unsealed | undefined): ReceivedSession | undefined {
  if (unsealed === undefined || !isStoredSession(unsealed.data)) return undefined;
  const { id, createdAt, fields } = unsealed.data;
  const objects = Object.entries(fields).filter(([, value]) => typeof value === 'object' && value !== null);
  const nested = new Map(objects.map(([name, value]) => [name, JSON.stringify(value)]));
  return { id, createdAt, fields, issuedAt: unsealed.issuedAt, json: unsealed.json, nested };
}

/** Whether a session has not come to its end, by the limits of today. */
export function isAlive({ issuedAt, createdAt }: ReceivedSession, options: ResolvedSessionOptions): boolean {
  const { maxAge, absoluteMaxAge } = options;
  const now = Date.now() / 1000;
  const isIdle = maxAge > 0 && now >= issuedAt + maxAge;
  const isOver = absoluteMaxAge !== undefined && now >= createdAt + absoluteMaxAge;
  return !isIdle && !isOver;
}

function isStoredSession(data: unknown): data is StoredSession {
  if (!isJsonObject(data)) return false;
  const { id, createdAt, fields } = data;
  return typeof id === 'string' && typeof createdAt === 'number' && isJsonObject(fields);
}
