import type { ApplicationConfig } from '../config/application-config.js';
import { handshakeHost, isPrefetch, rawRequest, requestHost, sentHeader } from '../http/http-request.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import { fillPlaceholder, hasPlaceholder } from '../tenant/placeholder.js';
import { isHostOf, isOfOtherTenant, parseTenantName, tenantOfSubdomain } from '../tenant/tenant-host.js';

/** What a browser says about the page that made a request. */
export interface RequestSite {
  /** `Sec-Fetch-Site` @see https://www.w3.org/TR/fetch-metadata/ */
  readonly fetchSite: string | undefined;
  readonly origin: string | undefined;
  /** The host that the request was sent to, with its port. */
  readonly host: string;
  /** Whether the request opens a socket. */
  readonly isSocket?: boolean;
}

/** Where the application's own pages are. */
export type OwnUrls = Partial<Pick<ApplicationConfig, 'loginUrl' | 'redirectUri' | 'rootDomain'>>;

/** What the headers of a request say about the page that made it. */
export function siteOf(request: HttpRequest, isSocket = false): RequestSite {
  const { headers } = rawRequest(request);
  return isSocket
    ? {
        fetchSite: sentHeader(request, 'sec-fetch-site'),
        origin: sentHeader(request, 'origin'),
        host: handshakeHost(request),
        isSocket,
      }
    : {
        fetchSite: headers['sec-fetch-site']?.toString(),
        origin: headers.origin,
        host: requestHost(request),
      };
}

/** Whether nobody will see the response: that to a prefetch, or to what a page of a foreign site embeds. */
export function isUnseen(request: HttpRequest, trustedOrigins: readonly string[]): boolean {
  if (isPrefetch(request)) return true;
  const destination = rawRequest(request).headers['sec-fetch-dest'] ?? 'document';
  return destination !== 'document' && siteVerdict(siteOf(request), trustedOrigins) === 'foreign';
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Methods that may change something (RFC 9110 section 9.2.1). */
export function isUnsafeMethod(method: string | undefined): boolean {
  return !SAFE_METHODS.has((method ?? 'GET').toUpperCase());
}

/**
 * Whether a request was made by a page of a foreign site, as far as that can be said without the application's URLs. Clients
 * other than browsers send neither header, and no cookies that a page could misuse.
 *
 * @returns `undefined` where {@link isOwnOrigin} has to decide
 */
export function siteVerdict(
  { fetchSite, origin, host, isSocket = false }: RequestSite,
  trustedOrigins: readonly string[],
): 'own' | 'foreign' | undefined {
  if (origin !== undefined && trustedOrigins.includes(origin)) return 'own';
  // Sent twice it is a list: the worse one counts.
  if (fetchSite !== undefined && /\bcross-site\b/i.test(fetchSite)) return 'foreign';
  // Every browser sends the origin of a socket.
  const isTold = fetchSite !== undefined && !isSocket;
  if (origin === undefined || (isTold && !/\bsame-site\b/i.test(fetchSite))) return 'own';
  // Hosts only: behind a proxy that ends TLS the application does not know its own scheme.
  return URL.canParse(origin) && isHostOf(new URL(origin), host) ? 'own' : undefined;
}

/**
 * Whether the origin of a request is one of the application's own: that of `loginUrl` or `redirectUri`, of the tenant that
 * the request or the session is for. Where the browser says that the page is of the same site, only subdomains of other
 * tenants are foreign, and pages that keep their origin to themselves: those may be theirs.
 */
export function isOwnOrigin(
  { fetchSite, origin = '', host, isSocket = false }: RequestSite,
  { loginUrl, redirectUri, rootDomain }: OwnUrls,
  sessionTenant: unknown,
): boolean {
  const tenants = [
    rootDomain === undefined ? undefined : tenantOfSubdomain(host, rootDomain),
    typeof sessionTenant === 'string' ? parseTenantName(sessionTenant) : undefined,
  ];
  const own = [loginUrl, redirectUri].flatMap((url = '') =>
    hasPlaceholder(url) ? tenants.flatMap((tenant) => (tenant ? fillPlaceholder(url, tenant) : [])) : url,
  );
  if (own.some((url) => URL.canParse(url) && new URL(url).origin === origin)) return true;
  if (fetchSite === undefined || isSocket) return false;
  if (rootDomain === undefined) return true;
  return URL.canParse(origin) && !isOfOtherTenant(new URL(origin).hostname, rootDomain, tenants);
}
