import type { CanActivate } from '@nestjs/common';
import { routeRules } from '../guards/route-rules.js';
import { findAuthContext } from '../http/auth-context.js';
import { userWithToken } from '../strategies/authenticated-user.js';
import { bindUser, EVERY_APPLICATION } from '../session/request-identity.js';
import { refuseProduction } from './refuse-production.js';

/** Whom a guard takes everybody for. */
export interface SignedInGuardOptions {
  readonly userId: string;
  readonly tenantId?: string;
  /** Names of roles. Default none. */
  readonly roles?: readonly string[];
}

/**
 * Stands in for a guard of this library and takes every caller for one user, who came with an access token: `@CurrentUser()`,
 * `@Jwt()` and `RolesGuard` work, `@Session()` is empty. Public handlers stay without a user. Where the session, CSRF
 * protection or the guard itself matters, `signInAs()` tests what runs in production.
 *
 * @example
 * ```ts
 * Test.createTestingModule({ imports: [AppModule] })
 *   .overrideProvider(WristbandAuthGuard) // the global guard; one of `@UseGuards` with overrideGuard()
 *   .useValue(signedInGuard({ userId: 'user-1', tenantId: 'tenant-acme' }));
 * ```
 * @throws Error with `NODE_ENV=production`
 */
export function signedInGuard({ userId, tenantId, roles }: SignedInGuardOptions): CanActivate {
  refuseProduction('signedInGuard()');
  const accessToken = 'the-token-of-signedInGuard';
  const isIn = { ...(tenantId !== undefined && { tenantId }), ...(roles && { roles }) };
  const user = userWithToken({ userId, strategy: 'JWT', ...isIn }, accessToken);
  const claims = {
    iss: '',
    sub: userId,
    exp: Number.MAX_SAFE_INTEGER,
    tnt_id: tenantId ?? null,
    ...(roles && { roles }),
  };
  return {
    canActivate: (context) => {
      const found = findAuthContext(context);
      const { isPublic } = routeRules(context.getHandler(), context.getClass());
      if (found && !isPublic)
        bindUser(found, EVERY_APPLICATION, undefined, { strategy: 'JWT', user, claims });
      return true;
    },
  };
}
