import { Injectable } from '@nestjs/common';
import type { JWTPayload } from 'jose';
import { WristbandException } from '../errors/wristband.exception.js';
import type { UserInfo } from '../interfaces/user-info.interface.js';
import { isText } from '../json/json.js';
import type { UserInfoAnswer } from '../wristband-api/answer-shapes.js';
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

/**
 * The user whom ID token and user info describe; what user info lacks is taken from the ID token.
 *
 * @throws {WristbandException} `identity_not_verified` when the two differ, or neither contains the tenant
 */
export function verifiedUser(idToken: JWTPayload, userInfo: UserInfoAnswer): UserInfo {
  if (userInfo.userId !== idToken.sub) throw notVerified('ID token and user info are about different users');
  const { tnt_id: claimed, app_id: applicationId, idp_name: identityProviderName } = idToken;
  const tenantId = userInfo.tenantId ?? claimed;
  if (!isText(tenantId)) throw notVerified('Neither ID token nor user info has a tenant (tnt_id)');
  // Wristband writes null for what there is not.
  if (claimed !== undefined && claimed !== null && claimed !== tenantId) {
    throw notVerified('ID token and user info are about different tenants');
  }
  return {
    applicationId: isText(applicationId) ? applicationId : '',
    identityProviderName: isText(identityProviderName) ? identityProviderName : '',
    ...userInfo,
    tenantId,
  };
}

/** The user's session at Wristband, where the ID token tells. What is no text is none: it is not what a sign-in is about. */
export function idpSessionIdOf({ sid }: JWTPayload): { readonly idpSessionId?: string } {
  return typeof sid === 'string' && sid !== '' ? { idpSessionId: sid } : {};
}

function notVerified(message: string, cause?: unknown): WristbandException {
  return new WristbandException('identity_not_verified', message, { cause });
}
