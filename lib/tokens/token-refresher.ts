import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException, wristbandUnavailable } from '../errors/wristband.exception.js';
import { oauthErrorCode } from '../events/event-details.js';
import type { EventSubject } from '../events/wristband-event.js';
import { WristbandEvents } from '../events/wristband-events.js';
import type { TokenData } from '../interfaces/auth-flow.interface.js';
import { LRUCache } from 'lru-cache';
import { until } from '../wristband-api/http-transport.js';
import { OAuthResponseError } from '../wristband-api/oauth-response.error.js';
import { SharedAnswers } from '../wristband-api/shared-answers.js';
import { WristbandClient } from '../wristband-api/wristband-client.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { toTokenData } from './token-data.js';

/** A laptop may have slept over the response with its new cookie, and a request may run for long. */
const MEMORY = { max: 10_000, ttl: 60 * 60_000 };

/** The part of `http.timeout` after which an exchange that its request has given up is presumed lost. */
const PRESUMED_LOST = 0.5;
/** Milliseconds after which a request that waits for another process looks whether this one is at it. */
const LOOK_AGAIN_AFTER = 100;

/**
 * Spends a refresh token once. Requests that carry the same token at the same time, or up to an hour later with an
 * old cookie, get the tokens of the one exchange: with rotation a second one would end the user's sign-in. Only
 * `invalid_grant` ends a sign-in, so it is shared as well; all else is trouble, and the next request tries again.
 */
