import type { ResolvedSessionOptions } from '../../config/resolved-options.js';
import { subjectOf } from '../../events/event-details.js';
import type { WristbandEvents } from '../../events/wristband-events.js';
import { requestCookies } from '../../http/cookies.js';
import type { HttpRequest } from '../../interfaces/http.interface.js';
import { familyNames, joinedValues } from '../cookies/cookie-family.js';
import { type EndedSessions, ownersOf, type SessionOwner } from '../ended-sessions.js';
import type { RevocationIndex } from './revocation-index.js';
import { type ReceivedId, SealedSessionIds } from '../cookies/sealed-session-ids.js';
import { isAlive } from '../session-lifetime.js';
import { receivedFrom, type ReceivedSession } from '../received-session.js';
import {
  csrfCookiesOf,
  expiredCookies,
  missingCsrfCookie,
  sessionCookies,
} from '../cookies/session-cookies.js';
import type {
  Commit,
  Decision,
  FoundSession,
  RenewedTokens,
  SessionKeeper,
  TokenExchange,
} from './session-keeper.interface.js';
import type { SessionRecords } from './session-records.js';
import { changesBetween, withChanges } from '../session-changes.js';
import {
  assertSerializable,
  isSameSnapshot,
  type OpenSession,
  type Snapshot,
  snapshotOf,
} from '../session-snapshot.js';
import { changedFields, type FieldsChange, type StoredSession } from '../session.js';
import type { RecordTokenRenewals } from './record-token-renewals.js';

/** Keeps a session in a store; its cookie holds the ID. */
export class StoreSessionKeeper implements SessionKeeper {
  readonly isAsync = true;
  readonly #ids: SealedSessionIds;

  constructor(
    private readonly options: ResolvedSessionOptions,
    private readonly records: SessionRecords,
    private readonly ended: EndedSessions,
    private readonly revocations: RevocationIndex,
    private readonly lease: RecordTokenRenewals,
    private readonly events: Pick<WristbandEvents, 'emit'>,
  ) {
    this.#ids = new SealedSessionIds(options.secrets);
  }

  find(request: HttpRequest): FoundSession | Promise<FoundSession> {
    const { cookieName } = this.options;
    const cookies = requestCookies(request, cookieName);
    const cookieNames = familyNames(cookies, cookieName);
    const csrfCookies = csrfCookiesOf(request, this.options);
    const values = joinedValues(cookies, cookieName, 1);
    const ids = this.#ids.open(values);
    if (ids.length === 0) {
      if (values.length > 0) this.events.emit({ type: 'session.rejected', reason: 'unreadable' });
      return { received: undefined, cookieNames, csrfCookies };
    }
    return this.#read(ids).then((found) => ({ ...found, cookieNames, csrfCookies }));
  }

