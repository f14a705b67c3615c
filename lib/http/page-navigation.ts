import type { HttpRequest } from '../interfaces/http.interface.js';
import { rawRequest } from './http-request.js';

/**
 * Whether a browser asks for a page to show, and not a script for data. Browsers say so in `Sec-Fetch-Mode`; where that
 * header is not sent (plain http on a name other than localhost), only pages ask for HTML first.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-mode-header
 */
export function isPageNavigation(request: HttpRequest): boolean {
  const { method, headers } = rawRequest(request);
  if (method !== 'GET' && method !== 'HEAD') return false;
  const mode = headers['sec-fetch-mode'];
  if (mode !== undefined) return mode === 'navigate';
  const isScripted = headers['x-requested-with'] !== undefined || headers.authorization !== undefined;
  return !isScripted && /^text\/html\b/i.test(headers.accept ?? '');
}
