import type { IncomingMessage } from 'node:http';
import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { type AuthContext, findAuthContext } from '../http/auth-context.js';
import { rawRequest } from '../http/http-request.js';
import type { Authentication, AuthStrategy } from '../interfaces/authentication.interface.js';
import { bindSessionManager } from '../session/session-binding.js';
import { SessionManager } from '../session/session.manager.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { bindAuthentication, forgetAuthentication } from './authentication-binding.js';
import { mostTelling } from './failure-ranking.js';
import { JwtStrategy } from './jwt.strategy.js';
import { SessionStrategy } from './session.strategy.js';

type Attempts = Map<string, Promise<Authentication>>;

/**
 * Finds out who sends a request. Strategies are tried in order and the first that succeeds decides; each is tried once
 * for a request, however many guards ask.
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

  /** Makes the session of a request that of this application, for whoever asks for it later. */
  claimSession(context: ExecutionContext): void {
    const found = findAuthContext(context);
    if (found) bindSessionManager(found, this.sessions);
  }

  /** @throws {WristbandException} of the failures the one that says most, see {@link mostTelling} */
  async authenticate(
    context: AuthContext,
    strategies: readonly AuthStrategy[],
    isCsrfSkipped = false,
  ): Promise<Authentication> {
    const failures: unknown[] = [];
    for (const strategy of strategies) {
      try {
        const authentication = await this.#attempt(context, strategy, isCsrfSkipped);
        bindAuthentication(context, authentication, this.application);
        return authentication;
      } catch (error) {
        failures.push(error);
      }
    }
    // A socket that was authenticated before is not any more.
    if (context.isSocket) forgetAuthentication(context.request, this.application);
    throw mostTelling(failures);
  }

  #attempt(context: AuthContext, strategy: AuthStrategy, isCsrfSkipped: boolean): Promise<Authentication> {
    if (context.isSocket) {
      // A socket outlives what was found out about it: each message asks again.
      bindSessionManager(context, this.sessions);
      return this.#try(context, strategy, isCsrfSkipped);
    }
    const attempts = this.#attemptsOf(context);
    const key = `${strategy} ${isCsrfSkipped}`;
    const attempt = attempts.get(key) ?? this.#try(context, strategy, isCsrfSkipped);
    attempts.set(key, attempt);
    return attempt;
  }

  #attemptsOf({ request }: AuthContext): Attempts {
    const raw = rawRequest(request);
    const known = this.#attempts.get(raw) ?? new Map<string, Promise<Authentication>>();
    this.#attempts.set(raw, known);
    return known;
  }

  #try(context: AuthContext, strategy: AuthStrategy, isCsrfSkipped: boolean): Promise<Authentication> {
    return strategy === 'JWT'
      ? this.jwtStrategy.authenticate(context)
      : this.sessionStrategy.authenticate(context, isCsrfSkipped);
  }
}
