import type { IncomingMessage } from 'node:http';
import { HttpException, Inject, Injectable, InternalServerErrorException } from '@nestjs/common';
import { failurePage, type WayOn } from '../auth/failure-page.js';
import { LoginStateKeeper } from '../auth/login-state.keeper.js';
import { loginAgain, SignInLoop } from '../auth/sign-in-loop.js';
import { AutoConfiguration } from '../config/auto-configuration.js';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { forbidCaching } from '../http/cache-headers.js';
import { isPageNavigation, isSpeculative, rawRequest, requestQuery } from '../http/http-request.js';
import { rawResponse, sendText, setHeader } from '../http/http-response.js';
import { sendPage } from '../http/page.js';
import { redirectTo } from '../http/redirect.js';
import { tellRetryAfter } from '../http/retry-after.js';
import type { WristbandRoutes } from '../interfaces/endpoints.interface.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { isAllowedReturnUrl } from '../tenant/return-url.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { trimmedPath } from './endpoint-paths.js';

type EndpointName = Exclude<keyof WristbandRoutes, 'path'>;

/** Failures after which the same request may succeed. */
const PASSING = new Set(['wristband_unavailable', 'session_store_unavailable']);
/** Failures that are about the tenant in the address. */
const ABOUT_TENANT = new Set(['invalid_tenant', 'tenant_mismatch', 'invalid_request']);

