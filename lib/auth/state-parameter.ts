import type { Sealer } from '../crypto/sealer.js';
import { isJsonObject } from '../json/json.js';

/** What is known of a sign-in when the browser comes back without its login state cookie. */
export interface StateNotes {
  readonly returnUrl?: string | undefined;
  /** Whether it was started because one before had failed. */
  readonly isRetry?: boolean | undefined;
}

/** Wristband takes no longer `state`. @see https://docs.wristband.dev/reference/authorizev1 */
const MAX_STATE = 512;
/** Seconds. Longer than a login state lives: who left the login page open over lunch still lands where they were. */
const NOTES_LIFETIME = 86_400;
/** Seconds in which a retry must fail again to count as a circle; later it is somebody who pressed the back button. */
const CIRCLE_TIME = 300;

/**
 * The `state` of an authorize request: the ID of the login state, and after a dot the sealed notes, if there are any and
 * they fit. Without a cookie this is all that comes back.
 */
export function stateParameter(id: string, { returnUrl, isRetry }: StateNotes, sealer: Sealer): string {
  const sealed = (notes: StateNotes) => `${id}.${sealer.seal(JSON.stringify(notes), NOTES_LIFETIME)}`;
  const retry = isRetry ? { isRetry } : {};
  const whole = returnUrl !== undefined ? sealed({ returnUrl, ...retry }) : undefined;
  if (whole !== undefined && whole.length <= MAX_STATE) return whole;
  return isRetry ? sealed(retry) : id;
}

/** The ID of the login state in a `state`. */
export function loginStateId(state: string): string {
  const end = state.indexOf('.');
  return end === -1 ? state : state.slice(0, end);
}

/** Whether a `state` looks like one of this library; any other one was sent by nobody who began a sign-in. */
export function isLikeState(state: string): boolean {
  return /^[\w-]{43}$/.test(loginStateId(state));
}

/** The notes in a `state`; none when they are not ours, or too old. */
export function stateNotes(state: string, sealer: Sealer, now = Date.now()): StateNotes {
  const unsealed = sealer.open(state.slice(loginStateId(state).length + 1), now);
  if (!unsealed || !isJsonObject(unsealed.data)) return {};
  const { returnUrl, isRetry } = unsealed.data;
  return {
    ...(typeof returnUrl === 'string' && { returnUrl }),
    ...(isRetry === true && { isRetry: now / 1000 - unsealed.issuedAt < CIRCLE_TIME }),
  };
}
