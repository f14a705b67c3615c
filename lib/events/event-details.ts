import { WristbandException } from '../errors/wristband.exception.js';
import type { EventFailure, EventSubject } from './wristband-event.js';

/** Whom a session, or a user, is about. What is in a session was typed by the application: only text counts. */
export function subjectOf(fields: object): EventSubject {
  const { userId, tenantId } = fields as { readonly userId?: unknown; readonly tenantId?: unknown };
  return {
    ...(typeof userId === 'string' && { userId }),
    ...(typeof tenantId === 'string' && { tenantId }),
  };
}

/** Why something failed, in words that never change. */
export function failureOf(error: unknown): EventFailure {
  if (!(error instanceof WristbandException)) return { reason: 'unexpected' };
  const { code, oauthError } = error;
  return { reason: code, ...(oauthError && { oauthError: oauthErrorCode(oauthError.error) }) };
}

/** As every standard writes one: at the Callback Endpoint anybody can say anything, also what looks like a token. */
export function oauthErrorCode(error: string): string {
  return /^[a-z_]{1,50}$|^http_\d{3}$/.test(error) ? error : 'unknown_error';
}

/** What an error says, if it is one of ours: those never quote a secret. */
export function problemOf(error: unknown): string {
  return error instanceof WristbandException ? error.message : 'an unexpected error';
}
