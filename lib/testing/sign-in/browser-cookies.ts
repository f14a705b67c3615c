import { parseSetCookie, type SetCookie } from 'cookie';
import type { BrowserCookie } from './sign-in.interface.js';

const SAME_SITE = { strict: 'Strict', lax: 'Lax', none: 'None' } as const;

/** The `Cookie` header of a browser that was sent these `Set-Cookie` lines. */
export function cookieHeader(setCookies: readonly string[]): string {
  return setCookies.map((line) => line.split(';', 1).join()).join('; ');
}

/** The cookies that a browser keeps for an application, from their `Set-Cookie` lines. */
export function browserCookies(setCookies: readonly string[], origin: string): BrowserCookie[] {
  const { hostname } = new URL(origin);
  // A value is kept as it is on the wire, so nothing is decoded.
  return setCookies.map((line) => toBrowserCookie(parseSetCookie(line, { decode: String }), hostname));
}

function toBrowserCookie(cookie: SetCookie, hostname: string): BrowserCookie {
  const { name, value = '', domain, path = '/', maxAge, sameSite } = cookie;
  return {
    name,
    value,
    // The dot says that subdomains get it as well.
    domain: domain === undefined ? hostname : `.${domain}`,
    path,
    ...(maxAge !== undefined && { expires: Math.floor(Date.now() / 1000) + maxAge }),
    httpOnly: cookie.httpOnly === true,
    secure: cookie.secure === true,
    sameSite: SAME_SITE[typeof sameSite === 'string' ? sameSite : 'lax'],
  };
}
