import { LRUCache } from 'lru-cache';
import type { ResolvedSessionOptions } from '../../config/resolved-options.js';
import { Sealer } from '../../crypto/sealer.js';
import type { SealPurpose } from '../../crypto/sealing-key.js';
import { subjectOf } from '../../events/event-details.js';
import type { EventSubject, SessionRejection } from '../../events/wristband-event.js';
import type { EndedSessions } from '../ended-sessions.js';
import { type ReceivedSession, sessionIn } from '../received-session.js';
import { isAlive } from '../session-lifetime.js';

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
    const unsealed = this.#sealer.open(value);
    const session = unsealed && sessionIn(unsealed);
    // Only what is genuine is remembered: forged cookies cannot push others out.
    if (session) this.#remember(value, session);
    return session;
  }

  #remember(value: string, session: ReceivedSession): void {
    this.#remembered.set(value.slice(-TAG_LENGTH), { value, session });
  }
}
