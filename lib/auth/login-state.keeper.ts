import { Inject, Injectable } from '@nestjs/common';
import type { ApplicationConfig } from '../config/application-config.js';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { Sealer } from '../crypto/sealer.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { requestCookies } from '../http/cookies.js';
import { appendSetCookie } from '../http/http-response.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { jsonProblem } from '../json/json-problem.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import {
  clearLoginState,
  evictOldestLogins,
  type LoginCookieAttributes,
  loginCookiePrefix,
  loginStateCookie,
  sealedLoginStates,
  signInCookieAttributes,
} from './login-state-cookies.js';
import { createLoginState, type LoginState, openLoginState, sealLoginState } from './login-state.js';
import { loginStateId, type StateNotes, stateNotes, stateParameter } from './state-parameter.js';

/** Keeps login states in the user's browser: one sealed cookie for each sign-in under way. */
@Injectable()
export class LoginStateKeeper {
  readonly #sealer: Sealer;
  readonly #notesSealer: Sealer;

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly events: WristbandEvents,
  ) {
    this.#sealer = new Sealer('login-state', options.loginStateSecrets);
    this.#notesSealer = new Sealer('state-notes', options.loginStateSecrets);
  }

  /**
   * @throws {WristbandException} `login_state_too_large` when `customState` does not fit into a cookie; `invalid_argument`
   * when JSON cannot carry it
   */
  issue(
    request: HttpRequest,
    response: HttpResponse,
    config: ApplicationConfig,
    details: Omit<LoginState, 'state' | 'codeVerifier' | 'nonce'>,
  ): LoginState {
    const problem = jsonProblem(details.customState ?? {});
    if (problem !== undefined) {
      const message = `customState holds only what JSON can carry. Leave out or convert ${problem}`;
      throw new WristbandException('invalid_argument', message);
    }
    const attributes = this.#attributes(config);
    const loginState = createLoginState(details);
    const cookie = loginStateCookie(loginState.state, sealLoginState(loginState, this.#sealer), attributes);
    if (cookie === undefined) {
      const { returnUrl, ...smaller } = details;
      if (returnUrl === undefined) throw tooLarge(details);
      // Landing on the default page beats a sign-in that cannot be finished because the browser drops its cookie.
      this.events.emit({ type: 'return_url.rejected', reason: 'too_long' });
      return this.issue(request, response, config, smaller);
    }
    const evicted = evictOldestLogins(requestCookies(request, attributes.prefix), attributes);
    for (const line of [...evicted, cookie]) appendSetCookie(response, line);
    return loginState;
  }

  /** The `state` that comes back to the callback of a login state. */
  stateOf({ state, returnUrl }: LoginState, isRetry: boolean): string {
    return stateParameter(state, { returnUrl, isRetry }, this.#notesSealer);
  }

  /** What the `state` of a callback says by itself. */
  notesIn(state: string): StateNotes {
    return stateNotes(state, this.#notesSealer);
  }

  /** Whether the browser sends login states, of whatever sign-in: then it keeps cookies. */
  hasAny(request: HttpRequest, config: ApplicationConfig): boolean {
    return requestCookies(request, this.#attributes(config).prefix).length > 0;
  }

  /** The login state for the `state` of a callback, or why there is none. */
  find(request: HttpRequest, config: ApplicationConfig, state: string): LoginState | 'missing' | 'invalid' {
    const id = loginStateId(state);
    const sealed = sealedLoginStates(requestCookies(request, this.#attributes(config).prefix), id);
    if (sealed.length === 0) return 'missing';
    for (const value of sealed) {
      const loginState = openLoginState(value, id, this.#sealer);
      if (loginState) return loginState;
    }
    return 'invalid';
  }

  /** Ends the sign-in with a `state`. */
  clear(request: HttpRequest, response: HttpResponse, config: ApplicationConfig, state: string): void {
    const attributes = this.#attributes(config);
    const cookies = requestCookies(request, attributes.prefix);
    const lines = clearLoginState(cookies, loginStateId(state), attributes);
    for (const line of lines) appendSetCookie(response, line);
  }

  #attributes(config: ApplicationConfig): LoginCookieAttributes {
    // A sign-in at application level ends on a tenant's subdomain that is not known when it begins.
    const isShared = config.applicationAuthorizationRequestsEnabled && config.rootDomain?.includes('.');
    const { name, session } = this.options;
    const attributes = signInCookieAttributes(this.options);
    // Who can plant a login state needs to plant no session: the callback makes one, of whoever began that sign-in.
    const isHostOnly = /^__Host-/i.test(session?.cookieName ?? '') && attributes.secure && !isShared;
    return {
      prefix: loginCookiePrefix(name, isHostOnly),
      ...attributes,
      domain: isShared ? config.rootDomain : undefined,
    };
  }
}

function tooLarge({ customState }: Pick<LoginState, 'customState'>): WristbandException {
  const bytes = Buffer.byteLength(JSON.stringify(customState ?? {}));
  const message = `The login state does not fit into a cookie of 4 kB: customState has ${bytes} bytes, keep it below 1000`;
  return new WristbandException('login_state_too_large', message);
}
