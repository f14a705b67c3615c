import type { HttpResponse } from '../interfaces/http.interface.js';
import { getHeader, setHeader } from './http-response.js';

const SHARED_OR_STORED =
  /^(public|private|no-store|(max-age|s-maxage|stale-[a-z-]+)=.*|immutable|must-understand)$/i;

/** Forbids every cache to keep the answers of login, callback, logout, session and token endpoints. */
export function forbidCaching(response: HttpResponse): void {
  setHeader(response, 'Cache-Control', 'private, no-store');
  setHeader(response, 'Pragma', 'no-cache');
}

/**
 * Marks a response that depends on a session: never stored, whatever the handler asked for, and different for
 * each `Cookie`. One user's answer in a shared cache would be an account takeover.
 */
export function markAsPersonal(response: HttpResponse): void {
  setHeader(response, 'Cache-Control', privateCacheControl(getHeader(response, 'Cache-Control')));
  setHeader(response, 'Vary', varyByCookie(getHeader(response, 'Vary')));
}

/** `Cache-Control` with `private, no-store` and without anything that would let an answer be kept. */
export function privateCacheControl(current = ''): string {
  const kept = listItems(current).filter((directive) => !SHARED_OR_STORED.test(directive));
  return ['private', 'no-store', ...kept].join(', ');
}

/** `Vary` with `Cookie` among its names. */
export function varyByCookie(current = ''): string {
  const names = listItems(current);
  if (names.includes('*') || names.some((name) => name.toLowerCase() === 'cookie')) return current;
  return [...names, 'Cookie'].join(', ');
}

function listItems(header: string): string[] {
  return header
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