@Injectable()
export class TokenRefresher {
  readonly #exchanges = new SharedAnswers<TokenData | OAuthResponseError>(MEMORY);
  /** Tokens that have expired and whose refresh token was, or is being, exchanged again. */
  readonly #outlived = new WeakSet<TokenData>();
  readonly #successors = new LRUCache<string, TokenData>(MEMORY);
  /** When each exchange of this process began, by `performance.now()`. */
  readonly #underWay = new Map<string, number>();
  /** Failures of exchanges whose response did not come in time. */
  readonly #lost = new WeakSet<object>();

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly client: WristbandClient,
    private readonly events: WristbandEvents,
  ) {}

  /**
   * Waits for a renewal no longer than `http.timeout` after this process began the exchange; the renewal itself goes on.
   * How long another process may take is for the store to decide.
   *
   * @param renew {@link refresh}, or what calls it; called again, with the time (of `performance.now()`) at which this
   * request gives up, when it joined an older exchange that was lost
   * @throws {WristbandException} `wristband_unavailable` when it takes longer; what `renew` throws
   */
  async waitFor<T>(refreshToken: string, renew: (giveUpAt?: number) => Promise<T>): Promise<T> {
    const { timeout } = this.options.http;
    const arrivedAt = performance.now();
    let giveUpAt = arrivedAt + timeout;
    let hasJoinedLost = false;
    for (let renewal = renew(); ;) {
      const limit = AbortSignal.timeout(Math.ceil(Math.max(giveUpAt - performance.now(), 0)));
      try {
        return await until(limit, renewal);
      } catch (error) {
        if (error === limit.reason) {
          const startedAt = this.#underWay.get(keyOf(refreshToken));
          const isOver =
            hasJoinedLost || (startedAt !== undefined && performance.now() >= startedAt + timeout);
          if (isOver) throw unanswered(error);
          giveUpAt = startedAt === undefined ? performance.now() + LOOK_AGAIN_AFTER : startedAt + timeout;
        } else {
          if (!this.#lost.has(error as object) || performance.now() >= arrivedAt + timeout) throw error;
          hasJoinedLost = true;
          giveUpAt = arrivedAt + timeout;
          renewal = renew(giveUpAt);
        }
      }
    }
  }

  /**
   * Exchanges a refresh token, however long that takes: see {@link waitFor}.
   *
   * @param subject whose token it is, for the events
   * @param giveUpAt when its request gives up, `http.timeout` from now unless it waited before
   * @throws {WristbandException} `token_refresh_failed` on a refusal, `wristband_unavailable` on trouble
   */
  async refresh(
    refreshToken: string,
    subject: EventSubject = {},
    giveUpAt = performance.now() + this.options.http.timeout,
  ): Promise<TokenData> {
    const seen = new Set<string>();
    for (let token = refreshToken; ;) {
      const key = keyOf(token);
      seen.add(token);
      const exchanged = token;
      let isShared = true;
      const result = await this.#exchanges.get(key, () => {
        isShared = false;
        return this.#exchange(exchanged, subject, giveUpAt);
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

  /** @throws {WristbandException} `wristband_unavailable` on anything but tokens and `invalid_grant` */
  async #exchange(
    refreshToken: string,
    subject: EventSubject,
    giveUpAt: number,
  ): Promise<TokenData | OAuthResponseError> {
    // An earlier exchange that was presumed lost may have succeeded meanwhile.
    const late = this.#lateTokens(refreshToken);
    if (late) return late;
    const remaining = Math.max(giveUpAt - performance.now(), 0);
    const limit = AbortSignal.timeout(Math.ceil(remaining + PRESUMED_LOST * this.options.http.timeout));
    this.#underWay.set(keyOf(refreshToken), performance.now());
    try {
      return await until(limit, this.#spend(refreshToken, subject));
    } catch (error) {
      if (isVerdict(error)) return this.#lateTokens(refreshToken) ?? this.#refused(error, subject);
      this.events.emit({ type: 'refresh.unavailable', ...subject });
      if (error instanceof OAuthResponseError) throw notRenewed(error);
      if (error !== limit.reason) throw error;
      const lost = unanswered(error);
      this.#lost.add(lost);
      throw lost;
    } finally {
      this.#underWay.delete(keyOf(refreshToken));
    }
  }

  /** Goes on when nobody waits for it any more: its tokens are kept all the same. */
  async #spend(refreshToken: string, subject: EventSubject): Promise<TokenData> {
    const answer = await this.client.refresh(refreshToken);
    // Without rotation the answer holds no refresh token and the old one stays good (RFC 6749 section 6).
    const tokens = toTokenData({ refreshToken, ...answer }, this.options.tokenExpirationBuffer);
    this.#successors.set(keyOf(refreshToken), tokens);
    this.events.emit({ type: 'refresh.completed', ...subject });
    return tokens;
  }

  #lateTokens(refreshToken: string): TokenData | undefined {
    const tokens = this.#successors.get(keyOf(refreshToken));
    const isSpent = tokens && tokens.refreshToken !== refreshToken;
    return isSpent || (tokens && Date.now() < tokens.expiresAt) ? tokens : undefined;
  }

  #refused(refusal: OAuthResponseError, subject: EventSubject): OAuthResponseError {
    const reason = oauthErrorCode(refusal.details.error);
    this.events.emit({ type: 'refresh.refused', reason, ...subject });
    return refusal;
  }
}

/** Whether Wristband says that a refresh token is worth nothing. What it says about the client is not about the user. */
function isVerdict(error: unknown): error is OAuthResponseError {
  return error instanceof OAuthResponseError && error.details.error === 'invalid_grant';
}

/** Hashed, so that a dump of this memory holds no spent token as a key. */
function keyOf(refreshToken: string): string {
  return hash('sha256', refreshToken, 'base64url');
}

function notRenewed(cause: OAuthResponseError): WristbandException {
  const oauthError = cause.details;
  return wristbandUnavailable('Wristband does not renew access tokens at the moment', { cause, oauthError });
}

function unanswered(cause: unknown): WristbandException {
  return wristbandUnavailable('Wristband cannot be reached at the moment', { cause });
}

function refused(cause: OAuthResponseError): WristbandException {
  const oauthError = cause.details;
  return new WristbandException('token_refresh_failed', 'The sign-in has ended; sign in again', {
    cause,
    oauthError,
  });
}
