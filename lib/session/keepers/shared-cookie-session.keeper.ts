import { subjectOf } from '../../events/event-details.js';
import type { WristbandEvents } from '../../events/wristband-events.js';
import type { HttpRequest } from '../../interfaces/http.interface.js';
import type { CookieSessionKeeper } from './cookie-session.keeper.js';
import { hasUser, type SessionOwner } from '../ended-sessions.js';
import type { RevocationIndex } from './revocation-index.js';
import type { ReceivedSession } from '../received-session.js';
import type {
  Decision,
  FoundSession,
  RenewedTokens,
  SessionKeeper,
  TokenExchange,
} from './session-keeper.interface.js';
import { isAsReceived, isSameSnapshot, type OpenSession, snapshotOf } from '../session-snapshot.js';
import { WristbandSession } from '../session.js';
import type { SharedTokenRenewals } from './shared-token-renewals.js';

/** Keeps a session in its cookie, and asks a store which sessions have ended and who may renew tokens. */
export class SharedCookieSessionKeeper implements SessionKeeper {
  readonly isAsync = true;

  constructor(
    private readonly cookies: CookieSessionKeeper,
    private readonly revocations: RevocationIndex,
    private readonly renewals: SharedTokenRenewals,
    private readonly events: Pick<WristbandEvents, 'emit'>,
  ) {}

  find(request: HttpRequest): FoundSession | Promise<FoundSession> {
    const { sessions, ...found } = this.cookies.findAll(request);
    if (sessions.length === 0) return { ...found, received: undefined };
    return this.#firstAlive(sessions).then((received) => ({ ...found, received }));
  }

  decide(opened: OpenSession, known?: Decision): Decision {
    // What was committed is not done again.
    if (known && isSameSnapshot(known.snapshot, snapshotOf(opened))) return known;
    const decision = this.cookies.decide(opened, known);
    const { received } = opened;
    if (!received) return decision;
    if (isEnding(opened)) return { ...decision, cookies: [], commit: () => this.#end(received, decision) };
    if (decision.cookies.length === 0) return decision;
    // Nothing of the session itself is written: only its CSRF cookie is set again.
    if (decision.sealedJson === undefined && isAsReceived(opened)) return decision;
    return { ...decision, cookies: [], commit: () => this.#write(received, decision) };
  }

  /** Nothing yet: when the store cannot be told, the user is not told that the session is over. */
  end(): void {}

  async renewTokens({ fields }: ReceivedSession, exchange: TokenExchange): Promise<RenewedTokens> {
    return this.renewals.renewTokens(String(fields.refreshToken), exchange);
  }

  async revoke(id: string): Promise<void> {
    await this.revocations.add(id);
    await this.cookies.revoke(id);
  }

  async revokeAll(owner: SessionOwner, value: string, until?: number): Promise<void> {
    await this.revocations.addAll(owner, value, until);
    await this.cookies.revokeAll(owner, value, until);
  }

  async #firstAlive(sessions: readonly ReceivedSession[]): Promise<ReceivedSession | undefined> {
    const alive = await this.revocations.firstAlive(sessions);
    const subject = subjectOf(sessions[0]?.fields ?? {});
    if (!alive) this.events.emit({ type: 'session.rejected', reason: 'ended', ...subject });
    return alive;
  }

  async #end(received: ReceivedSession, { cookies }: Decision) {
    if (hasUser(received)) await this.revocations.add(received.id);
    this.cookies.end(received);
    return { cookies, received };
  }

  /** The end of a session may have been a new sign-in, whose cookie must not be replaced by that of the old one. */
  async #write(received: ReceivedSession, { cookies }: Decision) {
    // In doubt it is written: whoever opens it asks again.
    const alive = await this.revocations.firstAlive([received]).catch(() => received);
    return { cookies: alive ? cookies : [], received };
  }
}

/** Whether the session of the request ends: the user signs out, or in anew. */
function isEnding({ session, received }: OpenSession): boolean {
  const { id, isEnded } = WristbandSession.stateOf(session);
  return isEnded || id !== received?.id;
}
