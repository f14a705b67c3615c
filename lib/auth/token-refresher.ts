import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import type { TokenData } from '../interfaces/auth-flow.interface.js';
import { OAuthResponseError } from '../wristband-api/oauth-response.error.js';
import { SharedAnswers } from '../wristband-api/shared-answers.js';
import { WristbandClient } from '../wristband-api/wristband-client.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { toTokenData } from './token-data.js';

/**
 * Spends a refresh token once. Requests that carry the same token at the same time, or a minute later with an old
 * cookie, get the tokens of the one exchange: with rotation a second one would end the user's sign-in. A refusal is
 * final, so it is shared as well.
 */
@Injectable()
export class TokenRefresher {
  readonly #exchanges = new SharedAnswers<TokenData | OAuthResponseError>({ max: 10_000, ttl: 60_000 });

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly client: WristbandClient,
  ) {}

  /** @throws {WristbandException} `token_refresh_failed` on a refusal, `wristband_unavailable` on trouble */
  async refresh(refreshToken: string): Promise<TokenData> {
    // Hashed, so that a dump of this memory holds no refresh token as a key.
    const key = createHash('sha256').update(refreshToken).digest('base64url');
    const result = await this.#exchanges.get(key, () => this.#exchange(refreshToken));
    if (result instanceof OAuthResponseError) throw refused(result);
    if (Date.now() < result.expiresAt) return result;
    // What was remembered has expired itself. A rotated token leads to its successor and is never spent again; where
    // tokens do not rotate the same one is good for another exchange.
    const { refreshToken: successor = refreshToken } = result;
    if (successor === refreshToken) this.#exchanges.forget(key);
    return this.refresh(successor);
  }

  async #exchange(refreshToken: string): Promise<TokenData | OAuthResponseError> {
    try {
      const answer = await this.client.refresh(refreshToken);
      // Without rotation the answer holds no refresh token and the old one stays good (RFC 6749 section 6).
      return toTokenData({ refreshToken, ...answer }, this.options.tokenExpirationBuffer);
    } catch (error) {
      if (error instanceof OAuthResponseError) return error;
      throw error;
    }
  }
}

function refused(cause: OAuthResponseError): WristbandException {
  const oauthError = cause.details;
  return new WristbandException('token_refresh_failed', 'The sign-in has ended; sign in again', {
    cause,
    oauthError,
  });
}
