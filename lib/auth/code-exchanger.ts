import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { TokenAnswer } from '../wristband-api/answer-shapes.js';
import { OAuthResponseError } from '../wristband-api/oauth-response.error.js';
import { type CodeGrant, WristbandClient } from '../wristband-api/wristband-client.js';
import { LOGIN_STATE_LIFETIME } from './login-state.js';

const MAX_ENTRIES = 10_000;
/** Milliseconds for which the tokens of a sign-in are kept that is not complete yet. */
const TOKENS_KEPT = 60_000;

interface Exchange {
  readonly code: string;
  readonly tokens: Promise<TokenAnswer>;
}

/**
 * Exchanges one authorization code for each sign-in. The tokens are kept until the sign-in is complete, at most a minute:
 * when a later step fails because of an outage, a reload of the callback page goes on with them, for a second exchange of
 * the code would be refused and may cost the user the tokens of the first.
 *
 * Anyone can start a sign-in and call back with invented codes: once a code was refused, the sign-in is over, and no other
 * code of it reaches Wristband.
 */
@Injectable()
export class CodeExchanger {
  readonly #exchanges = new LRUCache<string, Exchange>({ max: MAX_ENTRIES, ttl: TOKENS_KEPT });
  // In a list of its own: invented codes push out no tokens of a sign-in under way.
  readonly #refusals = new LRUCache<string, OAuthResponseError>({
    max: MAX_ENTRIES,
    ttl: LOGIN_STATE_LIFETIME * 1000,
  });

  constructor(private readonly client: WristbandClient) {}

  /** @throws {OAuthResponseError} when Wristband refused this code, or another one of the same sign-in */
  async exchange(grant: CodeGrant): Promise<TokenAnswer> {
    const key = keyOf(grant);
    const refusal = this.#refusals.get(key);
    if (refusal) throw refusal;
    const running = this.#exchanges.get(key);
    if (running) {
      if (running.code === grant.code) return running.tokens;
      await running.tokens;
      throw secondCode();
    }
    const tokens = this.client.exchangeCode(grant);
    this.#exchanges.set(key, { code: grant.code, tokens });
    try {
      return await tokens;
    } catch (error) {
      this.forget(grant);
      if (error instanceof OAuthResponseError && error.details.error === 'invalid_grant')
        this.#refusals.set(key, error);
      throw error;
    }
  }

  forget(grant: CodeGrant): void {
    this.#exchanges.delete(keyOf(grant));
  }
}

/** A sign-in has one verifier, which only the browser that began it can bring. */
function keyOf({ codeVerifier }: CodeGrant): string {
  return createHash('sha256').update(codeVerifier).digest('base64url');
}

function secondCode(): OAuthResponseError {
  return new OAuthResponseError('/oauth2/token', 400, { error: 'invalid_grant' });
}
