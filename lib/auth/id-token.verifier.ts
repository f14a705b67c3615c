import { Inject, Injectable } from '@nestjs/common';
import { jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import type { UserInfo } from '../interfaces/user-info.interface.js';
import { issuersOf } from '../jwt/issuers.js';
import { RemoteKeySet } from '../jwt/remote-key-set.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';

/** Seconds that the clocks of Wristband and of this machine may differ. */
const CLOCK_TOLERANCE = 30;

/**
 * Proves who signed in, from the ID token.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 */
@Injectable()
export class IdTokenVerifier {
  readonly #issuers: string[];
  readonly #clientId: string;

  constructor(
    @Inject(RESOLVED_OPTIONS) options: ResolvedOptions,
    private readonly keySet: RemoteKeySet,
  ) {
    this.#clientId = options.clientId;
    this.#issuers = issuersOf(options);
  }

  /** @throws {WristbandException} `identity_not_verified`, `wristband_unavailable` */
  async verify(idToken: string | undefined, nonce: string): Promise<JWTPayload> {
    if (idToken === undefined) throw notVerified('Wristband sent no ID token');
    const payload = await this.#verifySignature(idToken);
    // Without this an ID token from another sign-in of the same user could be injected into this one.
    if (payload.nonce !== nonce) throw notVerified('The ID token belongs to another sign-in');
    const isForSeveral = Array.isArray(payload.aud) && payload.aud.length > 1;
    if ((isForSeveral || payload.azp !== undefined) && payload.azp !== this.#clientId) {
      throw notVerified('The ID token was issued to another client');
    }
    return payload;
  }

  async #verifySignature(idToken: string): Promise<JWTPayload> {
    try {
      const findKey: JWTVerifyGetKey = async (header, token) =>
        (await this.keySet.forIdToken(header.kid)).find(header, token);
      const { payload } = await jwtVerify(idToken, findKey, {
        algorithms: ['RS256'],
        issuer: this.#issuers,
        audience: this.#clientId,
        clockTolerance: CLOCK_TOLERANCE,
        requiredClaims: ['sub', 'iat', 'exp', 'nonce'],
      });
      return payload;
    } catch (cause) {
      if (cause instanceof WristbandException) throw cause;
      throw notVerified('The ID token is not valid', cause);
    }
  }
}

/** @throws {WristbandException} `identity_not_verified` when the userinfo answer is about somebody else */
export function assertSameUser(idToken: JWTPayload, userInfo: UserInfo): void {
  if (userInfo.userId !== idToken.sub) throw notVerified('ID token and user info are about different users');
  const tenantId = idToken.tnt_id;
  if (tenantId !== undefined && tenantId !== userInfo.tenantId) {
    throw notVerified('ID token and user info are about different tenants');
  }
}

function notVerified(message: string, cause?: unknown): WristbandException {
  return new WristbandException('identity_not_verified', message, { cause });
}
