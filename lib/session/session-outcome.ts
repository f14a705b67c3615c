import { subjectOf } from '../events/event-details.js';
import type { SessionEnd, WristbandEvent } from '../events/wristband-event.js';
import type { ReceivedSession } from './received-session.js';
import type { Decision } from './keepers/session-keeper.interface.js';
import type { WristbandErrorCode, WristbandException } from '../errors/wristband.exception.js';
import type { StoredSession } from './session.js';

/**
 * What became of a session with a response that sets its cookies.
 *
 * @param brought the session of the request
 * @param isEnded whether it was ended on purpose
 */
export function sessionOutcome(
  brought: ReceivedSession | undefined,
  { snapshot: { stored, isDestroyed }, isRenewal, error }: Decision,
  isEnded: boolean,
): WristbandEvent[] {
  if (error) return [];
  const end = (reason: SessionEnd): WristbandEvent[] =>
    brought ? [{ type: 'session.destroyed', reason, ...subjectOf(brought.fields) }] : [];
  if (isDestroyed) return end(isEnded ? 'signed_out' : 'refresh_refused');
  const subject = subjectOf(stored.fields);
  if (stored.id !== brought?.id) return [...end('replaced'), { type: 'session.created', ...subject }];
  return isRenewal ? [{ type: 'session.rolled', ...subject }] : [];
}

const UNWRITABLE: {
  readonly [Code in WristbandErrorCode]?: 'session.too_large' | 'session.not_serializable';
} = {
  session_too_large: 'session.too_large',
  session_not_serializable: 'session.not_serializable',
};

/** Why a session cannot be written, where that is the fault of what is in it. */
export function sessionProblem(
  { code, message }: WristbandException,
  { fields }: StoredSession,
): WristbandEvent | undefined {
  const type = UNWRITABLE[code];
  return type && { type, problem: message, ...subjectOf(fields) };
}
