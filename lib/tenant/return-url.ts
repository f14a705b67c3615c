import { fillPlaceholder, hasPlaceholder } from './placeholder.js';
import { parseTenantName } from './tenant-host.js';

/** Where the browser may be sent after a sign-in, beside relative paths. */
export interface ReturnUrlRule {
  /** URLs of the application itself (Login and Callback Endpoint), with or without tenant placeholder. */
  readonly applicationUrls: readonly string[];
  readonly trustedOrigins: readonly string[];
  /** The tenant that is signed in to; unknown before tenant discovery. */
  readonly tenantName?: string | undefined;
}

// Browsers drop tabs and line breaks and read `\` as `/`, so `/\evil.com` and `/<tab>/evil.com` leave the site.
const DECEPTIVE = /[\p{Cc}\\]|^\s|\s$/u;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;

/**
 * The URL of a page as the browser showed it. Wristband's library for React passes `window.location.href` through
 * `encodeURI`, so that `%20` becomes `%2520`.
 *
 * @param referer the page that led to the Login Endpoint. Where the URL is that page, it shows whether it was encoded twice;
 * otherwise it counts as that when every `%` could come from `encodeURI`
 */
export function withoutDoubleEncoding(url: string, referer?: string): string {
  if (!/^https?:\/\/[^%]*%/i.test(url)) return url;
  const page = url.replace(/#.*/s, '');
  if (referer === page) return url;
  const isDoubled = /%25[\da-f]{2}/i.test(url) && !/%(?!25|5[b-e]|60|7[b-d])/i.test(url);
  return isDoubled || (referer !== undefined && encodeURI(referer) === page)
    ? url.replaceAll('%25', '%')
    : url;
}

/** Whether a return URL is relative or leads to one of the application's own or trusted origins. */
export function isAllowedReturnUrl(url: string, rule: ReturnUrlRule): boolean {
  if (url === '' || DECEPTIVE.test(url)) return false;
  // Without a scheme, and without what was refused above, nothing but `//` leads to another host.
  if (!SCHEME.test(url)) return !url.startsWith('//');
  if (!/^https?:\/\/[^/]/i.test(url) || !URL.canParse(url)) return false;
  const { origin, username, password } = new URL(url);
  if (username !== '' || password !== '') return false;
  return (
    rule.trustedOrigins.includes(origin) || rule.applicationUrls.some((own) => isOriginOf(own, origin, rule))
  );
}

function isOriginOf(applicationUrl: string, origin: string, { tenantName }: ReturnUrlRule): boolean {
  if (!hasPlaceholder(applicationUrl)) return new URL(applicationUrl).origin === origin;
  if (tenantName !== undefined) return new URL(fillPlaceholder(applicationUrl, tenantName)).origin === origin;
  // Before tenant discovery any tenant's subdomain may pass; the check is made again when the tenant is known.
  const anyTenant = parseTenantName(new URL(origin).hostname.replace(/\..*/, ''));
  return anyTenant !== undefined && new URL(fillPlaceholder(applicationUrl, anyTenant)).origin === origin;
}
