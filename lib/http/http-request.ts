import type { IncomingMessage } from 'node:http';
import type { HttpRequest } from '../interfaces/http.interface.js';

type HasHeaders = Pick<IncomingMessage, 'headers'>;

/** The `node:http` request underneath, the same object for every wrapper of one request. */
export function rawRequest(request: HttpRequest): IncomingMessage {
  return 'raw' in request ? request.raw : request;
}

/** Whether something that may be anything is a request. */
export function isHttpRequest(value: unknown): value is HttpRequest {
  if (typeof value !== 'object' || value === null) return false;
  const { headers } = rawRequest(value as HttpRequest) ?? {};
  return typeof headers === 'object' && headers !== null;
}

/** Whether a request opened a WebSocket: pages cannot set this header themselves. */
export function isUpgrade(request: HttpRequest): boolean {
  const { method, headers } = rawRequest(request);
  return (method ?? 'GET') === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * The host (with port) that the browser asked for. Express and Fastify read `X-Forwarded-Host` only when the application
 * told them which proxies to trust.
 */
export function requestHost(request: HttpRequest): string {
  const { host, hostname } = request as { readonly host?: unknown; readonly hostname?: unknown };
  if (typeof host === 'string') return host;
  const { headers } = rawRequest(request);
  const sent = headers.host ?? String(headers[':authority'] ?? '');
  if (typeof hostname !== 'string') return sent;
  // Fastify gives middleware the plain request, with the host name that it trusts but without the port.
  const forwarded = String(headers['x-forwarded-host'] ?? '');
  const candidates = [forwarded.slice(forwarded.lastIndexOf(',') + 1).trim(), sent];
  return candidates.find((one) => one === hostname || one.startsWith(`${hostname}:`)) ?? hostname;
}

/**
 * The host at which a socket was opened. A GraphQL server may add what the client sends later to the headers: what the
 * platform reads from them counts only where it came with the handshake.
 */
export function handshakeHost(request: HttpRequest): string {
  const host = requestHost(request);
  const forwarded = sentHeader(request, 'x-forwarded-host')?.split(',') ?? [];
  return forwarded.some((one) => one.trim() === host) ? host : (sentHeader(request, 'host') ?? '');
}

/**
 * The path that a trusted proxy removed from the beginning of the URL, as it says in `X-Forwarded-Prefix`. Of several
 * proxies each adds its own to the list, the outermost first.
 */
export function forwardedPrefix(request: HttpRequest): string | undefined {
  const given = rawRequest(request).headers['x-forwarded-prefix'];
  if (given === undefined || !isProxyTrusted(request)) return undefined;
  const prefix = String(given)
    .split(',')
    .map((one) => one.trim().replace(/\/$/, ''))
    .join('');
  return /^(?:\/[\w.~!$&'()*+;=:@%-]+)*$/.test(prefix) ? prefix : undefined;
}

/** Neither platform says this for other headers than its own, so it is asked how it would read one. */
function isProxyTrusted(request: HttpRequest): boolean {
  const forwarded = 'forwarded.invalid';
  const headers = { host: '', 'x-forwarded-host': forwarded };
  const probe = Object.create(request, { headers: { value: headers } }) as { readonly host?: unknown };
  return probe.host === forwarded;
}

/** The value of a header as it came from the client, whatever was changed since; of several all, with commas. */
export function sentHeader(request: HttpRequest, header: string): string | undefined {
  // A request that an application made up for a socket has only what it put there.
  const { headers, rawHeaders } = rawRequest(request) as Partial<IncomingMessage> & HasHeaders;
  if (!rawHeaders || rawHeaders.length === 0) return headers[header]?.toString();
  const sent = sentHeaders(rawHeaders, header);
  return sent.length > 0 ? sent.join(header === 'cookie' ? '; ' : ', ') : undefined;
}

/** Every `Authorization` header that came: of several Node keeps the first and says nothing. */
export function authorizationHeaders(request: HttpRequest): string[] {
  const { headers, rawHeaders = [] } = rawRequest(request) as Partial<IncomingMessage> & HasHeaders;
  if (headers.authorization === undefined) return [];
  const sent = sentHeaders(rawHeaders, 'authorization');
  // The application may have put another one in the place of what was sent.
  return sent.length > 1 ? sent : [headers.authorization];
}

function sentHeaders(rawHeaders: readonly string[], header: string): string[] {
  // Names and values take turns.
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === header);
}

/** The Express application or Fastify instance that a request came to. */
export function requestServer(request: HttpRequest): object | undefined {
  const { app, server } = request as { app?: unknown; server?: unknown };
  const found = app ?? server;
  return typeof found === 'object' || typeof found === 'function' ? (found ?? undefined) : undefined;
}

/** The query string of the request, parsed without a framework's nesting rules. */
export function requestQuery(request: HttpRequest): URLSearchParams {
  const url = rawRequest(request).url ?? '';
  const start = url.indexOf('?');
  return new URLSearchParams(start === -1 ? '' : url.slice(start + 1));
}

/** HEAD and speculative loads: nobody is looking at the answer, so nothing may be started by them. */
export function isSpeculative(request: HttpRequest): boolean {
  return rawRequest(request).method === 'HEAD' || isPrefetch(request);
}

/** Whether a browser loads a page ahead of a click that may never come; a prerendered page is one of these. */
export function isPrefetch(request: HttpRequest): boolean {
  const { headers } = rawRequest(request);
  const purpose = `${String(headers['sec-purpose'] ?? '')} ${String(headers.purpose ?? '')}`;
  return /\bprefetch\b/i.test(purpose);
}

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
