import onHeaders from 'on-headers';
import type { HttpRedirectResponse, HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { isPageNavigation } from './http-request.js';
import { rawResponse } from './http-response.js';
import { escaped, replaceByPage } from './page.js';

/** A redirect whose URL is safe in a `Location` header: everything outside printable ASCII is percent-encoded. */
export function redirectTo(url: string): HttpRedirectResponse {
  const location = url.replace(/[^\u0021-\u007e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
  return { url: location, statusCode: 302 };
}

/** A URL with query parameters added, correctly encoded; absent values add nothing. */
export function withQuery(url: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const result = new URL(url);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) result.searchParams.set(name, value);
  }
  return result.href;
}

/** Calls `report` when a response redirects nowhere, although a handler returned a URL. */
export function watchRedirect(response: HttpResponse, report: (statusCode: number) => void): void {
  const raw = rawResponse(response);
  if (raw.headersSent) return;
  onHeaders(raw, () => {
    const isRedirect = raw.statusCode >= 300 && raw.statusCode < 400 && raw.statusCode !== 304;
    const location = raw.getHeader('Location') ?? '';
    if (isRedirect && ['', 'undefined'].includes(String(location))) report(raw.statusCode);
  });
}

/**
 * Has a browser that opens a page see one that goes on by itself, in the place of a redirect. A redirect belongs to the
 * navigation that another site began, so a browser sends no `SameSite=Strict` cookie to its target; from a page of this site
 * it does.
 */
export function redirectByPage(request: HttpRequest, response: HttpResponse): void {
  if (!isPageNavigation(request)) return;
  replaceByPage(response, (open) => {
    const url = String(open.getHeader('Location') ?? '');
    const isRedirect = open.statusCode >= 300 && open.statusCode < 400 && url !== '';
    // Anything else, such as a URL of a script, is left to what browsers make of a redirect.
    if (!isRedirect || !URL.canParse(url, 'http://localhost')) return undefined;
    if (!/^https?:$/.test(new URL(url, 'http://localhost').protocol)) return undefined;
    const body = `<p>You are signed in.</p>\n<p><a href="${escaped(url)}">Continue</a></p>`;
    return { statusCode: 200, page: { title: 'Signing you in', body, refresh: { seconds: 0, url } } };
  });
}
