import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { notAuthenticated, WristbandException } from '../errors/wristband.exception.js';
import { findAuthContext } from '../http/auth-context.js';
import type { Authentication } from '../interfaces/authentication.interface.js';
import { AuthResponder } from '../strategies/auth-responder.js';
import { boundAuthentication } from '../strategies/authentication-binding.js';
import { routeRules } from './route-rules.js';

/**
 * Lets a request pass when its user has the roles of `@Roles`; where that is not, every request. List it after the guard
 * that authenticates: without an authenticated user it refuses with 401.
 *
 * Otherwise 403 `insufficient_role`. The roles are those of the moment of the sign-in, or of the token.
 *
 * @example
 * ```ts
 * @UseGuards(SessionAuthGuard, RolesGuard)
 * @Roles(['app:invoices:admin'])
 * ```
 * @publicApi
 */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly responder: AuthResponder) {}

  /** @throws {WristbandException} `insufficient_role`, `not_authenticated` */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { roles: required } = routeRules(context.getHandler(), context.getClass());
    if (!required) return true;
    const found = findAuthContext(context);
    if (!found) throw await this.responder.refusalWithoutRequest(context);
    const authentication = boundAuthentication(found.request);
    if (!authentication) throw await this.responder.refusal(found, [], notAuthenticated());
    const has = new Set(await this.rolesOf(authentication, context));
    const isEnough =
      required.match === 'all'
        ? required.roles.every((role) => has.has(role))
        : required.roles.some((role) => has.has(role));
    if (isEnough) return true;
    const missing = new WristbandException('insufficient_role', 'You may not do this: a role is missing');
    throw await this.responder.refusal(found, [authentication.strategy], missing);
  }

  /** For subclasses that keep roles elsewhere. */
  protected rolesOf(
    { user }: Authentication,
    _context: ExecutionContext,
  ): readonly string[] | Promise<readonly string[]> {
    return user.roles ?? [];
  }
}
