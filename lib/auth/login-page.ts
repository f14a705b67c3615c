import { Injectable } from '@nestjs/common';
import { AutoConfiguration } from '../config/auto-configuration.js';
import { rawRequest, requestHost } from '../http/http-request.js';
import { withQuery } from '../http/redirect.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import { fillPlaceholder, hasPlaceholder } from '../tenant/placeholder.js';
import { tenantlessLoginUrl } from '../tenant/application-urls.js';
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
   * @throws {WristbandException} `configuration_rejected`, `wristband_unavailable`
   */
  async urlFor(request: HttpRequest): Promise<string> {
    const config = await this.autoConfiguration.resolve();
    const subdomain = this.tenants.ofSubdomain(request, config);
    if (hasPlaceholder(config.loginUrl) && subdomain === undefined) return tenantlessLoginUrl(config);
    const loginUrl = fillPlaceholder(config.loginUrl, subdomain ?? '');
    return withQuery(loginUrl, { return_url: returnUrl(request, loginUrl) });
  }
}

/** Relative where the Login Endpoint is on the same host; else whole, and the rule for return URLs has the last word. */
function returnUrl(request: HttpRequest, loginUrl: string): string {
  const { protocol, host } = new URL(loginUrl);
  const { originalUrl } = request as { readonly originalUrl?: string };
  const path = originalUrl ?? rawRequest(request).url ?? '/';
  return requestHost(request) === host ? path : `${protocol}//${requestHost(request)}${path}`;
}
