import { type CanActivate, type ExecutionContext, Injectable, type Type } from '@nestjs/common';
import { forApplication, GUARD } from '../applications/for-application.js';
import { notAuthenticated, WristbandException } from '../errors/wristband.exception.js';
import { type AuthContext, findAuthContext } from '../http/auth-context.js';
import type { Authentication } from '../interfaces/authentication.interface.js';
import { AuthResponder } from '../strategies/auth-responder.js';
import { userOfApplication } from '../session/request-identity.js';
import { Authenticator } from '../strategies/authenticator.js';
import { type RouteRules, routeRules } from './route-rules.js';

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
 */
@Injectable()
export class RolesGuard implements CanActivate {
  static readonly [GUARD] = true;

  constructor(
    private readonly responder: AuthResponder,
    private readonly authenticator: Authenticator,
  ) {}

  /** This guard for the Wristband application of a name, where there are several. */
  static for<T extends Type<RolesGuard>>(this: T, name: string): T {
    return forApplication(this, name);
  }

  /** @throws {WristbandException} `insufficient_role`, `not_authenticated` */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rules = routeRules(context.getHandler(), context.getClass());
    const { roles: required } = rules;
    if (!required) return true;
    const found = findAuthContext(context);
    if (!found) throw await this.responder.refusalWithoutRequest(context);
    const authentication = await this.#authentication(found, rules);
    const has = new Set(await this.rolesOf(authentication, context));
    const isEnough =
      required.match === 'all'
        ? required.roles.every((role) => has.has(role))
        : required.roles.some((role) => has.has(role));
    if (isEnough) return true;
    const missing = new WristbandException('insufficient_role', 'You may not do this: a role is missing');
    throw await this.responder.refusal(found, [authentication.strategy], missing);
  }

  async #authentication(found: AuthContext, rules: RouteRules): Promise<Authentication> {
    const known = userOfApplication(found, this.authenticator.application);
    if (!known) throw await this.responder.refusal(found, [], notAuthenticated());
    if (!found.isSocket) return known;
    // What is known of a socket may be of an earlier message, when the session had not ended yet.
    try {
      return await this.authenticator.authenticate(found, [known.strategy], rules);
    } catch (error) {
      throw await this.responder.refusal(found, [known.strategy], error);
    }
  }

  /** For subclasses that keep roles elsewhere. */
  protected rolesOf(
    { user }: Authentication,
    _context: ExecutionContext,
  ): readonly string[] | Promise<readonly string[]> {
    return user.roles ?? [];
  }
}
