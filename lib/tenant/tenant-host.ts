/** A tenant as far as a request tells: by name, by its own domain, or both. */
export interface Tenant {
  readonly name?: string;
  readonly customDomain?: string;
}

/** What tenant hosts are made of. */
export interface TenantHostRule {
  readonly vanityDomain: string;
  readonly isApplicationCustomDomainActive: boolean;
}

const MAX_LABEL = 63;
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Punycode: as a part of a longer label it would mean something else, or nothing that a URL parser takes. */
const PUNYCODE = /^xn--/;
const PORT = /:\d{1,5}$/;
/** A last label that looks like a number makes URL parsers read the whole host as an IPv4 address. */
const IPV4 = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;

/** A tenant name in lower case, or `undefined` when the text is not a DNS label and so must not reach a host. */
export function parseTenantName(text: string): string | undefined {
  const name = text.toLowerCase();
  return DNS_LABEL.test(name) && !PUNYCODE.test(name) ? name : undefined;
}

/** A plain host name in lower case with an optional port, or `undefined` for anything else (paths, users, IP addresses). */
export function parseCustomDomain(text: string): string | undefined {
  const domain = text.toLowerCase();
  const hostname = domain.replace(PORT, '');
  const isName = hostname.length <= 253 && hostname.split('.').every((label) => DNS_LABEL.test(label));
  // A URL parser knows how far ports go, and what is no Punycode.
  return isName && !IPV4.test(hostname) && URL.canParse(`https://${domain}`) ? domain : undefined;
}

/** Lower-case host name and port of a `Host` header; a trailing dot is dropped, IPv6 keeps its brackets. */
export function parseHost(host: string): { readonly hostname: string; readonly port: string } {
  const text = host.trim().toLowerCase();
  // Those in brackets belong to the address.
  const colon = text.indexOf(':', text.indexOf(']'));
  const end = colon === -1 ? text.length : colon;
  return { hostname: text.slice(0, end).replace(/\.$/, ''), port: text.slice(end + 1) };
}

/**
 * Whether a `Host` header names the host of a URL. Proxies change its case, add a trailing dot, and write a default port
 * out or leave it out.
 */
export function isHostOf({ hostname, port }: URL, host: string): boolean {
  const given = parseHost(host);
  const isSamePort = port === '' ? ['', '80', '443'].includes(given.port) : given.port === port;
  return isSamePort && withShortIPv6(given.hostname) === hostname.replace(/\.$/, '');
}

/** Addresses in the form in which URL parsers write them. */
function withShortIPv6(hostname: string): string {
  const isIPv6 = /^\[[\da-f:.]+\]$/.test(hostname) && URL.canParse(`http://${hostname}`);
  return isIPv6 ? new URL(`http://${hostname}`).hostname : hostname;
}

/** Whether a host name is a tenant's subdomain, or below one, but of none of these tenants. */
export function isOfOtherTenant(
  hostname: string,
  rootDomain: string,
  tenants: readonly (string | undefined)[],
): boolean {
  const suffix = `.${rootDomain}`;
  const name = hostname.replace(/\.$/, '');
  if (!name.endsWith(suffix)) return false;
  return !tenants.includes(name.slice(0, -suffix.length).replace(/^.*\./, ''));
}

/** Whether a host, with a port or without, is this machine. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])$|\.localhost$/.test(parseHost(host).hostname);
}

/** The tenant whose subdomain of `rootDomain` a host is: exactly one valid label, nothing else. */
export function tenantOfSubdomain(host: string, rootDomain: string): string | undefined {
  const { hostname } = parseHost(host);
  const suffix = `.${rootDomain.toLowerCase()}`;
  return hostname.endsWith(suffix) ? parseTenantName(hostname.slice(0, -suffix.length)) : undefined;
}

/**
 * The host at Wristband that serves a tenant, or `undefined` when the tenant's name is too long for one. Made of
 * validated parts only: nothing else of a request may ever end in a host.
 */
export function tenantHost(tenant: Tenant, rule: TenantHostRule): string | undefined {
  if (tenant.customDomain !== undefined) return tenant.customDomain;
  if (tenant.name === undefined) return undefined;
  const host = `${tenant.name}${rule.isApplicationCustomDomainActive ? '.' : '-'}${rule.vanityDomain}`;
  const labels = host.replace(PORT, '').split('.');
  return labels.every((label) => label.length <= MAX_LABEL) ? host : undefined;
}
