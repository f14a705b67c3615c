import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { WristbandException } from '../errors/wristband.exception.js';
import { type AuthContext, findAuthContext } from '../http/auth-context.js';
import type { Authentication, AuthStrategy } from '../interfaces/authentication.interface.js';
import { AuthResponder } from '../strategies/auth-responder.js';
import { Authenticator } from '../strategies/authenticator.js';
import { type RouteRules, routeRules } from './route-rules.js';

/** What the guards of this library have in common. Extend one of those, not this. */
@Injectable()
export abstract class AuthGuard implements CanActivate {
  constructor(
    protected readonly authenticator: Authenticator,
    private readonly responder: AuthResponder,
  ) {}

  /** @throws {WristbandException} when the request may not pass */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rules = routeRules(context.getHandler(), context.getClass());
    if (rules.isPublic) return true;
    const found = findAuthContext(context);
    if (!found) throw await this.responder.refusalWithoutRequest(context);
    const strategies = this.strategies(rules.strategies);
    const authentication = await this.#authenticate(found, strategies, rules);
    if (authentication === undefined || (await this.authorize(authentication, context))) return true;
    const refused = new WristbandException('forbidden', 'You may not do this');
    throw await this.responder.refusal(found, [authentication.strategy], refused);
  }

  /**
   * Which strategies are tried, and in which order.
   *
   * @param listed what `@AuthStrategies` lists, if it is there
   */
  protected abstract strategies(listed: readonly AuthStrategy[] | undefined): readonly AuthStrategy[];

  /** For subclasses: has the last word on a request that is authenticated. `false` becomes 403 `forbidden`. */
  protected authorize(
    _authentication: Authentication,
    _context: ExecutionContext,
  ): boolean | Promise<boolean> {
    return true;
  }

  async #authenticate(
    context: AuthContext,
    strategies: readonly AuthStrategy[],
    { isOptional, isCsrfSkipped }: RouteRules,
  ): Promise<Authentication | undefined> {
    try {
      return await this.authenticator.authenticate(context, strategies, isCsrfSkipped);
    } catch (error) {
      if (isOptional && error instanceof WristbandException && error.getStatus() === 401) return undefined;
      throw await this.responder.refusal(context, strategies, error);
    }
  }
}
