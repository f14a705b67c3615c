import { Injectable } from '@nestjs/common';
import { isReallyValid } from '../auth/token-data.js';
import { TokenRefresher } from '../auth/token-refresher.js';
import { CsrfVerifier } from '../csrf/csrf.verifier.js';
import { notAuthenticated, WristbandException } from '../errors/wristband.exception.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import type { WristbandSession } from '../session/session.js';

/** Whether a session is that of a signed-in user; renews its access token when that has expired. */
@Injectable()
export class SessionStrategy {
  constructor(
    private readonly csrf: CsrfVerifier,
    private readonly refresher: TokenRefresher,
  ) {}

  /**
   * @throws {WristbandException} `not_authenticated`; `csrf_failed`; `token_refresh_failed` when Wristband ended the sign-in, the session
   * is then over; `wristband_unavailable` when it cannot be asked, the session then stays
   */
  async authenticate(request: HttpRequest, session: WristbandSession): Promise<void> {
    const { isAuthenticated, accessToken, expiresAt, refreshToken } = session;
    // What is in a session was typed by the application: only values of the right type count.
    if (isAuthenticated !== true || typeof accessToken !== 'string') throw notAuthenticated();
    if (typeof expiresAt !== 'number' || !Number.isFinite(expiresAt)) throw notAuthenticated();
    this.csrf.verify(request, session);
    if (Date.now() < expiresAt) return;
    if (typeof refreshToken !== 'string' || refreshToken === '') throw notAuthenticated();
    await this.#refresh(session, refreshToken, accessToken);
  }

  async #refresh(session: WristbandSession, refreshToken: string, accessToken: string): Promise<void> {
    try {
      const tokens = await this.refresher.refresh(refreshToken);
      session.accessToken = tokens.accessToken;
      session.expiresAt = tokens.expiresAt;
      session.refreshToken = tokens.refreshToken;
    } catch (error) {
      const isRefused = error instanceof WristbandException && error.code === 'token_refresh_failed';
      if (isRefused) session.destroy();
      else if (isReallyValid(accessToken)) return;
      throw error;
    }
  }
}
