import { parse, serialize, type SerializeOptions } from 'cookie';
import type { HttpRequest } from '../interfaces/http.interface.js';
import { isUpgrade, rawRequest, sentHeader } from './http-request.js';

/** The largest `name=value; attributes` line that every browser keeps (RFC 6265 section 6.1). */
export const MAX_COOKIE_BYTES = 4096;

/** One cookie of a request. The same name may come twice: from another path or a parent domain. */
export interface RequestCookie {
  readonly name: string;
  readonly value: string;
}

/**
 * The cookies of a request whose name begins with a prefix, in the order the browser sent them, duplicates included. A
 * value that cannot be decoded is given as it stands: somebody else's broken cookie is none of our business.
 */
export function requestCookies(request: HttpRequest, prefix: string): RequestCookie[] {
  // What a client of a GraphQL socket sends after the handshake may be among the headers, but is no cookie.
  const sent = isUpgrade(request) ? sentHeader(request, 'cookie') : rawRequest(request).headers.cookie;
  const header = sent ?? '';
  const cookies: RequestCookie[] = [];
  // One pair at a time, because a parser that answers an object keeps only one of two cookies with the same name.
  for (const pair of header.split(';')) {
    if (!pair.trimStart().startsWith(prefix)) continue;
    for (const [name, value = ''] of Object.entries(parse(pair))) cookies.push({ name, value });
  }
  return cookies;
}

/** A `Set-Cookie` line. The values of this library need no escaping, so none is done. */
export function serializeCookie(name: string, value: string, options: SerializeOptions): string {
  return serialize(name, value, { ...options, encode: String });
}

/** What follows the value in a `Set-Cookie` line, for values that are known to be harmless. */
export function serializeAttributes(options: SerializeOptions): string {
  return serialize('_', '', options).slice('_='.length);
}

/** The `Set-Cookie` line that removes a cookie; domain and path must be those it was set with. */
export function serializeExpiredCookie(name: string, options: SerializeOptions): string {
  return serializeCookie(name, '', { ...options, maxAge: 0 });
}
