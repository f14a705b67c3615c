import { WristbandException, type WristbandErrorCode } from '../errors/wristband.exception.js';

/** From what says most to what says least: a forbidden request, an outage, a bad credential, none at all. */
const BY_MEANING: readonly WristbandErrorCode[] = [
  'csrf_failed',
  'wristband_unavailable',
  'session_store_unavailable',
  'token_refresh_failed',
  'invalid_token',
  'not_authenticated',
];

/**
 * Of the failures of several strategies the one to answer with: by what it means, not by the order of the strategies.
 * Anything unexpected comes first, so that no mistake hides behind a 401.
 */
export function mostTelling(failures: readonly unknown[]): unknown {
  const rank = (error: unknown) =>
    error instanceof WristbandException ? BY_MEANING.indexOf(error.code) : -1;
  return failures.toSorted((a, b) => rank(a) - rank(b))[0];
}
