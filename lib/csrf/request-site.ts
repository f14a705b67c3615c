import { isPrefetch, rawRequest, requestHost } from '../http/http-request.js';
import type { HttpRequest } from '../interfaces/http.interface.js';

/** What a browser tells about where a request comes from. */
export interface RequestSite {
  /** `Sec-Fetch-Site` @see https://www.w3.org/TR/fetch-metadata/ */
  readonly fetchSite: string | undefined;
  readonly origin: string | undefined;
  /** The host that the request was sent to, with its port. */
  readonly host: string;
  /** Whether the request opens a socket. */
  readonly isSocket?: boolean;
}

/** What the headers of a request tell about where it comes from. */
export function siteOf(request: HttpRequest, isSocket = false): RequestSite {
  const { headers } = rawRequest(request);
  return {
    fetchSite: headers['sec-fetch-site']?.toString(),
    origin: headers.origin,
    host: requestHost(request),
    isSocket,
  };
}

/** Whether nobody will look at the answer: to a prefetch, or to what a page of a foreign site embeds. */
export function isUnseen(request: HttpRequest, trustedOrigins: readonly string[]): boolean {
  if (isPrefetch(request)) return true;
  const destination = rawRequest(request).headers['sec-fetch-dest'] ?? 'document';
  return destination !== 'document' && isFromForeignSite(siteOf(request), trustedOrigins);
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Methods that may change something (RFC 9110 section 9.2.1). */
export function isUnsafeMethod(method: string | undefined): boolean {
  return !SAFE_METHODS.has((method ?? 'GET').toUpperCase());
}

/**
 * Whether a request was made by a page of a foreign site. Clients that are no browsers say neither, and carry no cookies
 * that somebody else could make use of.
 */
export function isFromForeignSite(
  { fetchSite, origin, host, isSocket = false }: RequestSite,
  trustedOrigins: readonly string[],
): boolean {
  if (origin !== undefined && trustedOrigins.includes(origin)) return false;
  // Sent twice it is a list: the worse one counts.
  if (fetchSite !== undefined && /\bcross-site\b/i.test(fetchSite)) return true;
  // Every browser names the origin of a socket; what else is in its headers may come from the page by way of a
  // GraphQL server that adds what a client says later.
  if (fetchSite !== undefined && !isSocket) return false;
  if (origin === undefined) return false;
  // Hosts only: behind a proxy that ends TLS the application does not know its own scheme.
  return !URL.canParse(origin) || new URL(origin).host !== host.toLowerCase();
}
