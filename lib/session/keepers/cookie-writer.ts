import type { ResolvedSessionOptions } from '../../config/resolved-options.js';
import { WristbandException } from '../../errors/wristband.exception.js';
import { MAX_COOKIE_BYTES } from '../../http/cookies.js';
import type { TokenData } from '../../interfaces/auth-flow.interface.js';
import {
  expiredCookies,
  largestFields,
  missingCsrfCookie,
  sessionCookies,
} from '../cookies/session-cookies.js';
import type { EndedSessions } from '../ended-sessions.js';
import type { RecentChanges } from '../recent-changes.js';
import type { SealedSessions } from '../cookies/sealed-sessions.js';
import type { Decision } from './session-keeper.interface.js';
import { notWritable, type OpenSession, type Snapshot, snapshotOf, withTokens } from '../session-snapshot.js';
import type { StoredSession } from '../session.js';

/** What it takes to write a session into cookies. */
export interface WritingTools {
  readonly options: ResolvedSessionOptions;
  readonly sealed: SealedSessions;
  readonly ended: EndedSessions;
  readonly changes: RecentChanges;
  /** The tokens that have replaced those of a session meanwhile. */
  readonly newestTokens: (fields: StoredSession['fields']) => TokenData | undefined;
}

/**
 * Decides what a response writes into cookies: nothing, the same again because that is due, what changed, or the end.
 *
 * @param known what was decided before, so that the same is not sealed twice
 */
export function cookieDecision(opened: OpenSession, tools: WritingTools, known?: Decision): Decision {
  const snapshot = snapshotOf(opened);
  const { isDestroyed, isSaveRequested, stored, json, error } = snapshot;
  try {
    if (isDestroyed) return { snapshot, cookies: expiredCookies(opened.cookieNames, tools.options) };
    // Ended by another request meanwhile: to write it would bring it back, to remove it could hit the next sign-in.
    if (tools.ended.has(stored)) return { snapshot, cookies: [] };
    if (json === undefined) throw error;
    if (!isWriteDue(opened, snapshot, tools)) {
      const { received, csrfCookies } = opened;
      return { snapshot, cookies: received ? missingCsrfCookie(received, csrfCookies, tools.options) : [] };
    }
    const newest = tools.newestTokens(stored.fields);
    const toSeal = newest ? withTokens(stored, newest) : stored;
    const sealedJson = newest ? JSON.stringify(toSeal) : json;
    if (known?.sealedJson === sealedJson) return { ...known, snapshot };
    const isRenewal = sealedJson === opened.received?.json && !isSaveRequested;
    return { snapshot, sealedJson, isRenewal, cookies: seal(toSeal, sealedJson, opened, tools) };
  } catch (cause) {
    return { snapshot, cookies: rescuedCookies(opened, tools), error: notWritable(cause) };
  }
}

/**
 * What a session that cannot be written must not lose: the tokens of a refresh that happened in this request. They are
 * written into the session as it came.
 */
function rescuedCookies(opened: OpenSession, tools: WritingTools): readonly string[] {
  const { received } = opened;
  const newest = received && tools.newestTokens(received.fields);
  if (!received || !newest) return [];
  try {
    const stored = withTokens(received, newest);
    return seal(stored, JSON.stringify(stored), opened, tools);
  } catch {
    // Not even what was there fits with the new tokens: the session is over, or every request would fail from now on.
    return expiredCookies(opened.cookieNames, tools.options);
  }
}

function seal(
  stored: StoredSession,
  json: string,
  { cookieNames, received }: OpenSession,
  { options, sealed }: WritingTools,
): readonly string[] {
  const value = sealed.seal(json, received);
  const cookies = sessionCookies(value, stored, cookieNames, options);
  if (cookies === undefined) throw tooLarge(value.length, stored.fields, options);
  return cookies;
}

function isWriteDue(
  { session, received, changesBefore = 0 }: OpenSession,
  { isSaveRequested, json }: Snapshot,
  { options: { maxAge, touchAfter }, changes }: WritingTools,
): boolean {
  if (isSaveRequested) return true;
  if (!received) return session.size > 0;
  if (json !== received.json) return true;
  const isRenewalDue = maxAge > 0 && Date.now() / 1000 - received.issuedAt >= touchAfter;
  return isRenewalDue && !changes.isChangedSince(received.id, changesBefore);
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
