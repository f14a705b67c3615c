import { HttpException, Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import type { AuthContext } from '../http/auth-context.js';
import { setHeader } from '../http/http-response.js';
import { isPageNavigation } from '../http/page-navigation.js';
import { asSocketError } from '../http/socket-error.js';
import type { AuthStrategy } from '../interfaces/authentication.interface.js';
import { LoginPage } from '../auth/login-page.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { bearerChallenge } from './bearer-challenge.js';

/** Says in the language of each context why a request may not pass. */
@Injectable()
export class AuthResponder {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly loginPage: LoginPage,
  ) {}

  /** The error to throw; headers that belong to it are on the response afterwards. */
  async refusal(
    { type, request, response }: AuthContext,
    strategies: readonly AuthStrategy[],
    error: unknown,
  ): Promise<unknown> {
    if (!(error instanceof WristbandException)) return error;
    if (type === 'ws') return asSocketError(error);
    // A GraphQL response answers many resolvers at once: its headers are not this one's to set.
    if (type === 'graphql' || !response) return error;
    if (error.retryAfter !== undefined) setHeader(response, 'Retry-After', String(error.retryAfter));
    const challenge = strategies.includes('JWT') ? bearerChallenge(error) : undefined;
    if (challenge) setHeader(response, 'WWW-Authenticate', challenge);
    const isPage =
      this.options.redirectPagesToLogin && error.getStatus() === 401 && isPageNavigation(request);
    if (!isPage) return error;
    setHeader(response, 'Location', await this.loginPage.urlFor(request));
    const { code, message } = error;
    return new HttpException({ statusCode: 302, error: 'Found', message, code }, 302, { cause: error });
  }
}
