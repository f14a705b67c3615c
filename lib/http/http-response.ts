import type { ServerResponse } from 'node:http';
import type { HttpResponse } from '../interfaces/http.interface.js';

interface FastifyReplyLike {
  readonly raw: ServerResponse;
  header(name: string, value: string): unknown;
  getHeader(name: string): unknown;
  code(statusCode: number): FastifyReplyLike;
  send(body: string): unknown;
}

/** The `node:http` response underneath, the same object for every wrapper of one response. */
export function rawResponse(response: HttpResponse): ServerResponse {
  return 'raw' in response ? response.raw : response;
}

/** Whether a value of any kind is a response. */
export function isHttpResponse(value: unknown): value is HttpResponse {
  if (typeof value !== 'object' || value === null) return false;
  const { setHeader } = Object(rawResponse(value as HttpResponse)) as Partial<ServerResponse>;
  return typeof setHeader === 'function';
}

/** Adds a `Set-Cookie` line beside those that are there. */
export function appendSetCookie(response: HttpResponse, cookie: string): void {
  const reply = fastifyReply(response);
  // Fastify keeps headers of its own until it sends, and appends when the name is set-cookie.
  if (reply) reply.header('set-cookie', cookie);
  else rawResponse(response).appendHeader('Set-Cookie', cookie);
}

/** A method of Node without documentation, which is called once no header can change any more; HTTP/2 has none. */
type Storing = ServerResponse & { _storeHeader?(firstLine: string, headers: unknown): void };

/**
 * Keeps `Set-Cookie` lines behind all others: browsers keep the last of two cookies with one name. Session middleware that
 * came before writes its cookie after this library has, and cookie-session removes every line of the same name.
 *
 * @param lines asked for when the headers are final
 */
export function keepSetCookiesLast(response: Storing, lines: () => readonly string[]): void {
  const store = response._storeHeader?.bind(response);
  if (!store) return;
  response._storeHeader = (firstLine, headers) => {
    const own = lines();
    if (own.length > 0) {
      const others = [response.getHeader('Set-Cookie') ?? []].flat().map(String);
      response.setHeader('Set-Cookie', [...others.filter((line) => !own.includes(line)), ...own]);
    }
    store(firstLine, headers);
  };
}

/** Sets a header, replacing what was there. */
export function setHeader(response: HttpResponse, name: string, value: string): void {
  const reply = fastifyReply(response);
  if (reply) reply.header(name, value);
  else rawResponse(response).setHeader(name, value);
}

/** Reads a header that was set before. */
export function getHeader(response: HttpResponse, name: string): string | undefined {
  const value = fastifyReply(response)?.getHeader(name) ?? rawResponse(response).getHeader(name);
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** Sends a whole response, unless one is on its way already. */
export function sendText(response: HttpResponse, statusCode: number, body = '', contentType?: string): void {
  const raw = rawResponse(response);
  if (raw.headersSent || raw.writableEnded) return;
  if (contentType !== undefined) setHeader(response, 'Content-Type', contentType);
  const reply = fastifyReply(response);
  if (reply) {
    reply.code(statusCode).send(body);
    return;
  }
  raw.statusCode = statusCode;
  raw.setHeader('Content-Length', Buffer.byteLength(body));
  raw.end(body);
}

function fastifyReply(response: HttpResponse): FastifyReplyLike | undefined {
  return 'raw' in response && 'header' in response ? (response as FastifyReplyLike) : undefined;
}
