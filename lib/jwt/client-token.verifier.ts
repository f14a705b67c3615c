import { Inject, Injectable } from '@nestjs/common';
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyResult } from 'jose';
import { JWTClaimValidationFailed } from 'jose/errors';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { issuersOf } from './issuers.js';
import { type PublicKeys, verifyWithKeys } from './public-keys.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';

/** Seconds that the clocks of Wristband and of this machine may differ. */
export const CLOCK_TOLERANCE = 30;

/** What makes one kind of token different from the others. */
export interface ClientTokenRules {
  /** The keys among which the one of a key ID is looked for. */
  readonly keysFor: (kid: string | undefined) => Promise<PublicKeys>;
  readonly requiredClaims: string[];
  /** Seconds since `iat`. */
  readonly maxTokenAge?: number;
}

/** Proves that Wristband made a token, and made it for this client: all that ID tokens and logout tokens have in common. */
@Injectable()
export class ClientTokenVerifier {
  readonly #issuers: string[];
  readonly #clientId: string;

  constructor(@Inject(RESOLVED_OPTIONS) options: ResolvedOptions) {
    this.#clientId = options.clientId;
    this.#issuers = issuersOf(options);
  }

  /**
   * @throws {WristbandException} `wristband_unavailable`
   * @throws an error of the JOSE library when the token is not good
   */
  async verify(token: string, { keysFor, ...rules }: ClientTokenRules): Promise<JWTVerifyResult> {
    const findKey: JWTVerifyGetKey = async (header, input) => (await keysFor(header.kid)).find(header, input);
    const verified = await verifyWithKeys(token, findKey, {
      ...rules,
      algorithms: ['RS256'],
      issuer: this.#issuers,
      audience: this.#clientId,
      clockTolerance: CLOCK_TOLERANCE,
    });
    this.#assertAuthorizedParty(verified.payload);
    return verified;
  }

  #assertAuthorizedParty(payload: JWTPayload): void {
    const { aud, azp } = payload;
    const isForSeveral = Array.isArray(aud) && aud.length > 1;
    if ((isForSeveral || azp !== undefined) && azp !== this.#clientId) {
      throw new JWTClaimValidationFailed('issued to another client', payload, 'azp', 'check_failed');
    }
  }
}
