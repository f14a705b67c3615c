import { Injectable } from '@nestjs/common';
import { AutoConfiguration } from '../config/auto-configuration.js';
import { rawRequest, requestHost } from '../http/http-request.js';
import { withQuery } from '../http/redirect.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import { fillPlaceholder, hasPlaceholder } from '../tenant/placeholder.js';
import { tenantlessLoginUrl } from '../tenant/application-urls.js';
import { parseHost } from '../tenant/tenant-host.js';
import { TenantResolver } from '../tenant/tenant-resolver.js';

/** Where a visitor of a page has to go first. */
@Injectable()
export class LoginPage {
  constructor(
    private readonly autoConfiguration: AutoConfiguration,
    private readonly tenants: TenantResolver,
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
    if (hasPlaceholder(config.loginUrl) && subdomain === undefined) {
      // A page of the root domain is looked for on the tenant's own; other hosts have nothing to do with it.
      const isOnRootDomain = parseHost(requestHost(request)).hostname === config.rootDomain;
      return tenantlessLoginUrl(config, isOnRootDomain ? pathOf(request) : undefined);
    }
    const loginUrl = fillPlaceholder(config.loginUrl, subdomain ?? '');
    if (isAt(loginUrl, request)) return undefined;
    return withQuery(loginUrl, { return_url: returnUrl(request, loginUrl) });
  }
}

/** Relative where the Login Endpoint is on the same host; else whole, and the rule for return URLs has the last word. */
function returnUrl(request: HttpRequest, loginUrl: string): string {
  const { protocol, host } = new URL(loginUrl);
  const path = pathOf(request);
  return requestHost(request) === host ? path : `${protocol}//${requestHost(request)}${path}`;
}

function isAt(url: string, request: HttpRequest): boolean {
  const { host, pathname } = new URL(url);
  return requestHost(request) === host && pathOf(request).split('?', 1)[0] === pathname;
}

/** Path and query as they were asked for, before middleware changed them. */
function pathOf(request: HttpRequest): string {
  const { originalUrl } = request as { readonly originalUrl?: string };
  return originalUrl ?? rawRequest(request).url ?? '/';
}
