import { WristbandException } from '../errors/wristband.exception.js';
import type { TokenData } from '../interfaces/auth-flow.interface.js';
import { jsonProblem } from '../json/json-problem.js';
import { isUntouched, type ReceivedSession } from './received-session.js';
import { isReserved, reserved, type StoredSession, WristbandSession } from './session.js';

/** A session that is open for the time of one request. */
export interface OpenSession {
  readonly session: WristbandSession;
  readonly received: ReceivedSession | undefined;
  /** How many changes of sessions there had been when this one was found, where that matters. */
  readonly changesBefore?: number | undefined;
  /** Seconds since the epoch at which the session's cookie was written, where it is not kept in that. */
  readonly cookieIssuedAt?: number | undefined;
  /** Names of the request's cookies that hold, or pretend to hold, this session. */
  readonly cookieNames: readonly string[];
  /** Values of the request's CSRF cookies. */
  readonly csrfCookies: readonly string[];
}

/** What of a session decides about what is written. */
export interface Snapshot {
  readonly isDestroyed: boolean;
  readonly isSaveRequested: boolean;
  readonly stored: StoredSession;
  /** Absent when the session cannot be written, and the error says why. */
  readonly json?: string;
  readonly error?: WristbandException;
}

/** Whether nobody did anything to a session since it came. */
export function isAsReceived({ session, received }: OpenSession): boolean {
  const { isDestroyed, isSaveRequested } = WristbandSession.stateOf(session);
  if (isDestroyed || isSaveRequested || !received) return false;
  try {
    return isUntouched(session, received);
  } catch {
    // A value that cannot become a text: whoever writes the session says so.
    return false;
  }
}

export function snapshotOf({ session, received }: OpenSession): Snapshot {
  const { id, createdAt, isDestroyed, isSaveRequested } = WristbandSession.stateOf(session);
  try {
    // Most sessions are as they came: that is found out without a copy, and without turning them into text.
    if (received && isUntouched(session, received))
      return { isDestroyed, isSaveRequested, stored: received, json: received.json };
    // oxlint-disable-next-line typescript/no-misused-spread -- its own properties are its fields
    const stored = { id, createdAt, fields: { ...session } };
    assertSerializable(stored.fields);
    return { isDestroyed, isSaveRequested, stored, json: JSON.stringify(stored) };
  } catch (cause) {
    const stored = { id, createdAt, fields: received?.fields ?? {} };
    return { isDestroyed, isSaveRequested, stored, error: notWritable(cause) };
  }
}

export function isSameSnapshot(a: Snapshot, b: Snapshot): boolean {
  const areFlagsSame = a.isDestroyed === b.isDestroyed && a.isSaveRequested === b.isSaveRequested;
  return areFlagsSame && a.json === b.json && a.error?.message === b.error?.message;
}

/** The error of a session that cannot be written. */
export function notWritable(cause: unknown): WristbandException {
  if (cause instanceof WristbandException) return cause;
  const message = 'The session cannot be written: one of its values fails when it is turned into text';
  return new WristbandException('session_not_serializable', message, { cause });
}

/**
 * A slow request writes what it read before another one refreshed: its tokens would replace the newer ones, and the spent
 * refresh token would end the sign-in when it is used again.
 */
export function withTokens(
  stored: StoredSession,
  { accessToken, expiresAt, refreshToken }: TokenData,
): StoredSession {
  const { id, createdAt, fields } = stored;
  return { id, createdAt, fields: { ...fields, accessToken, expiresAt, refreshToken } };
}

/** The same for a session as it was received, so that the tokens do not count as changed by this request. */
export function withReceivedTokens(received: ReceivedSession, tokens: TokenData): ReceivedSession {
  const { id, createdAt, fields } = withTokens(received, tokens);
  return { ...received, fields, json: JSON.stringify({ id, createdAt, fields }) };
}

/** @throws {WristbandException} `invalid_session_field`, `session_not_serializable` */
export function assertSerializable(fields: StoredSession['fields']): void {
  const taken = Object.keys(fields).find(isReserved);
  if (taken !== undefined) throw reserved(taken);
  const problem = jsonProblem(fields);
  if (problem === undefined) return;
  const message = `A session keeps only what JSON can carry. Leave out or convert ${problem}`;
  throw new WristbandException('session_not_serializable', message);
}
