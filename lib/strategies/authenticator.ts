import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import type { AuthContext } from '../http/auth-context.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { rawRequest } from '../http/http-request.js';
import type { Authentication, AuthStrategy } from '../interfaces/authentication.interface.js';
import { bindSessions, bindUser, forgetUser } from '../session/request-identity.js';
import { SessionManager } from '../session/session.manager.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { mostTelling } from './failure-ranking.js';
import { JwtStrategy } from './jwt.strategy.js';
import { type AuthenticationRules, SessionStrategy } from './session.strategy.js';

type Attempts = Map<string, Promise<Authentication>>;

/**
 * Finds out who sends a request. Strategies are tried in order and the first that succeeds decides; each is tried once
 * for a request, however many guards ask. `csrf_failed` is not remembered.
 */
@Injectable()
export class Authenticator {
  readonly #attempts = new WeakMap<IncomingMessage, Attempts>();

  /** The name of the Wristband application, if it has one. */
  readonly application: string | undefined;
  /** What is tried where nothing else is said. */
  readonly defaultStrategies: readonly AuthStrategy[];

  constructor(
    @Inject(RESOLVED_OPTIONS) { name, authStrategies }: ResolvedOptions,
    private readonly sessions: SessionManager,
    private readonly sessionStrategy: SessionStrategy,
    private readonly jwtStrategy: JwtStrategy,
  ) {
    this.application = name;
    this.defaultStrategies = authStrategies;
  }

  /** Gives a handler without a user the session of this application. */
  offerSession(context: AuthContext): void {
    bindSessions(context, this.sessions);
  }

  /**
   * A request that a foreign page caused is refused at once, whatever other credentials it carries.
   *
   * @throws {WristbandException} of the failures the most significant one, see {@link mostTelling}
   */
  async authenticate(
    context: AuthContext,
    strategies: readonly AuthStrategy[],
    rules: AuthenticationRules = {},
  ): Promise<Authentication> {
    const failures: unknown[] = [];
    for (const strategy of strategies) {
      try {
        const authentication = await this.#attempt(context, strategy, rules);
        bindUser(context, this.application, this.sessions, authentication);
        return authentication;
      } catch (error) {
        failures.push(error);
        if (!(error instanceof WristbandException) || error.code !== 'csrf_failed') continue;
        // Middleware may ask before the body, with the CSRF token of a form in it, has been parsed.
        this.#attemptsOf(context).delete(keyOf(strategy, rules));
        break;
      }
    }
    // A socket that was authenticated before is not any more.
    if (context.isSocket) forgetUser(context, this.application);
    throw mostTelling(failures);
  }

  #attempt(
    context: AuthContext,
    strategy: AuthStrategy,
    rules: AuthenticationRules,
  ): Promise<Authentication> {
    if (context.isSocket) {
      // A socket outlives what was found out about it: each message asks again.
      return this.#try(context, strategy, rules);
    }
    const attempts = this.#attemptsOf(context);
    const key = keyOf(strategy, rules);
    const attempt = attempts.get(key) ?? this.#try(context, strategy, rules);
    attempts.set(key, attempt);
    return attempt;
  }

  #attemptsOf({ request }: AuthContext): Attempts {
    const raw = rawRequest(request);
    const known = this.#attempts.get(raw) ?? new Map<string, Promise<Authentication>>();
    this.#attempts.set(raw, known);
    return known;
  }

  #try(context: AuthContext, strategy: AuthStrategy, rules: AuthenticationRules): Promise<Authentication> {
    return strategy === 'JWT'
      ? this.jwtStrategy.authenticate(context)
      : this.sessionStrategy.authenticate(context, rules);
  }
}

function keyOf(strategy: AuthStrategy, { isCsrfSkipped, isSessionEnough }: AuthenticationRules): string {
  return `${strategy} ${isCsrfSkipped === true} ${isSessionEnough === true}`;
}
