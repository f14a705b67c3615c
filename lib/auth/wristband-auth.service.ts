import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { AutoConfiguration } from '../config/auto-configuration.js';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { failureOf, problemOf, subjectOf } from '../events/event-details.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { forbidCaching } from '../http/cache-headers.js';
import { type AuthContext, httpAuthContext, socketAuthContext } from '../http/auth-context.js';
import { rawRequest } from '../http/http-request.js';
import { setHeader } from '../http/http-response.js';
import { withRetryAfter } from '../http/retry-after.js';
import { redirectByPage, redirectTo, watchRedirect } from '../http/redirect.js';
import { rememberHandshake, socketRequest } from '../http/socket-request.js';
import type {
  CallbackResult,
  LoginConfig,
  LogoutConfig,
  TokenData,
} from '../interfaces/auth-flow.interface.js';
import type { Authentication, AuthStrategy } from '../interfaces/authentication.interface.js';
import type { HttpRedirectResponse, HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import type { SessionFields, SessionMethods } from '../interfaces/session.interface.js';
import { SessionManager } from '../session/session.manager.js';
import { Authenticator } from '../strategies/authenticator.js';
import { checkedStrategies } from '../strategies/strategy-list.js';
import { BackChannelLogoutFlow } from './back-channel-logout.flow.js';
import { CallbackFlow } from './callback.flow.js';
import { LoginFlow } from './login.flow.js';
import { LogoutFlow } from './logout.flow.js';
import { assertLogoutWanted } from './speculative-request.js';
import { SignInLoop } from './sign-in-loop.js';
import { TokenRefresher } from '../tokens/token-refresher.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';

type SessionToEnd = SessionMethods<object> & SessionFields<object>;

/**
 * Sign-in with Wristband: what the endpoints of an authentication controller call.
 *
 * `req` and `res` may be those of Express or of Fastify. When a method resolves, cookies and headers are on the
 * response; a method that answers a redirect fits a handler with `@Redirect()`.
 *
 * @example
 * ```ts
 * @Controller('api/auth')
 * export class AuthController {
 *   constructor(private readonly wristband: WristbandAuthService) {}
 *
 *   @Get('login')
 *   @Redirect()
 *   login(@Req() req: Request, @Res({ passthrough: true }) res: Response) {
 *     return this.wristband.login(req, res);
 *   }
 * }
 * ```
 */
@Injectable()
export class WristbandAuthService {
  /** Requests whose sign-in is completed. */
  readonly #completed = new WeakSet<IncomingMessage>();
  /** Paths for which the log says already that their redirect was lost. */
  readonly #lost = new Set<string>();

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly autoConfiguration: AutoConfiguration,
    private readonly loginFlow: LoginFlow,
    private readonly callbackFlow: CallbackFlow,
    private readonly logoutFlow: LogoutFlow,
    private readonly backChannelLogoutFlow: BackChannelLogoutFlow,
    private readonly refresher: TokenRefresher,
    private readonly authenticator: Authenticator,
    private readonly loop: SignInLoop,
    private readonly events: WristbandEvents,
    private readonly sessions: SessionManager,
  ) {}

  /**
   * Starts a sign-in: sets the login state cookie and answers the redirect to Wristband, or to the page for tenant
   * discovery when no tenant is known. The tenant comes from, in this order: `tenant_custom_domain`, the subdomain,
   * `tenant_name`, `defaultTenantCustomDomain`, `defaultTenantName`.
   *
   * @throws {WristbandException} `invalid_request`, `invalid_tenant`, `login_not_started`, `sign_in_loop` (shown as a page
   * to people), `login_state_too_large`, `configuration_rejected`, `wristband_unavailable`
   */
  async login(req: HttpRequest, res: HttpResponse, config: LoginConfig = {}): Promise<HttpRedirectResponse> {
    forbidCaching(res);
    try {
      const redirect = await withRetryAfter(res, () => this.loginFlow.start(req, res, config));
      this.#watch('login', req, res);
      return redirect;
    } catch (error) {
      this.events.emit({ type: 'login.failed', at: 'login', ...failureOf(error) });
      throw error;
    }
  }

  /**
   * Finishes a sign-in: checks state, ID token, user and tenant. On `completed` make a session from `callbackData`; on
   * `redirect_required` send the browser to `redirectUrl`; both with {@link createCallbackResponse}.
   *
   * @throws {WristbandException} `invalid_request`, `invalid_tenant`, `login_not_started`, `tenant_mismatch`,
   * `authorization_failed`, `identity_not_verified`, `configuration_rejected`, `wristband_unavailable` (a reload of the page
   * may then succeed)
   */
  async callback(req: HttpRequest, res: HttpResponse): Promise<CallbackResult> {
    forbidCaching(res);
    // Code and state are in the address: what a page of an error loads need not know it.
    setHeader(res, 'Referrer-Policy', 'no-referrer');
    try {
      const result = await withRetryAfter(res, () => this.callbackFlow.complete(req, res));
      this.#tell(result);
      if (result.type === 'completed') {
        this.#completed.add(rawRequest(req));
        this.loop.addCompleted(req, res);
      }
      return result;
    } catch (error) {
      this.events.emit({ type: 'login.failed', at: 'callback', ...failureOf(error) });
      throw error;
    }
  }

  /**
   * The redirect that ends a callback. With `session.sameSite: 'strict'` browsers get a page that goes on to `redirectUrl` by
   * itself, since they send no such cookie behind a redirect that began on Wristband's page.
   *
   * @throws {WristbandException} `invalid_argument` when `redirectUrl` is blank
   */
  async createCallbackResponse(
    req: HttpRequest,
    res: HttpResponse,
    redirectUrl: string,
  ): Promise<HttpRedirectResponse> {
    forbidCaching(res);
    if (typeof redirectUrl !== 'string' || redirectUrl.trim() === '') {
      throw new WristbandException(
        'invalid_argument',
        'createCallbackResponse needs a redirectUrl that is not blank',
      );
    }
    this.#watch('createCallbackResponse', req, res);
    if (this.options.session?.sameSite === 'strict' && this.#completed.has(rawRequest(req)))
      redirectByPage(req, res);
    return redirectTo(redirectUrl);
  }

  /**
   * Revokes the refresh token and returns the redirect that ends the user's session at Wristband. Trouble with the
   * revocation does not stop a logout.
   *
   * @param config the session itself, which ends before Wristband is called; or the fields of it that are needed, and the
   * caller ends the session
   * @throws {WristbandException} `logout_not_started` for HEAD and a prefetch, and for what a foreign page embeds when the
   * session is given; `invalid_argument`, `invalid_request`, `invalid_tenant`, `configuration_rejected`,
   * `wristband_unavailable`; `session_store_unavailable` when the session could not be ended
   * @example
   * ```ts
   * @Get('logout')
   * @Redirect()
   * logout(@Req() req: Request, @Res({ passthrough: true }) res: Response, @Session() session: Session) {
   *   return this.wristband.logout(req, res, session);
   * }
   * ```
   */
  async logout(
    req: HttpRequest,
    res: HttpResponse,
    config: LogoutConfig | SessionToEnd = {},
  ): Promise<HttpRedirectResponse> {
    forbidCaching(res);
    try {
      const redirect = await withRetryAfter(res, async () => {
        assertLogoutWanted(req);
        return this.logoutFlow.end(req, 'clear' in config ? await this.#endSession(req, config) : config);
      });
      this.events.emit({ type: 'logout.completed' });
      this.loop.endByLogout(req, res);
      this.#watch('logout', req, res);
      return redirect;
    } catch (error) {
      this.events.emit({ type: 'logout.failed', ...failureOf(error) });
      throw error;
    }
  }

  /**
   * Takes the logout token that Wristband's servers post when a user's session there ends, and ends the session here: the
   * one of that sign-in when the token names it (`sid`), else every session of the user that began before. Bearer tokens
   * stay good until they expire. Answer 200 with `@HttpCode(200)`, and let everybody in with `@Public()`: the token
   * proves itself.
   *
   * A token counts once, in each process. Without a session store the sessions of this process end, with one those of
   * all.
   *
   * @throws {WristbandException} `invalid_logout_token`, `session_not_configured`; `wristband_unavailable` and
   * `session_store_unavailable`, after which the same token may come again
   * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest
   */
  async backChannelLogout(req: HttpRequest, res: HttpResponse): Promise<void> {
    forbidCaching(res);
    try {
      await withRetryAfter(res, () => this.backChannelLogoutFlow.receive(req));
    } catch (error) {
      const problem = problemOf(error);
      this.events.emit({ type: 'back_channel_logout.failed', problem, ...failureOf(error) });
      throw error;
    }
  }

  /**
   * New tokens when the access token has expired, `null` while it has not. `SessionAuthGuard` does this by itself.
   *
   * @param expiresAt milliseconds since the epoch, as in `callbackData.expiresAt`
   * @throws {WristbandException} `token_refresh_failed` when the user has to sign in again, `wristband_unavailable`
   * when it may work later (its `retryAfter` says in how many seconds; no header is set), `invalid_argument`
   */
  async refreshTokenIfExpired(refreshToken: string, expiresAt: number): Promise<TokenData | null> {
    if (typeof refreshToken !== 'string' || refreshToken.trim() === '') {
      throw new WristbandException('invalid_argument', 'refreshToken must be a string that is not blank');
    }
    if (!Number.isInteger(expiresAt) || expiresAt <= 0) {
      throw new WristbandException('invalid_argument', 'expiresAt must be an integer greater than 0');
    }
    if (Date.now() < expiresAt) return null;
    return this.refresher.waitFor(refreshToken, (giveUpAt) =>
      this.refresher.refresh(refreshToken, {}, giveUpAt),
    );
  }

  /**
   * Finds out who sends a request, as the guards do; for guards and middleware of your own.
   *
   * @param strategies tried in this order; the first that succeeds decides. Default: the option `authStrategies`
   * @throws {WristbandException} `not_authenticated`, `invalid_token`, `csrf_failed`, `token_refresh_failed`,
   * `wristband_unavailable`
   */
  async authenticate(
    req: HttpRequest,
    res: HttpResponse,
    strategies: readonly AuthStrategy[] = this.authenticator.defaultStrategies,
  ): Promise<Authentication> {
    checkedStrategies(strategies, 'authenticate()');
    return withRetryAfter(res, () => this.#authenticate(httpAuthContext(req, res), strategies));
  }

  /**
   * Finds out who opens a WebSocket, and lets guards on its messages know with which request that was. Call it in
   * `handleConnection` and close the socket when it throws. A page of a foreign site is refused.
   *
   * @param client the socket
   * @param request the request that opened it; socket.io sockets know theirs
   * @throws {WristbandException} as {@link authenticate}; `csrf_failed` for a foreign page
   */
  async authenticateSocket(
    client: object,
    request: IncomingMessage | undefined = socketRequest(client),
    strategies: readonly AuthStrategy[] = this.authenticator.defaultStrategies,
  ): Promise<Authentication> {
    checkedStrategies(strategies, 'authenticateSocket()');
    if (!request) throw new WristbandException('invalid_argument', 'Pass the request that opened the socket');
    rememberHandshake(client, request);
    return this.#authenticate(socketAuthContext(request), strategies);
  }

  /**
   * Fetches the configuration from Wristband now instead of on first use, to fail at start-up rather than at the
   * first sign-in. Call it in `main.ts` or in `onModuleInit`.
   *
   * @throws {WristbandConfigError} with every mistake in the configuration
   * @throws {WristbandException} `wristband_unavailable`
   */
  async discover(): Promise<void> {
    await this.autoConfiguration.discover();
  }

  async #authenticate(context: AuthContext, strategies: readonly AuthStrategy[]): Promise<Authentication> {
    try {
      return await this.authenticator.authenticate(context, strategies);
    } catch (error) {
      this.events.emit({ type: 'access.refused', problem: problemOf(error), ...failureOf(error) });
      throw error;
    }
  }

  /** An interceptor that changes what the handler returned makes a redirect to nowhere of it: a blank page. */
  #watch(method: string, req: HttpRequest, res: HttpResponse): void {
    watchRedirect(res, (statusCode) => {
      const path = rawRequest(req).url?.split('?', 1)[0] ?? '';
      if (this.#lost.has(path)) return;
      this.#lost.add(path);
      this.events.error(
        `The redirect of ${method}() was lost: ${path} responded ${statusCode} without a Location, because an interceptor changed what the handler returned. Leave this handler out of the interceptor, send the redirect with res.redirect(), or use the ready-made endpoints (routes)`,
      );
    });
  }

  /** Before Wristband is called: while the revocation takes time, other requests must not find the session. */
  async #endSession(req: HttpRequest, session: SessionToEnd): Promise<LogoutConfig> {
    const { refreshToken, tenantName, tenantCustomDomain } = session;
    session.clear();
    await this.sessions.prepare(req);
    return { refreshToken, tenantName, tenantCustomDomain };
  }

  #tell(result: CallbackResult): void {
    if (result.type === 'redirect_required') {
      this.events.emit({ type: 'login.failed', at: 'callback', reason: result.reason });
      return;
    }
    const { tenantName, userInfo } = result.callbackData;
    this.events.emit({ type: 'login.completed', tenantName, ...subjectOf(userInfo) });
  }
}
