import { Injectable } from '@nestjs/common';
import { notAuthenticated } from '../errors/wristband.exception.js';
import type { AuthContext } from '../http/auth-context.js';
import { authorizationHeaders } from '../http/http-request.js';
import type { AccessTokenClaims } from '../interfaces/access-token.interface.js';
import type { Authentication } from '../interfaces/authentication.interface.js';
import { isJsonObject } from '../json/json.js';
import { AccessTokenVerifier } from '../jwt/access-token.verifier.js';
import { bearerToken } from '../jwt/bearer-token.js';
import { invalidToken } from '../jwt/invalid-token.js';
import { userWithToken, rolesFrom } from './authenticated-user.js';

/** Whether a request comes with a good access token in `Authorization: Bearer`. */
@Injectable()
export class JwtStrategy {
  constructor(private readonly verifier: AccessTokenVerifier) {}

  /** @throws {WristbandException} `not_authenticated` without a token, `invalid_token`, `wristband_unavailable` */
  async authenticate({ request }: AuthContext): Promise<Authentication> {
    const given = bearerToken(authorizationHeaders(request));
    if (given.type === 'absent') throw notAuthenticated();
    if (given.type === 'malformed') throw invalidToken('is malformed, or there are several');
    const claims = await this.verifier.verify(given.token);
    return { strategy: 'JWT', claims, user: userOf(claims, given.token) };
  }
}

function userOf(claims: AccessTokenClaims, accessToken: string): Authentication['user'] {
  const { sub, tnt_id: tenantId, roles, custom_claims: custom } = claims;
  const names = rolesFrom(roles) ?? (isJsonObject(custom) ? rolesFrom(custom.roles) : undefined);
  const user = {
    userId: sub,
    strategy: 'JWT' as const,
    ...(tenantId && { tenantId }),
    ...(names && { roles: names }),
  };
  return userWithToken(user, accessToken);
}
