import type { SerializeOptions } from 'cookie';
import type { ResolvedOptions } from '../config/resolved-options.js';
import {
  MAX_COOKIE_BYTES,
  type RequestCookie,
  serializeCookie,
  serializeExpiredCookie,
} from '../http/cookies.js';
import { LOGIN_STATE_LIFETIME } from './login-state.js';

/** How many sign-ins one browser may have under way, for several tabs. */
const MAX_LOGINS = 3;
/** What these cookies are called; before it stands the name of the application, if it has one. */
const PREFIX = 'login#';
const NAME = /^(?:__Host-)?(?:\w+-)?login#([\w-]{1,128})#(\d{1,16})$/;

interface LoginCookie {
  readonly name: string;
  readonly value: string;
  readonly state: string;
  readonly createdAt: number;
}

/** Attributes of the login state cookie; a cookie is only removed by the same ones. */
export interface LoginCookieAttributes {
  readonly prefix: string;
  readonly secure: boolean;
  /** What the way back from Wristband, which is another site, allows: `none` in a frame. */
  readonly sameSite: 'lax' | 'none';
  readonly partitioned: boolean;
  readonly domain?: string | undefined;
}

/** What the cookies of a sign-in under way have in common. */
export function signInCookieAttributes({
  session,
  dangerouslyDisableSecureCookies,
}: Pick<ResolvedOptions, 'session' | 'dangerouslyDisableSecureCookies'>): Omit<
  LoginCookieAttributes,
  'prefix' | 'domain'
> {
  const sameSite = session?.sameSite === 'none' ? 'none' : 'lax';
  // Browsers drop cookies of SameSite=None that are not Secure.
  const secure = !dangerouslyDisableSecureCookies || sameSite === 'none';
  return { secure, sameSite, partitioned: session?.partitioned === true };
}

/**
 * How the names of the login state cookies of an application begin.
 *
 * @param isHostOnly whether browsers have to refuse such a cookie from any other host, a sibling subdomain's included
 */
export function loginCookiePrefix(application: string | undefined, isHostOnly: boolean): string {
  const own = application === undefined ? PREFIX : `${application}-${PREFIX}`;
  return isHostOnly ? `__Host-${own}` : own;
}

/** The `Set-Cookie` line for a sealed login state, or `undefined` when browsers would drop it for its size. */
export function loginStateCookie(
  state: string,
  sealed: string,
  attributes: LoginCookieAttributes,
  now = Date.now(),
): string | undefined {
  const cookie = serializeCookie(`${attributes.prefix}${state}#${now}`, sealed, {
    ...cookieOptions(attributes),
    maxAge: LOGIN_STATE_LIFETIME,
  });
  return Buffer.byteLength(cookie) <= MAX_COOKIE_BYTES ? cookie : undefined;
}

/** The sealed values of the request's cookies for a `state`. */
export function sealedLoginStates(cookies: readonly RequestCookie[], state: string): string[] {
  return loginCookies(cookies)
    .filter((cookie) => cookie.state === state)
    .map(({ value }) => value);
}

/** The `Set-Cookie` lines that end the sign-in with a `state`. */
export function clearLoginState(
  cookies: readonly RequestCookie[],
  state: string,
  attributes: LoginCookieAttributes,
): string[] {
  return loginCookies(cookies)
    .filter((cookie) => cookie.state === state)
    .map(({ name }) => serializeExpiredCookie(name, cookieOptions(attributes)));
}

/** The `Set-Cookie` lines that make room for one more sign-in: the oldest go, foreign names are left alone. */
export function evictOldestLogins(
  cookies: readonly RequestCookie[],
  attributes: LoginCookieAttributes,
): string[] {
  // Browsers send older cookies first, which decides between equal times.
  const newestFirst = loginCookies(cookies)
    .toReversed()
    .toSorted((a, b) => b.createdAt - a.createdAt);
  return newestFirst
    .slice(MAX_LOGINS - 1)
    .map(({ name }) => serializeExpiredCookie(name, cookieOptions(attributes)));
}

function loginCookies(cookies: readonly RequestCookie[]): LoginCookie[] {
  return cookies.flatMap(({ name, value }) => {
    const [, state, createdAt] = NAME.exec(name) ?? [];
    return state === undefined ? [] : [{ name, value, state, createdAt: Number(createdAt) }];
  });
}

function cookieOptions({ domain, ...attributes }: LoginCookieAttributes): SerializeOptions {
  const { secure, sameSite, partitioned } = attributes;
  return {
    httpOnly: true,
    path: '/',
    sameSite,
    secure,
    partitioned,
    ...(domain !== undefined && { domain }),
  };
}
