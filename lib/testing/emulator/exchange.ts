import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseJson } from '../../json/json.js';
import type { EmulatorCall, EmulatorEndpoint } from './emulator-fault.interface.js';
import type { ResolvedEmulatorTenant } from './emulator-options.interface.js';

/** One request with its body read, and the response to it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly body: string;
  readonly form: URLSearchParams;
  /** The tenant of the host; undefined on the vanity host. */
  readonly tenant?: ResolvedEmulatorTenant;
}

/** Reads a request to its end. */
export async function readBody(request: IncomingMessage): Promise<string> {
  return Buffer.concat(await request.toArray()).toString('utf8');
}

/** The form in a body, empty when the body is something else. */
export function parseForm(request: IncomingMessage, body: string): URLSearchParams {
  return new URLSearchParams(hasContentType(request, 'application/x-www-form-urlencoded') ? body : '');
}

/** What the call log keeps of an exchange. */
export function describeCall(
  endpoint: EmulatorEndpoint,
  { request, url, body, form }: Exchange,
): EmulatorCall {
  return {
    endpoint,
    method: request.method ?? '',
    host: request.headers.host ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    body,
    form: Object.fromEntries(form),
    json: jsonBody(request, body),
  };
}

/** The JSON value in a body; undefined when the body is something else. */
export function jsonBody(request: IncomingMessage, body: string): unknown {
  return hasContentType(request, 'application/json') ? parseJson(body) : undefined;
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** Sends the browser somewhere else. */
export function sendRedirect(response: ServerResponse, location: URL | string): void {
  response.writeHead(302, { location: String(location), 'cache-control': 'no-store' }).end();
}

function hasContentType(request: IncomingMessage, type: string): boolean {
  return request.headers['content-type']?.toLowerCase().startsWith(type) ?? false;
}
