import { Injectable } from '@nestjs/common';
import type { JWTPayload } from 'jose';
import { WristbandException } from '../errors/wristband.exception.js';
import type { UserInfo } from '../interfaces/user-info.interface.js';
import { RemoteKeySet } from './remote-key-set.js';
import { ClientTokenVerifier } from './client-token.verifier.js';

/**
 * Proves who signed in, from the ID token.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 */
@Injectable()
export class IdTokenVerifier {
  constructor(
    private readonly tokens: ClientTokenVerifier,
    private readonly keySet: RemoteKeySet,
  ) {}

  /** @throws {WristbandException} `identity_not_verified`, `wristband_unavailable` */
  async verify(idToken: string | undefined, nonce: string): Promise<JWTPayload> {
    if (idToken === undefined) throw notVerified('Wristband sent no ID token');
    const payload = await this.#verified(idToken);
    // Without this an ID token from another sign-in of the same user could be injected into this one.
    if (payload.nonce !== nonce) throw notVerified('The ID token belongs to another sign-in');
    return payload;
  }

  async #verified(idToken: string): Promise<JWTPayload> {
    try {
      const { payload } = await this.tokens.verify(idToken, {
        keysFor: (kid) => this.keySet.forIdToken(kid),
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

/** The user's session at Wristband, where the ID token tells. What is no text is none: it is not what a sign-in is about. */
export function idpSessionIdOf({ sid }: JWTPayload): { readonly idpSessionId?: string } {
  return typeof sid === 'string' && sid !== '' ? { idpSessionId: sid } : {};
}

function notVerified(message: string, cause?: unknown): WristbandException {
  return new WristbandException('identity_not_verified', message, { cause });
}
