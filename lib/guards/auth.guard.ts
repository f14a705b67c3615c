import { type CanActivate, type ExecutionContext, Injectable, type Type } from '@nestjs/common';
import { APPLICATION, forApplication, GUARD } from '../applications/for-application.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { type AuthContext, findAuthContext } from '../http/auth-context.js';
import type { Authentication, AuthStrategy } from '../interfaces/authentication.interface.js';
import { AuthResponder } from '../strategies/auth-responder.js';
import { Authenticator } from '../strategies/authenticator.js';
import { mayDecide, type RouteRules, routeRules } from './route-rules.js';

/** What the guards of this library have in common. Extend one of those, not this. */
@Injectable()
export abstract class AuthGuard implements CanActivate {
  static readonly [GUARD] = true;
  static readonly [APPLICATION]: string | undefined = undefined;

  constructor(
    protected readonly authenticator: Authenticator,
    private readonly responder: AuthResponder,
  ) {}

  /**
   * This guard for the Wristband application of a name, where there are several. `@Session()` is that application's then,
   * also on handlers that are `@Public()`.
   */
  static for<T extends Type<AuthGuard>>(this: T, name: string): T {
    return forApplication(this, name);
  }

  /** The name of the Wristband application that the guard is for; none for the one without a name. */
  get application(): string | undefined {
    return this.authenticator.application;
  }

  /** @throws {WristbandException} when the request may not pass */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { application } = this;
    const rules = routeRules(context.getHandler(), context.getClass());
    if (!mayDecide(rules, application)) return true;
    const found = findAuthContext(context);
    // A global guard says nothing about the session of a handler that it lets everybody call.
    if (found && rules.applications.includes(application)) this.authenticator.offerSession(found);
    if (rules.isPublic) return true;
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
    rules: RouteRules,
  ): Promise<Authentication | undefined> {
    try {
      return await this.authenticator.authenticate(context, strategies, rules);
    } catch (error) {
      if (rules.isOptional && error instanceof WristbandException && error.getStatus() === 401)
        return undefined;
      throw await this.responder.refusal(context, strategies, error);
    }
  }
}