/** Sends what a ready-made endpoint responds when it fails: JSON to scripts, a page or another address to people. */
@Injectable()
export class EndpointFailures {
  readonly #sent = new WeakSet<IncomingMessage>();

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly autoConfiguration: AutoConfiguration,
    private readonly loginStates: LoginStateKeeper,
    private readonly loop: SignInLoop,
    private readonly events: WristbandEvents,
  ) {}

  /** Whether the response to a request is on its way. */
  isSent(request: HttpRequest): boolean {
    return this.#sent.has(rawRequest(request));
  }

  markAsSent(request: HttpRequest): void {
    this.#sent.add(rawRequest(request));
  }

  /** Never rejects. */
  async send(request: HttpRequest, response: HttpResponse, error: unknown): Promise<void> {
    const failure = this.#httpException(error);
    tellRetryAfter(response, failure);
    const status = failure.getStatus();
    if (status < 400 || !isPageNavigation(request)) {
      sendText(response, status, JSON.stringify(bodyOf(failure)), 'application/json; charset=utf-8');
      return;
    }
    forbidCaching(response);
    const elsewhere = await this.#elsewhere(request, response, failure);
    if (rawResponse(response).headersSent) return;
    if (elsewhere === undefined)
      sendPage(response, status, failurePage(failure, this.wayOn(request, failure)));
    else {
      setHeader(response, 'Location', redirectTo(elsewhere).url);
      sendText(response, 302);
    }
  }

  /** The link of the page that people see. */
  wayOn(request: HttpRequest, failure: HttpException): WayOn {
    const endpoint = this.#endpointOf(pathOf(request));
    const code = failure instanceof WristbandException ? failure.code : '';
    const isTooMany = failure.getStatus() === 429;
    if (PASSING.has(code) || isTooMany) return { href: '', label: 'Try again' };
    const isUnderstood = !ABOUT_TENANT.has(code);
    if (endpoint === 'login' && isUnderstood) return loginAgain(request);
    const { login } = this.options.routes ?? {};
    if (login === undefined || login === false) return { href: '/', label: 'To the start page' };
    const query = this.#tenantAndReturnUrl(request, isUnderstood);
    const search = query.size > 0 ? `?${query.toString()}` : '';
    return { href: `${this.#base(request, endpoint)}${trimmedPath(login)}${search}`, label: 'Sign in again' };
  }

  /** What the next try needs to end where this one should have ended. */
  #tenantAndReturnUrl(request: HttpRequest, withTenant: boolean): URLSearchParams {
    const given = requestQuery(request);
    const query = new URLSearchParams();
    for (const name of withTenant ? ['tenant_name', 'tenant_custom_domain'] : []) {
      const values = given.getAll(name);
      if (values.length === 1 && values[0]) query.set(name, values[0]);
    }
    const returnUrl = this.#returnUrl(request);
    if (returnUrl !== undefined) query.set('return_url', returnUrl);
    return query;
  }

  #returnUrl(request: HttpRequest): string | undefined {
    const query = requestQuery(request);
    return query.get('return_url') ?? this.loginStates.notesIn(query.get('state') ?? '').returnUrl;
  }

  /** From the address of an endpoint to the folder of all, whatever stands before it in front of a proxy. */
  #base(request: HttpRequest, endpoint: EndpointName | undefined): string {
    const route = endpoint && this.options.routes?.[endpoint];
    const slashes = route ? trimmedPath(route).split('/').length - 1 : 0;
    return '../'.repeat(slashes + (pathOf(request).endsWith('/') ? 1 : 0));
  }

  #endpointOf(path: string): EndpointName | undefined {
    const { path: folder, ...routes } = this.options.routes ?? { path: '' };
    const names = Object.keys(routes) as EndpointName[];
    const asked = path.replace(/\/$/, '').toLowerCase();
    return names.find((name) => {
      const route = (routes as Partial<WristbandRoutes>)[name];
      if (!route) return false;
      return asked.endsWith(`/${trimmedPath(folder)}/${trimmedPath(route)}`.toLowerCase());
    });
  }

  /** Where `hooks.failureUrl` leads, if it is a place where a person may be sent. */
  async #elsewhere(
    request: HttpRequest,
    response: HttpResponse,
    failure: HttpException,
  ): Promise<string | undefined> {
    const { failureUrl } = this.options.hooks;
    // What a browser loads ahead of a click must not take the place of the sign-in.
    if (failureUrl === undefined || isSpeculative(request)) return undefined;
    try {
      const url = typeof failureUrl === 'string' ? failureUrl : await failureUrl(failure, request);
      if (url === undefined) return undefined;
      const problem = await this.#problemWith(url, request);
      if (problem === undefined) return this.#isCircle(url, request, response) ? undefined : url;
      this.events.error(`hooks.failureUrl ${problem}: people see the page of the library instead`);
    } catch (error) {
      this.events.error(`hooks.failureUrl failed: ${stackOf(error)}`);
    }
    return undefined;
  }

  async #problemWith(url: unknown, request: HttpRequest): Promise<string | undefined> {
    const { loginUrl, redirectUri, trustedOrigins } = this.options;
    const config = await this.autoConfiguration.resolve().catch(() => ({ loginUrl, redirectUri }));
    const applicationUrls = [config.loginUrl, config.redirectUri].filter((one) => one !== undefined);
    const isClear = typeof url === 'string' && /^(\/|https?:)/i.test(url);
    if (!isClear || !isAllowedReturnUrl(url, { applicationUrls, trustedOrigins }))
      return 'must be a path or a URL of the application, or on one of trustedOrigins';
    const { pathname } = new URL(url, `http://localhost${pathOf(request)}`);
    return this.#endpointOf(pathname) && 'leads to a ready-made endpoint, which would fail again';
  }

  /** Whether the page at `url` sends people back here each time, as a guarded one does. */
  #isCircle(url: string, request: HttpRequest, response: HttpResponse): boolean {
    const isStopped = !this.loop.mayLeadAway(request, response);
    // Without cookies nothing is counted: then that the sign-in was meant to end there says as much.
    const keepsCookies = rawRequest(request).headers.cookie !== undefined;
    const isSame = pathnameOf(url) === pathnameOf(this.#returnUrl(request) ?? '');
    return isStopped || (!keepsCookies && isSame);
  }

  #httpException(error: unknown): HttpException {
    if (error instanceof HttpException) return error;
    const { statusCode, message } = Object(error) as { statusCode?: unknown; message?: unknown };
    // As Nest does it for errors of the package http-errors.
    if (typeof statusCode === 'number' && typeof message === 'string')
      return new HttpException({ statusCode, message }, statusCode, { cause: error });
    this.events.error(`A ready-made endpoint failed: ${stackOf(error)}`);
    return new InternalServerErrorException(undefined, { cause: error });
  }
}

function bodyOf(failure: HttpException): object {
  const body = failure.getResponse();
  return typeof body === 'string' ? { statusCode: failure.getStatus(), message: body } : body;
}

/** The path as the browser asked for it, as far as the application knows. */
function pathOf(request: HttpRequest): string {
  const { originalUrl } = request as { readonly originalUrl?: string };
  return (originalUrl ?? rawRequest(request).url ?? '/').split('?', 1)[0] ?? '/';
}

function pathnameOf(url: string): string | undefined {
  return url !== '' && URL.canParse(url, 'http://localhost')
    ? new URL(url, 'http://localhost').pathname
    : undefined;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : typeof error;
}
