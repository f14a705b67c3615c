import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A new CSRF token; base64url, so that a front end can read it from `document.cookie` without decoding. */
export function createCsrfToken(): string {
  return randomBytes(24).toString('base64url');
}

/** Compares without telling by the time it takes how much of a token was right, whatever the lengths. */
export function isSameToken(expected: string, given: string): boolean {
  return timingSafeEqual(digest(expected), digest(given));
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
