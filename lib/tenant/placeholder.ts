/** Where a tenant's name goes in `loginUrl` and `redirectUri`; `{tenant_domain}` is the older spelling. */
const PLACEHOLDER = /\{tenant_(?:name|domain)\}/g;

/** Whether a URL leaves a place for the tenant's name. */
export function hasPlaceholder(url: string): boolean {
  return url.search(PLACEHOLDER) !== -1;
}

/** Puts a tenant name in the place that a URL leaves for it. */
export function fillPlaceholder(url: string, tenantName: string): string {
  // A function, because `$&` and the like mean something in a replacement string.
  return url.replace(PLACEHOLDER, () => tenantName);
}

/**
 * What is wrong with a URL's placeholder: it must be there exactly when tenants have subdomains, and it must stand
 * for a whole label at the beginning of the host.
 */
export function placeholderProblem(url: string, hasTenantSubdomains: boolean): string | undefined {
  if (hasPlaceholder(url) && !hasTenantSubdomains) {
    return 'must not contain {tenant_name} or {tenant_domain} unless parseTenantFromRootDomain is set';
  }
  if (hasTenantSubdomains && !/^https?:\/\/\{tenant_(?:name|domain)\}\./.test(url)) {
    return 'must begin its host with {tenant_name}. or {tenant_domain}. when parseTenantFromRootDomain is set';
  }
  return undefined;
}
