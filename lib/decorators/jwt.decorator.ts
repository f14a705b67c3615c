import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { authenticationOf } from '../session/request-identity.js';

/**
 * Injects the verified `AccessTokenClaims` of the bearer token, or one claim; `undefined` when the request was
 * authenticated by its session.
 *
 * @example
 * ```ts
 * list(@Jwt() claims: AccessTokenClaims, @Jwt('tnt_id') tenantId: string) { … }
 * ```
 */
export const Jwt: (claim?: string) => ParameterDecorator = createParamDecorator(
  (claim: string | undefined, context: ExecutionContext): unknown => {
    const authentication = authenticationOf(context);
    const claims = authentication?.strategy === 'JWT' ? authentication.claims : undefined;
    return claim === undefined ? claims : claims?.[claim];
  },
);