  decide(opened: OpenSession, known?: Decision): Decision {
    const snapshot = snapshotOf(opened);
    if (known && isSameSnapshot(known.snapshot, snapshot)) return known;
    const { isDestroyed, isSaveRequested, json, error } = snapshot;
    const { session, received } = opened;
    if (isDestroyed) return this.#deletion(opened, snapshot);
    if (error) return { snapshot, cookies: [], error };
    const isChanged = received ? json !== received.json : session.size > 0;
    if (json !== undefined && (isChanged || isSaveRequested))
      return { snapshot, cookies: [], commit: () => this.#write(opened, json) };
    if (received && this.#isTouchDue(opened))
      return { snapshot, cookies: [], isRenewal: true, commit: () => this.#touch(opened, received) };
    const { csrfCookies } = opened;
    return { snapshot, cookies: received ? missingCsrfCookie(received, csrfCookies, this.options) : [] };
  }

  /** Nothing yet: the session is over when its record is gone, and else the user may try again. */
  end(): void {}

  update(
    received: ReceivedSession,
    known: StoredSession,
    change: FieldsChange,
  ): Promise<ReceivedSession | undefined> {
    const changes = changesBetween(received, known);
    return this.records.update(received.id, (newest) => {
      const { id, createdAt, fields } = withChanges(newest, changes, received);
      // Nested values of a session that was read are shared.
      const copy = JSON.parse(JSON.stringify(fields)) as typeof fields;
      const changed = changedFields(copy, change);
      assertSerializable(changed);
      return { id, createdAt, fields: changed };
    });
  }

  renewTokens(received: ReceivedSession, exchange: TokenExchange): Promise<RenewedTokens> {
    return this.lease.renewTokens(received, exchange);
  }

  async revoke(id: string): Promise<void> {
    this.ended.addId(id);
    await this.records.delete([id]);
  }

  async revokeAll(owner: SessionOwner, value: string, until?: number): Promise<void> {
    // Also those of this process that are being written at this moment.
    this.ended.addAll(owner, value, until);
    // First: a sign-in that another process writes at this moment finds this, or is found by the deletion.
    await this.revocations.addAll(owner, value, until);
    await this.records.deleteAll(owner, value, until);
  }

  /** The session that was in use last, if a request brings several. */
  async #read(ids: readonly ReceivedId[]): Promise<Pick<FoundSession, 'received' | 'cookieIssuedAt'>> {
    const sessions = await this.records.read(ids.map(({ id }) => id));
    let received: ReceivedSession | undefined;
    let cookieIssuedAt: number | undefined;
    for (const [index, { issuedAt }] of ids.entries()) {
      const record = sessions[index];
      if (!record) continue;
      const session = { ...record, issuedAt: Math.max(record.issuedAt, issuedAt) };
      if (this.ended.has(session) || !isAlive(session, this.options)) continue;
      if (received && session.issuedAt <= received.issuedAt) continue;
      received = session;
      cookieIssuedAt = issuedAt;
    }
    if (!received) this.#tellRejection(sessions.find((session) => session !== undefined));
    return { received, cookieIssuedAt };
  }

  #tellRejection(session: ReceivedSession | undefined): void {
    const known = session && (this.ended.has(session) ? 'ended' : 'expired');
    const subject = subjectOf(session?.fields ?? {});
    this.events.emit({ type: 'session.rejected', reason: known ?? 'not_found', ...subject });
  }

  async #write(opened: OpenSession, json: string): Promise<Commit> {
    const { received } = opened;
    // From text: the handler may go on to change what it put into the session.
    const stored = receivedFrom(json);
    // Ended by another request meanwhile: to write it would bring it back, to remove it could hit the next sign-in.
    if (this.ended.has(stored)) return { cookies: [], received };
    const isNew = received?.id !== stored.id;
    const isWritten = await this.records.write(stored, received);
    if (isNew && (await this.#isRevoked(stored))) {
      await this.#forget(stored);
      return { cookies: [], received };
    }
    // The sign-in has a new ID; afterwards, so that a failure leaves the user with what was there.
    if (received && isNew) await this.#forget(received);
    return isWritten
      ? { cookies: this.#cookies(opened, stored), received: stored }
      : { cookies: [], received };
  }

  /** By another process, which did not see the session yet. */
  async #isRevoked(session: ReceivedSession): Promise<boolean> {
    if (ownersOf(session.fields).length === 0) return false;
    const alive = await this.revocations.firstAlive([session]);
    return alive === undefined;
  }

  async #touch(opened: OpenSession, received: ReceivedSession): Promise<Commit> {
    const isThere = !this.ended.has(received) && (await this.records.touch(received));
    return { cookies: isThere ? this.#cookies(opened, received) : [], received };
  }

  #deletion({ received, cookieNames }: OpenSession, snapshot: Snapshot): Decision {
    const cookies = expiredCookies(cookieNames, this.options);
    if (!received) return { snapshot, cookies };
    const commit = async () => {
      await this.#forget(received);
      return { cookies, received };
    };
    return { snapshot, cookies: [], commit };
  }

  async #forget(session: StoredSession): Promise<void> {
    await this.records.delete([session.id]);
    this.ended.add(session);
  }

  #cookies({ cookieNames }: OpenSession, stored: StoredSession): readonly string[] {
    return sessionCookies(this.#ids.seal(stored.id), stored, cookieNames, this.options) ?? [];
  }

  /** By the age of the cookie: a session may be written all the time without one, by update(). */
  #isTouchDue({ cookieIssuedAt = 0 }: OpenSession): boolean {
    return Date.now() / 1000 - cookieIssuedAt >= this.options.touchAfter;
  }
}
