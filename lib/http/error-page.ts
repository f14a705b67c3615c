import type { ServerResponse } from 'node:http';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { HeldResponse } from './held-response.js';
import { rawResponse } from './http-response.js';
import { isPageNavigation } from './http-request.js';

/**
 * Has a person who opens a page read HTML where the response would be the JSON of an error. Scripts get the JSON, and a
 * page that the application makes of the error stays.
 */
export function showToPeople(request: HttpRequest, response: HttpResponse, html: string): void {
  if (!isPageNavigation(request)) return;
  const raw = rawResponse(response);
  const begin = (open: ServerResponse) =>
    isJson(open) ? Promise.reject(new Error('A page comes')) : undefined;
  new HeldResponse(raw, begin, () => sendPage(raw, html));
}

function isJson(response: ServerResponse): boolean {
  return String(response.getHeader('Content-Type')).startsWith('application/json');
}

function sendPage(response: ServerResponse, html: string): void {
  response.removeHeader('ETag');
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(html));
  const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
  response.setHeader('Content-Security-Policy', policy);
  response.end(html);
}
