import type { ResolvedSessionOptions } from '../config/resolved-options.js';
import type { CookieSealer } from '../crypto/sealed-cookie.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { MAX_COOKIE_BYTES } from '../http/cookies.js';
import type { TokenData } from '../interfaces/auth-flow.interface.js';
import { jsonProblem } from './json-problem.js';
import {
  csrfCookie,
  expiredCookies,
  largestFields,
  type ReceivedSession,
  remainingLifetime,
  sessionCookies,
} from './session-cookies.js';
import { isReserved, type StoredSession, WristbandSession } from './session.js';

/** A session that is open for the time of one request. */
export interface OpenSession {
  readonly session: WristbandSession;
  readonly received: ReceivedSession | undefined;
  /** The fields as they came, to see what changed. */
  readonly receivedJson: string;
  /** Names of the request's cookies that hold, or pretend to hold, this session. */
  readonly cookieNames: readonly string[];
}

/** What a response has to say about a session: cookies to set, or why that cannot be. */
export interface Decision {
  /** Tells two states of a session apart. */
  readonly fingerprint: string | undefined;
  readonly cookies: readonly string[];
  readonly error?: WristbandException;
}

/** What it takes to write a session. */
export interface WritingTools {
  readonly options: ResolvedSessionOptions;
  readonly sealer: CookieSealer;
  /** The tokens that have replaced those of a refresh token meanwhile. */
  readonly newestTokens: (refreshToken: string) => TokenData | undefined;
}

/** Decides what a response writes: nothing, the same again because that is due, what changed, or the end. */
export function decide(opened: OpenSession, tools: WritingTools): Decision {
  const fingerprint = fingerprintOf(opened.session);
  try {
    return { fingerprint, cookies: cookiesFor(opened, tools, Date.now()) };
  } catch (cause) {
    const message = 'The session cannot be written: one of its values fails when it is turned into JSON';
    const error =
      cause instanceof WristbandException
        ? cause
        : new WristbandException('session_not_serializable', message, { cause });
    return { fingerprint, cookies: rescuedCookies(opened, tools), error };
  }
}

/** Tells whether a session is still what was decided on; `undefined` when it cannot be written down at all. */
export function fingerprintOf(session: WristbandSession): string | undefined {
  const { isDestroyed, isSaveRequested } = WristbandSession.stateOf(session);
  try {
    return `${isDestroyed} ${isSaveRequested} ${JSON.stringify(session)}`;
  } catch {
    return undefined;
  }
}

/**
 * What a session that cannot be written must not lose: the tokens of a refresh that happened in this request. They are
 * written into the session as it came.
 */
function rescuedCookies({ received, cookieNames }: OpenSession, tools: WritingTools): readonly string[] {
  const refreshToken = received?.fields.refreshToken;
  const isSpent = typeof refreshToken === 'string' && tools.newestTokens(refreshToken) !== undefined;
  if (!received || !isSpent) return [];
  try {
    return seal(received, cookieNames, tools, Date.now());
  } catch {
    // Not even what was there fits with the new tokens: the session is over, or every request would fail from now on.
    return expiredCookies(cookieNames, tools.options);
  }
}

function cookiesFor(
  { session, received, receivedJson, cookieNames }: OpenSession,
  tools: WritingTools,
  now: number,
): readonly string[] {
  const { options } = tools;
  const { id, createdAt, isDestroyed, isSaveRequested } = WristbandSession.stateOf(session);
  if (isDestroyed) return cookieNames.length > 0 ? expiredCookies(cookieNames, options) : [];
  assertSerializable(session);
  const isChanged = isSaveRequested || JSON.stringify(session) !== receivedJson;
  if (!isChanged && !isRenewalDue(received, options, now)) return [];
  return seal(
    { id, createdAt, fields: Object.fromEntries(Object.entries(session)) },
    cookieNames,
    tools,
    now,
  );
}

function seal(
  { id, createdAt, fields: asTheyAre }: StoredSession,
  cookieNames: readonly string[],
  { options, sealer, newestTokens }: WritingTools,
  now: number,
): readonly string[] {
  const fields = withNewestTokens(asTheyAre, newestTokens);
  const lifetime = remainingLifetime(createdAt, options, now);
  const sealed = sealer.seal({ id, createdAt, fields }, lifetime, now);
  const cookies = sessionCookies(sealed, lifetime, cookieNames, options);
  if (cookies === undefined) throw tooLarge(sealed, fields, options);
  const { csrfToken } = fields;
  const hasToken = options.enableCsrfProtection && typeof csrfToken === 'string';
  return hasToken ? [...cookies, csrfCookie(csrfToken, lifetime, options)] : cookies;
}

function isRenewalDue(
  received: ReceivedSession | undefined,
  { maxAge, touchAfter }: ResolvedSessionOptions,
  now: number,
): boolean {
  return received !== undefined && maxAge > 0 && now / 1000 - received.issuedAt >= touchAfter;
}

/**
 * A slow request writes what it read before another one refreshed: its tokens would replace the newer ones in the
 * browser, and the spent refresh token would end the sign-in when it is used again.
 */
function withNewestTokens(
  fields: StoredSession['fields'],
  newestTokens: WritingTools['newestTokens'],
): StoredSession['fields'] {
  const newest = typeof fields.refreshToken === 'string' ? newestTokens(fields.refreshToken) : undefined;
  if (newest === undefined) return fields;
  const { accessToken, expiresAt, refreshToken } = newest;
  return { ...fields, accessToken, expiresAt, refreshToken };
}

function assertSerializable(session: WristbandSession): void {
  const taken = Object.keys(session).find(isReserved);
  const problem =
    taken === undefined
      ? jsonProblem(Object.fromEntries(Object.entries(session)))
      : `${taken}: the name of something that a session can do`;
  if (problem === undefined) return;
  const message = `A session keeps only what JSON can carry. Leave out or convert ${problem}`;
  throw new WristbandException('session_not_serializable', message);
}

function tooLarge(
  sealed: string,
  fields: Readonly<Record<string, unknown>>,
  { maxCookies }: ResolvedSessionOptions,
): WristbandException {
  const space =
    maxCookies === 1 ? `a cookie of ${MAX_COOKIE_BYTES}` : `${maxCookies} cookies of ${MAX_COOKIE_BYTES}`;
  const message = `The session needs ${sealed.length} bytes and does not fit into ${space} with their attributes. Keep less in it; its largest fields are ${largestFields(fields)}`;
  return new WristbandException('session_too_large', message);
}
