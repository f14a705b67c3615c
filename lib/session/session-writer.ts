import type { ResolvedSessionOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { MAX_COOKIE_BYTES } from '../http/cookies.js';
import type { TokenData } from '../interfaces/auth-flow.interface.js';
import { jsonProblem } from './json-problem.js';
import {
  csrfCookie,
  expiredCookies,
  largestFields,
  remainingLifetime,
  sessionCookies,
} from './session-cookies.js';
import type { EndedSessions } from './ended-sessions.js';
import type { RecentChanges } from './recent-changes.js';
import { isUntouched, type ReceivedSession, type SealedSessions } from './sealed-sessions.js';
import { isReserved, type StoredSession, WristbandSession } from './session.js';

/** A session that is open for the time of one request. */
export interface OpenSession {
  readonly session: WristbandSession;
  readonly received: ReceivedSession | undefined;
  /** How many changes of sessions there had been when this one was opened. */
  readonly changesBefore: number;
  /** Names of the request's cookies that hold, or pretend to hold, this session. */
  readonly cookieNames: readonly string[];
}

/** What of a session decides about its cookies. */
interface Snapshot {
  readonly isDestroyed: boolean;
  readonly isSaveRequested: boolean;
  readonly stored: StoredSession;
  /** Absent when the session cannot be written, and the error says why. */
  readonly json?: string;
  readonly error?: WristbandException;
}

/** What a response has to say about a session: cookies to set, or why that cannot be. */
export interface Decision {
  readonly snapshot: Snapshot;
  readonly cookies: readonly string[];
  /** What is sealed in the cookies. */
  readonly sealedJson?: string;
  readonly error?: WristbandException;
}

/** What it takes to write a session. */
export interface WritingTools {
  readonly options: ResolvedSessionOptions;
  readonly sealed: SealedSessions;
  readonly ended: EndedSessions;
  readonly changes: RecentChanges;
  /** The tokens that have replaced those of a refresh token meanwhile. */
  readonly newestTokens: (refreshToken: string) => TokenData | undefined;
}

/**
 * Decides what a response writes: nothing, the same again because that is due, what changed, or the end.
 *
 * @param known what was decided before, so that the same is not sealed twice
 */
export function decide(opened: OpenSession, tools: WritingTools, known?: Decision): Decision {
  const snapshot = snapshotOf(opened);
  const { isDestroyed, stored, json, error } = snapshot;
  try {
    if (isDestroyed) return { snapshot, cookies: endingCookies(opened, tools) };
    // Ended by another request meanwhile: to write it would bring it back, to remove it could hit the next sign-in.
    if (tools.ended.has(stored)) return { snapshot, cookies: [] };
    if (json === undefined) throw error;
    if (!isWriteDue(opened, snapshot, tools)) return { snapshot, cookies: [] };
    const newest = newestTokensFor(stored, tools);
    const toSeal = newest ? withTokens(stored, newest) : stored;
    const sealedJson = newest ? JSON.stringify(toSeal) : json;
    if (known?.sealedJson === sealedJson) return { ...known, snapshot };
    return { snapshot, sealedJson, cookies: seal(toSeal, sealedJson, opened, tools) };
  } catch (cause) {
    return { snapshot, cookies: rescuedCookies(opened, tools), error: notWritable(cause) };
  }
}

/** What there is to say about a session that is opened when the headers are gone. */
export function nothingToWrite(opened: OpenSession): Decision {
  return { snapshot: snapshotOf(opened), cookies: [] };
}

/** Whether a session is still as it was when that was decided. */
export function isUnchangedSince({ snapshot }: Decision, opened: OpenSession): boolean {
  return isSame(snapshot, snapshotOf(opened));
}

function snapshotOf({ session, received }: OpenSession): Snapshot {
  const { id, createdAt, isDestroyed, isSaveRequested } = WristbandSession.stateOf(session);
  const flags = { isDestroyed, isSaveRequested };
  // oxlint-disable-next-line typescript/no-misused-spread -- its own properties are its fields
  const stored = { id, createdAt, fields: { ...session } };
  try {
    // Most sessions are as they came: that is found out without turning them into text.
    if (received && isUntouched(session, received))
      return { ...flags, stored: received, json: received.json };
    assertSerializable(stored.fields);
    return { ...flags, stored, json: JSON.stringify(stored) };
  } catch (cause) {
    return { ...flags, stored, error: notWritable(cause) };
  }
}

function notWritable(cause: unknown): WristbandException {
  if (cause instanceof WristbandException) return cause;
  const message = 'The session cannot be written: one of its values fails when it is turned into text';
  return new WristbandException('session_not_serializable', message, { cause });
}

function isSame(a: Snapshot, b: Snapshot): boolean {
  const areFlagsSame = a.isDestroyed === b.isDestroyed && a.isSaveRequested === b.isSaveRequested;
  return areFlagsSame && a.json === b.json && a.error?.message === b.error?.message;
}

/**
 * What a session that cannot be written must not lose: the tokens of a refresh that happened in this request. They are
 * written into the session as it came.
 */
function rescuedCookies(opened: OpenSession, tools: WritingTools): readonly string[] {
  const { received } = opened;
  const newest = received && newestTokensFor(received, tools);
  if (!received || !newest) return [];
  try {
    const stored = withTokens(received, newest);
    return seal(stored, JSON.stringify(stored), opened, tools);
  } catch {
    // Not even what was there fits with the new tokens: the session is over, or every request would fail from now on.
    return endingCookies(opened, tools);
  }
}

function endingCookies({ cookieNames }: OpenSession, { options }: WritingTools): readonly string[] {
  return cookieNames.length > 0 ? expiredCookies(cookieNames, options) : [];
}

function seal(
  { createdAt, fields }: StoredSession,
  json: string,
  { cookieNames, received }: OpenSession,
  { options, sealed }: WritingTools,
): readonly string[] {
  const lifetime = remainingLifetime(createdAt, options);
  const value = sealed.seal(json, received);
  const cookies = sessionCookies(value, lifetime, cookieNames, options);
  if (cookies === undefined) throw tooLarge(value.length, fields, options);
  const { csrfToken } = fields;
  const hasToken = options.enableCsrfProtection && typeof csrfToken === 'string';
  return hasToken ? [...cookies, csrfCookie(csrfToken, lifetime, options)] : cookies;
}

function isWriteDue(
  { session, received, changesBefore }: OpenSession,
  { isSaveRequested, json }: Snapshot,
  { options: { maxAge, touchAfter }, changes }: WritingTools,
): boolean {
  if (isSaveRequested) return true;
  if (!received) return session.size > 0;
  if (json !== received.json) return true;
  const isRenewalDue = maxAge > 0 && Date.now() / 1000 - received.issuedAt >= touchAfter;
  return isRenewalDue && !changes.isChangedSince(received.id, changesBefore);
}

function newestTokensFor({ fields }: StoredSession, { newestTokens }: WritingTools): TokenData | undefined {
  return typeof fields.refreshToken === 'string' ? newestTokens(fields.refreshToken) : undefined;
}

/**
 * A slow request writes what it read before another one refreshed: its tokens would replace the newer ones in the
 * browser, and the spent refresh token would end the sign-in when it is used again.
 */
function withTokens(
  stored: StoredSession,
  { accessToken, expiresAt, refreshToken }: TokenData,
): StoredSession {
  const { id, createdAt, fields } = stored;
  return { id, createdAt, fields: { ...fields, accessToken, expiresAt, refreshToken } };
}

function assertSerializable(fields: StoredSession['fields']): void {
  const taken = Object.keys(fields).find(isReserved);
  const problem =
    taken === undefined ? jsonProblem(fields) : `${taken}: the name of something that a session can do`;
  if (problem === undefined) return;
  const message = `A session keeps only what JSON can carry. Leave out or convert ${problem}`;
  throw new WristbandException('session_not_serializable', message);
}

function tooLarge(
  bytes: number,
  fields: Readonly<Record<string, unknown>>,
  { maxCookies }: ResolvedSessionOptions,
): WristbandException {
  const space =
    maxCookies === 1 ? `a cookie of ${MAX_COOKIE_BYTES}` : `${maxCookies} cookies of ${MAX_COOKIE_BYTES}`;
  const message = `The session needs ${bytes} bytes and does not fit into ${space} with their attributes. Keep less in it; its largest fields are ${largestFields(fields)}`;
  return new WristbandException('session_too_large', message);
}
