import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { decodeProtectedHeader } from 'jose/decode/protected_header';
import { LRUCache } from 'lru-cache';
import type { ResolvedJwtOptions, ResolvedOptions } from '../config/resolved-options.js';
import type { AccessTokenClaims } from '../interfaces/access-token.interface.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { checkAccessTokenClaims, checkAccessTokenHeader } from './access-token-rules.js';
import { MAX_TOKEN_LENGTH } from './bearer-token.js';
import { deepFreeze } from '../json/json.js';
import { asInvalidToken, invalidToken } from './invalid-token.js';
import { issuersOf } from './issuers.js';
import { type PublicKeys, verifyWithKeys } from './public-keys.js';
import { RemoteKeySet } from './remote-key-set.js';

interface VerifiedToken {
  readonly claims: AccessTokenClaims;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** A token that was signed with a key that is trusted no more must not live on. */
  readonly keys: PublicKeys;
}

/**
 * Checks the access tokens that requests bring along. Tokens that were found good are remembered, by their hash, so
 * their signature is checked again only when Wristband's keys changed.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9068#section-4
 */
@Injectable()
export class AccessTokenVerifier {
  readonly #options: ResolvedJwtOptions;
  readonly #issuers: string[];
  readonly #verified: LRUCache<string, VerifiedToken> | undefined;
  /** Checks that are under way, by the hash of their token. */
  readonly #checks = new Map<string, Promise<VerifiedToken>>();

  constructor(
    @Inject(RESOLVED_OPTIONS) options: ResolvedOptions,
    private readonly keySet: RemoteKeySet,
  ) {
    const { verifiedTokenCacheSize: max } = options.jwt;
    this.#options = options.jwt;
    this.#issuers = issuersOf(options);
    this.#verified = max > 0 ? new LRUCache({ max }) : undefined;
  }

  /** @throws {WristbandException} `invalid_token` (401), `wristband_unavailable` (503) */
  async verify(token: string): Promise<AccessTokenClaims> {
    if (token.length > MAX_TOKEN_LENGTH) throw invalidToken('is too long');
    if (!this.#verified) return (await this.#check(token)).claims;
    const id = hash('sha256', token, 'base64url');
    const known = this.#verified.get(id);
    if (known && Date.now() < known.expiresAt && known.keys === (await this.keySet.current())) {
      return known.claims;
    }
    const { claims } = await this.#checkOnce(id, token);
    return claims;
  }

  /** Requests that bring the same new token at the same time share one check. */
  async #checkOnce(id: string, token: string): Promise<VerifiedToken> {
    const underway = this.#checks.get(id);
    if (underway) return underway;
    const check = this.#check(token);
    this.#checks.set(id, check);
    try {
      const verified = await check;
      this.#verified?.set(id, verified);
      return verified;
    } catch (error) {
      this.#verified?.delete(id);
      throw error;
    } finally {
      this.#checks.delete(id);
    }
  }

  async #check(token: string): Promise<VerifiedToken> {
    const { clockTolerance } = this.#options;
    try {
      if (!hasOneSpelling(token)) throw invalidToken('is no signed JWT');
      const header = decodeProtectedHeader(token);
      const kid = checkAccessTokenHeader(header);
      const keys = await this.keySet.forBearerToken(kid);
      if (kid === undefined && !keys.hasUnnamed) throw invalidToken('does not say which key signed it');
      const { payload } = await verifyWithKeys(token, keys.find, {
        algorithms: ['RS256'],
        issuer: this.#issuers,
        clockTolerance,
        requiredClaims: ['exp', 'sub'],
      });
      const claims = deepFreeze(checkAccessTokenClaims(payload, header.typ, this.#options));
      return { claims, expiresAt: (claims.exp + clockTolerance) * 1000, keys };
    } catch (error) {
      throw asInvalidToken(error);
    }
  }
}

/** Decoders forgive letters that are no base64url, and bits at its end that say nothing. Header and claims are signed as text. */
function hasOneSpelling(token: string): boolean {
  const signature = token.slice(token.lastIndexOf('.') + 1);
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}
