import { Injectable } from '@nestjs/common';
import { isReallyValid } from '../tokens/token-data.js';
import { TokenRefresher } from '../tokens/token-refresher.js';
import { CsrfVerifier } from '../csrf/csrf.verifier.js';
import { notAuthenticated, WristbandException } from '../errors/wristband.exception.js';
import { subjectOf } from '../events/event-details.js';
import { WristbandEvents } from '../events/wristband-events.js';
import type { AuthContext } from '../http/auth-context.js';
import type { Authentication } from '../interfaces/authentication.interface.js';
import { SessionManager } from '../session/session.manager.js';
import { WristbandSession } from '../session/session.js';
import { userWithToken, rolesFrom } from './authenticated-user.js';

/** What a route asks of a session. */
export interface AuthenticationRules {
  /** @default false */
  readonly isCsrfSkipped?: boolean;
  /** Whether the access token may have expired while Wristband cannot renew it. @default false */
  readonly isSessionEnough?: boolean;
}

/** Whether a request comes with the session of a signed-in user; renews its access token when that has expired. */
@Injectable()
export class SessionStrategy {
  constructor(
    private readonly sessions: SessionManager,
    private readonly csrf: CsrfVerifier,
    private readonly refresher: TokenRefresher,
    private readonly events: WristbandEvents,
  ) {}

  /**
   * @throws {WristbandException} `not_authenticated`; `csrf_failed`; `token_refresh_failed` when Wristband ended the
   * sign-in, the session is then over; `wristband_unavailable` when it cannot be asked, the session then stays
   */
  async authenticate(context: AuthContext, rules: AuthenticationRules): Promise<Authentication> {
    const loaded = this.sessions.load(context.request, context.response);
    const session = loaded instanceof Promise ? await loaded : loaded;
    const { isAuthenticated, accessToken, expiresAt, userId } = session;
    // What is in a session was typed by the application: only values of the right type count.
    if (isAuthenticated !== true || typeof accessToken !== 'string') throw notAuthenticated();
    if (typeof expiresAt !== 'number' || !Number.isFinite(expiresAt)) throw notAuthenticated();
    if (typeof userId !== 'string' || userId === '') throw notAuthenticated();
    const verification = rules.isCsrfSkipped === true ? undefined : this.csrf.verify(context, session);
    if (verification) await verification;
    if (Date.now() < expiresAt) return authenticationOf(session, userId, accessToken);
    const renewed = await this.#renewed(context, session, accessToken, rules);
    return authenticationOf(session, userId, renewed);
  }

  /** The access token to go on with after the one in the session has expired. */
  async #renewed(
    context: AuthContext,
    session: WristbandSession,
    accessToken: string,
    { isSessionEnough = false }: AuthenticationRules,
  ): Promise<string> {
    const { refreshToken } = session;
    const subject = subjectOf(session);
    if (typeof refreshToken !== 'string' || refreshToken === '') {
      this.events.emit({ type: 'refresh.refused', reason: 'no_refresh_token', ...subject });
      throw notAuthenticated();
    }
    if (!context.response) return this.#known(refreshToken, accessToken);
    try {
      let isShared = true;
      const tokens = await this.refresher.waitFor(refreshToken, (giveUpAt) => {
        const exchange = (token: string) => {
          isShared = false;
          return this.refresher.refresh(token, subject, giveUpAt);
        };
        return this.sessions.renewTokens(context.request, refreshToken, exchange);
      });
      if (isShared) this.events.emit({ type: 'refresh.shared', ...subject });
      return tokens.accessToken;
    } catch (error) {
      const code = error instanceof WristbandException ? error.code : undefined;
      if (code === 'token_refresh_failed') WristbandSession.discard(session);
      else if (isReallyValid(accessToken)) return accessToken;
      else if (isSessionEnough && code === 'wristband_unavailable') return accessToken;
      throw error;
    }
  }

  /** A socket cannot set cookies: a refresh would spend the refresh token and leave the browser with the old one. */
  #known(refreshToken: string, accessToken: string): string {
    const newest = this.refresher.newestTokens(refreshToken);
    if (newest && Date.now() < newest.expiresAt) return newest.accessToken;
    if (isReallyValid(accessToken)) return accessToken;
    throw notAuthenticated('The access token has expired: make any HTTP request, then connect again');
  }
}

function authenticationOf(session: WristbandSession, userId: string, accessToken: string): Authentication {
  const { tenantId, tenantName } = session;
  const roles = rolesFrom(session.roles);
  const user = {
    userId,
    strategy: 'SESSION' as const,
    ...(typeof tenantId === 'string' && { tenantId }),
    ...(typeof tenantName === 'string' && { tenantName }),
    ...(roles && { roles }),
  };
  return {
    strategy: 'SESSION',
    user: userWithToken(user, accessToken),
    session: session as Extract<Authentication, { session: unknown }>['session'],
  };
}
