import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AutoConfiguration } from '../config/auto-configuration.js';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { forwardedPrefix, rawRequest, requestHost } from '../http/http-request.js';
import { withQuery } from '../http/redirect.js';
import { hasRoute } from '../http/server-routes.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import { fillPlaceholder, hasPlaceholder } from '../tenant/placeholder.js';
import { tenantlessLoginUrl } from '../tenant/application-urls.js';
import { isHostOf, parseHost } from '../tenant/tenant-host.js';
import { TenantResolver } from '../tenant/tenant-resolver.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';

/** Where a visitor of a page has to go first. */
@Injectable()
export class LoginPage {
  /** By path of the Login Endpoint, which auto-configuration may change. */
  readonly #prefixes = new Map<string, string>();

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly autoConfiguration: AutoConfiguration,
    private readonly tenants: TenantResolver,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /**
   * The Login Endpoint of the request's tenant with the way back to the page; without a known tenant, tenant discovery.
   *
   * @returns `undefined` when the request is one to the Login Endpoint itself
   * @throws {WristbandException} `configuration_rejected`, `wristband_unavailable`
   */
  async urlFor(request: HttpRequest): Promise<string | undefined> {
    const config = await this.autoConfiguration.resolve();
    const subdomain = this.tenants.ofSubdomain(request, config);
    const loginUrl = fillPlaceholder(config.loginUrl, subdomain ?? 'tenant');
    const path = this.#publicPath(request, new URL(loginUrl).pathname);
    if (hasPlaceholder(config.loginUrl) && subdomain === undefined) {
      // A page of the root domain is looked for on the tenant's own; other hosts have nothing to do with it.
      const isOnRootDomain = parseHost(requestHost(request)).hostname === config.rootDomain;
      return tenantlessLoginUrl(config, isOnRootDomain ? path : undefined);
    }
    const redirectUri = fillPlaceholder(config.redirectUri, subdomain ?? '');
    const origin = this.#otherOrigin(request, new URL(loginUrl), redirectUri);
    const isLogin = origin === undefined && path.split('?', 1)[0] === new URL(loginUrl).pathname;
    return isLogin ? undefined : withQuery(loginUrl, { return_url: `${origin ?? ''}${path}` });
  }

  /**
   * The origin of a page that is not on the host of the Login Endpoint. A host that is none of the application's is one that a
   * proxy made of it: what is relative then leads to the right one.
   */
  #otherOrigin(request: HttpRequest, loginUrl: URL, redirectUri: string): string | undefined {
    const host = requestHost(request);
    if (isHostOf(loginUrl, host)) return undefined;
    const others = [redirectUri, ...this.options.trustedOrigins].map((url) => new URL(url));
    const origin = others.find((url) => isHostOf(url, host))?.origin;
    return origin === loginUrl.origin ? undefined : origin;
  }

  /** Path and query as the browser asked for them: before middleware changed them, and before a proxy cut off a prefix. */
  #publicPath(request: HttpRequest, loginPath: string): string {
    const { originalUrl, baseUrl } = request as { readonly originalUrl?: string; readonly baseUrl?: unknown };
    const path = originalUrl ?? rawRequest(request).url ?? '/';
    const prefix = forwardedPrefix(request) ?? this.#prefixOf(loginPath);
    // Express applications that are mounted below others know the path of the mount.
    const mount = typeof baseUrl === 'string' && prefix.endsWith(baseUrl) ? baseUrl.length : 0;
    return `${prefix.slice(0, prefix.length - mount)}${path}`;
  }

  /** What the path of the Login Endpoint has before the route that serves it. */
  #prefixOf(loginPath: string): string {
    const known = this.#prefixes.get(loginPath);
    if (known !== undefined) return known;
    const path = loginPath.replace(/\/$/, '');
    const starts = [...path.matchAll(/\//g)].map(({ index }) => index);
    const start = starts.find((at) => hasRoute(this.adapterHost.httpAdapter, path.slice(at)));
    const prefix = path.slice(0, start ?? 0);
    this.#prefixes.set(loginPath, prefix);
    return prefix;
  }
}
