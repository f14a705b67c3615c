import type { SerializeOptions } from 'cookie';
import type { ResolvedSessionOptions } from '../../config/resolved-options.js';
import {
  MAX_COOKIE_BYTES,
  requestCookies,
  serializeAttributes,
  serializeCookie,
  serializeExpiredCookie,
} from '../../http/cookies.js';
import type { HttpRequest } from '../../interfaces/http.interface.js';
import type { StoredSession } from '../session.js';
import { remainingLifetime } from '../session-lifetime.js';
import { splitValue } from './cookie-family.js';

/**
 * The `Set-Cookie` lines of a session, with that of its CSRF token, or `undefined` when it is too large. With `maxAge` 0 the
 * browser keeps them until it is closed. Cookies of the request that the session no longer needs are removed.
 *
 * @param sealed what the session's cookies hold
 * @param present names of this session's cookies in the request
 */
export function sessionCookies(
  sealed: string,
  { createdAt, fields }: StoredSession,
  present: readonly string[],
  options: ResolvedSessionOptions,
): string[] | undefined {
  const lifetime = remainingLifetime(createdAt, options);
  const attributes = serializedAttributes(lifetime, options);
  const room = (name: string) => MAX_COOKIE_BYTES - `${name}=${attributes}`.length;
  const parts = splitValue(options.cookieName, sealed, options.maxCookies, room);
  if (parts === undefined) return undefined;
  const leftovers = present.filter((name) => !parts.some((part) => part.name === name));
  // A sealed value is base64url and dots, so nothing in it needs to be escaped or looked at again.
  const lines = parts.map(({ name, value }) => `${name}=${value}${attributes}`);
  lines.push(...expired(leftovers, options));
  const { csrfToken } = fields;
  if (options.enableCsrfProtection && typeof csrfToken === 'string')
    lines.push(csrfCookie(csrfToken, lifetime, options));
  return lines;
}

const lastAttributes = new WeakMap<
  ResolvedSessionOptions,
  { readonly lifetime: number | undefined; readonly text: string }
>();

/** Put together once: as long as no absolute end is near, the lifetime is always the same. */
function serializedAttributes(lifetime: number | undefined, options: ResolvedSessionOptions): string {
  const last = lastAttributes.get(options);
  if (last && last.lifetime === lifetime) return last.text;
  const text = serializeAttributes({ ...sessionAttributes(options), ...browserAge(lifetime, options) });
  lastAttributes.set(options, { lifetime, text });
  return text;
}

/** The `Set-Cookie` line of the CSRF token: for scripts to read, and as long as the session. */
function csrfCookie(token: string, lifetime: number | undefined, options: ResolvedSessionOptions): string {
  return serializeCookie(options.csrfCookieName, token, {
    ...csrfAttributes(options),
    ...browserAge(lifetime, options),
  });
}

/** The values of the CSRF cookie that a request brings; several when another host or path of the site has set one as well. */
export function csrfCookiesOf(request: HttpRequest, options: ResolvedSessionOptions): readonly string[] {
  const { enableCsrfProtection, csrfCookieName } = options;
  if (!enableCsrfProtection) return [];
  return requestCookies(request, csrfCookieName).flatMap(({ name, value }) =>
    name === csrfCookieName ? [value] : [],
  );
}

/**
 * The `Set-Cookie` line of a CSRF token that the browser does not bring: the cookie was lost, or another application has
 * overwritten it. None when it is there.
 */
export function missingCsrfCookie(
  { createdAt, fields: { csrfToken } }: StoredSession,
  brought: readonly string[],
  options: ResolvedSessionOptions,
): string[] {
  const isKnown = options.enableCsrfProtection && typeof csrfToken === 'string';
  if (!isKnown || brought.includes(csrfToken)) return [];
  return [csrfCookie(csrfToken, remainingLifetime(createdAt, options), options)];
}

/**
 * The `Set-Cookie` lines that remove everything a session left in the browser; none when it left nothing.
 *
 * @param present names of this session's cookies in the request
 */
export function expiredCookies(present: readonly string[], options: ResolvedSessionOptions): string[] {
  if (present.length === 0) return [];
  const session = expired(present, options);
  if (!options.enableCsrfProtection) return session;
  return [...session, ...expiredEverywhere(options.csrfCookieName, csrfAttributes(options))];
}

/** The largest fields of a session with their size, for the message that says why it does not fit. */
export function largestFields(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([name, value]) => ({ name, bytes: Buffer.byteLength(JSON.stringify(value) ?? '') }))
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, 3)
    .map(({ name, bytes }) => `${name} (${bytes} bytes)`)
    .join(', ');
}

function expired(names: readonly string[], options: ResolvedSessionOptions): string[] {
  return names.flatMap((name) => expiredEverywhere(name, sessionAttributes(options)));
}

/**
 * Also for the host alone, and outside of partitions: a cookie from before the domain or `partitioned` was configured would
 * bring the old session back.
 */
function expiredEverywhere(name: string, { domain, partitioned, ...attributes }: SerializeOptions): string[] {
  const scopes = domain === undefined ? [{}] : [{ domain }, {}];
  const jars = partitioned ? [{ partitioned }, {}] : [{}];
  return scopes.flatMap((scope) =>
    jars.map((jar) => serializeExpiredCookie(name, { ...attributes, ...scope, ...jar })),
  );
}

function sessionAttributes({ domain, ...options }: ResolvedSessionOptions): SerializeOptions {
  const { path, sameSite, secure, partitioned } = options;
  return { httpOnly: true, path, sameSite, secure, partitioned, ...(domain !== undefined && { domain }) };
}

function csrfAttributes({ csrfCookieDomain: domain, ...options }: ResolvedSessionOptions): SerializeOptions {
  const { path, sameSite, secure, partitioned } = options;
  return { path, sameSite, secure, partitioned, ...(domain !== undefined && { domain }) };
}

function browserAge(lifetime: number | undefined, { maxAge }: ResolvedSessionOptions): SerializeOptions {
  return maxAge > 0 && lifetime !== undefined ? { maxAge: lifetime } : {};
}
