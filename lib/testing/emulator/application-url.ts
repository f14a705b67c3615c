import type { ResolvedEmulatorTenant } from './emulator-options.interface.js';

const PLACEHOLDER = /\{tenant_(?:name|domain)\}/g;

/** Parameters to add; the undefined ones are left out. */
export type UrlParameters = Record<string, string | undefined>;

/**
 * A URL of the application for one tenant: the placeholder resolved or else `tenant_name` added,
 * `tenant_custom_domain` added when the tenant has one, and then the given parameters.
 */
export function applicationUrl(
  template: string,
  tenant: ResolvedEmulatorTenant,
  parameters: UrlParameters = {},
): URL {
  const resolved = template.replaceAll(PLACEHOLDER, () => tenant.name);
  const url = new URL(resolved);
  const added = {
    ...(resolved === template && { tenant_name: tenant.name }),
    tenant_custom_domain: tenant.customDomain,
    ...parameters,
  };
  for (const [name, value] of Object.entries(added)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}
