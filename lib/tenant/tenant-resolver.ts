import { Injectable } from '@nestjs/common';
import type { ApplicationConfig } from '../config/application-config.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { requestHost } from '../http/http-request.js';
import { QueryParameters } from '../http/query-parameters.js';
import type { LoginConfig, LogoutConfig } from '../interfaces/auth-flow.interface.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import { CustomDomainValidator } from './custom-domain.validator.js';
import { parseCustomDomain, parseTenantName, type Tenant, tenantOfSubdomain } from './tenant-host.js';

/** Finds out which tenant a request is about. What it answers is safe to build a host from. */
@Injectable()
export class TenantResolver {
  constructor(private readonly customDomains: CustomDomainValidator) {}

  /**
   * The tenant of a request itself: a trusted `tenant_custom_domain`, and the name from the subdomain or else from
   * `tenant_name` / `tenant_domain`.
   *
   * @param knownDomain a custom domain that was found trusted before, at the beginning of this sign-in
   * @throws {WristbandException} `invalid_request`, `invalid_tenant`, `wristband_unavailable`
   */
  async ofRequest(request: HttpRequest, config: ApplicationConfig, knownDomain?: string): Promise<Tenant> {
    const query = new QueryParameters(request);
    const nameInQuery = tenantNameOf(query);
    const domain = validCustomDomain(query.get('tenant_custom_domain'));
    const isTrusted =
      domain !== undefined && (domain === knownDomain || (await this.customDomains.isTrusted(domain)));
    const name = this.ofSubdomain(request, config) ?? nameInQuery;
    return { ...(name !== undefined && { name }), ...(isTrusted && { customDomain: domain }) };
  }

  /** The tenant's name in the host of a request, where tenants have subdomains. */
  ofSubdomain(request: HttpRequest, { rootDomain }: ApplicationConfig): string | undefined {
    return rootDomain === undefined ? undefined : tenantOfSubdomain(requestHost(request), rootDomain);
  }

  /** For login: what the request says, then the defaults. */
  async forLogin(request: HttpRequest, config: ApplicationConfig, defaults: LoginConfig): Promise<Tenant> {
    const tenant = await this.ofRequest(request, config);
    if (tenant.name !== undefined || tenant.customDomain !== undefined) return tenant;
    return tenantFrom(defaults.defaultTenantName, defaults.defaultTenantCustomDomain);
  }

  /** For logout: what the application says, then the request. */
  async forLogout(request: HttpRequest, config: ApplicationConfig, given: LogoutConfig): Promise<Tenant> {
    const tenant = tenantFrom(given.tenantName, given.tenantCustomDomain);
    const isGiven = tenant.name !== undefined || tenant.customDomain !== undefined;
    return isGiven ? tenant : this.ofRequest(request, config);
  }
}

/** `tenant_name` or the older `tenant_domain`; both are fine when they agree. */
function tenantNameOf(query: QueryParameters): string | undefined {
  const name = validTenantName(query.get('tenant_name'));
  const olderName = validTenantName(query.get('tenant_domain'));
  if (name !== undefined && olderName !== undefined && name !== olderName) {
    throw new WristbandException('invalid_tenant', 'tenant_name and tenant_domain name different tenants');
  }
  return name ?? olderName;
}

function tenantFrom(name: string | undefined, customDomain: string | undefined): Tenant {
  const validName = validTenantName(name);
  const validDomain = validCustomDomain(customDomain);
  return {
    ...(validName !== undefined && { name: validName }),
    ...(validDomain !== undefined && { customDomain: validDomain }),
  };
}

function validTenantName(text: string | undefined): string | undefined {
  return validPart(text, parseTenantName, 'The tenant name is not valid');
}

function validCustomDomain(text: string | undefined): string | undefined {
  return validPart(text, parseCustomDomain, 'The tenant custom domain is not valid');
}

function validPart(
  text: string | undefined,
  parse: (text: string) => string | undefined,
  message: string,
): string | undefined {
  if (text === undefined || text === null || text.trim() === '') return undefined;
  const valid = parse(text.trim());
  if (valid === undefined) throw new WristbandException('invalid_tenant', message);
  return valid;
}
