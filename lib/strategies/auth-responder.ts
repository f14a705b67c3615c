import { type ExecutionContext, HttpException, Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { failureOf, subjectOf } from '../events/event-details.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { type AuthContext, noRequest } from '../http/auth-context.js';
import { asContextError } from '../http/context-error.js';
import { setHeader } from '../http/http-response.js';
import { isPageNavigation } from '../http/http-request.js';
import { withRetryAfter } from '../http/retry-after.js';
import type { AuthStrategy } from '../interfaces/authentication.interface.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { LoginPage } from './login-page.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { identityOf } from '../session/request-identity.js';
import { bearerChallenge } from './bearer-challenge.js';

/** Says in the language of each context why a request may not pass. */
@Injectable()
export class AuthResponder {
  /** The fields of one GraphQL request fail with the same error: one event is enough. */
  readonly #told = new WeakSet<WristbandException>();

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly loginPage: LoginPage,
    private readonly events: WristbandEvents,
  ) {}

  /** The error to throw where there is no request at all. */
  refusalWithoutRequest(context: ExecutionContext): Promise<Error> {
    const error = noRequest(context);
    this.#tell(error);
    return asContextError(context.getType(), error);
  }

  /** The error to throw; headers that belong to it are on the response afterwards. */
  async refusal(context: AuthContext, strategies: readonly AuthStrategy[], error: unknown): Promise<unknown> {
    if (!(error instanceof WristbandException)) return error;
    const { type, request, response } = context;
    this.#tell(error, context);
    if (type === 'ws') return asContextError(type, error);
    // A GraphQL response answers many resolvers at once: its headers are not this one's to set.
    if (type === 'graphql' || !response) return error;
    if (this.#isForPage(request, strategies, error)) return this.#towardsLogin(request, response, error);
    if (error.retryAfter !== undefined) setHeader(response, 'Retry-After', String(error.retryAfter));
    const challenge = strategies.includes('JWT') ? bearerChallenge(error) : undefined;
    if (challenge) setHeader(response, 'WWW-Authenticate', challenge);
    return error;
  }

  #tell(error: WristbandException, context?: AuthContext): void {
    if (this.#told.has(error)) return;
    this.#told.add(error);
    const user = context && identityOf(context)?.authentication?.user;
    const { message: problem } = error;
    this.events.emit({ type: 'access.refused', problem, ...failureOf(error), ...subjectOf(user ?? {}) });
  }

  /** Where a session does not help, the way through the login would lead in a circle. */
  #isForPage(request: HttpRequest, strategies: readonly AuthStrategy[], error: WristbandException): boolean {
    const { redirectPagesToLogin } = this.options;
    const isCurable = error.getStatus() === 401 && strategies.includes('SESSION');
    return redirectPagesToLogin && isCurable && isPageNavigation(request);
  }

  /** @throws {WristbandException} `configuration_rejected`, `wristband_unavailable` when the login cannot be found */
  async #towardsLogin(
    request: HttpRequest,
    response: HttpResponse,
    error: WristbandException,
  ): Promise<HttpException> {
    const location = await withRetryAfter(response, () => this.loginPage.urlFor(request));
    if (location === undefined) {
      this.events.error('Nobody can sign in: the Login Endpoint is behind a guard; put @Public() on it');
      return error;
    }
    setHeader(response, 'Location', location);
    const { code, message } = error;
    return new HttpException({ statusCode: 302, error: 'Found', message, code }, 302, { cause: error });
  }
}
