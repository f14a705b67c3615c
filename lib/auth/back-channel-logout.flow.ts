import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { WristbandException } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { requestForm } from '../http/request-form.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import { SessionManager } from '../session/session.manager.js';
import {
  invalidLogoutToken,
  LOGOUT_TOKEN_LIFETIME,
  type LogoutToken,
  LogoutTokenVerifier,
} from '../jwt/logout-token.verifier.js';

/** How many tokens are known to have been used. A forgotten one could only end again what it ended before. */
const REMEMBERED = 10_000;
/**
 * Seconds after the issue of a logout token in which a sign-in still counts as one before. `iat` is in whole seconds of
 * Wristband's clock, and a sign-in is dated by ours: one too many has to sign in again, one too few was never signed out.
 */
const SAME_MOMENT = 2;
/**
 * Seconds after a logout token came in which a sign-in may still end whose session at Wristband it says is over. Not for
 * ever, so that nobody is locked out should Wristband use the ID of a session again.
 */
const SIGN_IN_UNDER_WAY = 60;

/** Back-channel logout: Wristband's servers tell that a session is over, without any browser. */
@Injectable()
export class BackChannelLogoutFlow {
  /** IDs of used tokens. In the memory of this process, as are the sessions that it ended where there is no store. */
  readonly #used = new LRUCache<string, true>({ max: REMEMBERED, ttl: LOGOUT_TOKEN_LIFETIME * 1000 });

  constructor(
    private readonly tokens: LogoutTokenVerifier,
    private readonly sessions: SessionManager,
    private readonly events: WristbandEvents,
  ) {}

  /**
   * @throws {WristbandException} `invalid_logout_token`, `session_not_configured`, `wristband_unavailable`,
   * `session_store_unavailable`
   */
  async receive(request: HttpRequest): Promise<void> {
    const { jti, ...about } = await this.tokens.verify(await tokenOf(request));
    if (this.#used.has(jti)) throw invalidLogoutToken('was used before');
    await this.#endSessions(about);
    // Only now: after an outage of the store, or of their own patience, senders come with the same token again.
    this.#used.set(jti, true);
    const { sid, sub: userId } = about;
    const by = sid === undefined ? 'user' : 'session';
    this.events.emit({ type: 'back_channel_logout.completed', by, ...(userId !== undefined && { userId }) });
  }

  async #endSessions({ sid, sub, issuedAt }: Omit<LogoutToken, 'jti'>): Promise<void> {
    const now = Date.now() / 1000;
    const { keeper } = this.sessions;
    const issued = Math.min(issuedAt + SAME_MOMENT, now);
    // Of both the session counts: elsewhere the user stays signed in.
    if (sid !== undefined) await keeper.revokeAll('idpSessionId', sid, now + SIGN_IN_UNDER_WAY);
    if (sub === undefined) return;
    // A session that does not name its session at Wristband may be the one that is over.
    await keeper.revokeAll(sid === undefined ? 'userId' : 'userWithoutIdpSession', sub, issued);
  }
}

async function tokenOf(request: HttpRequest): Promise<string> {
  const found = await requestForm(request);
  if ('problem' in found) throw new WristbandException('invalid_logout_token', found.problem);
  const { logout_token: token } = found.form;
  if (token === undefined || token === '') throw invalidLogoutToken('is missing');
  if (typeof token !== 'string') throw invalidLogoutToken('must be given once, as a plain value');
  return token;
}
