import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { oauthErrorCode } from '../events/event-details.js';
import type { EventSubject } from '../events/wristband-event.js';
import { WristbandEvents } from '../events/wristband-events.js';
import type { TokenData } from '../interfaces/auth-flow.interface.js';
import { LRUCache } from 'lru-cache';
import { OAuthResponseError } from '../wristband-api/oauth-response.error.js';
import { SharedAnswers } from '../wristband-api/shared-answers.js';
import { WristbandClient } from '../wristband-api/wristband-client.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { toTokenData } from './token-data.js';

/** A laptop may have slept over the response with its new cookie, and a request may run for long. */
const MEMORY = { max: 10_000, ttl: 60 * 60_000 };

/**
 * Spends a refresh token once. Requests that carry the same token at the same time, or up to an hour later with an
 * old cookie, get the tokens of the one exchange: with rotation a second one would end the user's sign-in. A refusal is
 * final, so it is shared as well.
 */
@Injectable()
export class TokenRefresher {
  readonly #exchanges = new SharedAnswers<TokenData | OAuthResponseError>(MEMORY);
  /** Tokens that have expired and whose refresh token was, or is being, exchanged again. */
  readonly #outlived = new WeakSet<TokenData>();
  readonly #successors = new LRUCache<string, TokenData>(MEMORY);

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly client: WristbandClient,
    private readonly events: WristbandEvents,
  ) {}

  /**
   * @param subject whose token it is, for the events
   * @throws {WristbandException} `token_refresh_failed` on a refusal, `wristband_unavailable` on trouble
   */
  async refresh(refreshToken: string, subject: EventSubject = {}): Promise<TokenData> {
    const seen = new Set<string>();
    for (let token = refreshToken; ;) {
      const key = keyOf(token);
      seen.add(token);
      const exchanged = token;
      let isShared = true;
      const result = await this.#exchanges.get(key, () => {
        isShared = false;
        return this.#exchange(exchanged, subject);
      });
      if (result instanceof OAuthResponseError) throw refused(result);
      if (Date.now() < result.expiresAt) {
        if (isShared) this.events.emit({ type: 'refresh.shared', ...subject });
        return result;
      }
      // Spent tokens lead to their successors. Where tokens do not rotate, or come back, an exchange is due again: one for
      // all who come with the same expired tokens.
      token = result.refreshToken ?? token;
      if (!seen.has(token) || this.#outlived.has(result)) continue;
      this.#outlived.add(result);
      this.#exchanges.forget(keyOf(token));
    }
  }

  /** The tokens that took the place of a refresh token's, if this process exchanged it lately. */
  newestTokens(refreshToken: string): TokenData | undefined {
    let newest: TokenData | undefined;
    const seen = new Set<string>();
    // A server that hands out an old token again must not lead us in a circle.
    for (let token: string | undefined = refreshToken; token !== undefined && !seen.has(token);) {
      seen.add(token);
      const next = this.#successors.get(keyOf(token));
      newest = next ?? newest;
      token = next?.refreshToken;
    }
    return newest;
  }

  async #exchange(refreshToken: string, subject: EventSubject): Promise<TokenData | OAuthResponseError> {
    try {
      const answer = await this.client.refresh(refreshToken);
      // Without rotation the answer holds no refresh token and the old one stays good (RFC 6749 section 6).
      const tokens = toTokenData({ refreshToken, ...answer }, this.options.tokenExpirationBuffer);
      this.#successors.set(keyOf(refreshToken), tokens);
      this.events.emit({ type: 'refresh.completed', ...subject });
      return tokens;
    } catch (error) {
      if (error instanceof OAuthResponseError) {
        this.events.emit({
          type: 'refresh.refused',
          reason: oauthErrorCode(error.details.error),
          ...subject,
        });
        return error;
      }
      this.events.emit({ type: 'refresh.unavailable', ...subject });
      throw error;
    }
  }
}

/** Hashed, so that a dump of this memory holds no spent token as a key. */
function keyOf(refreshToken: string): string {
  return hash('sha256', refreshToken, 'base64url');
}

function refused(cause: OAuthResponseError): WristbandException {
  const oauthError = cause.details;
  return new WristbandException('token_refresh_failed', 'The sign-in has ended; sign in again', {
    cause,
    oauthError,
  });
}
