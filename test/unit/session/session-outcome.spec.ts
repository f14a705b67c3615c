import { describe, expect, it } from 'vitest';
import { WristbandException } from '../../../lib/errors/wristband.exception.js';
import { sessionOutcome, sessionProblem } from '../../../lib/session/session-outcome.js';
import { snapshotOf } from '../../../lib/session/session-snapshot.js';
import { openSession } from '../../support/open-session.js';

const GRACE = { userId: 'grace', tenantId: 'acme' };
const ALAN = { userId: 'alan', tenantId: 'acme' };

/** The events of a response after `change`, for a session that came with `fields` or for none. */
function outcome(
  fields: Record<string, unknown> | undefined,
  change: (opened: ReturnType<typeof openSession>) => void,
  { isRenewal = false, error }: { isRenewal?: boolean; error?: WristbandException } = {},
  isEnded = true,
) {
  const opened = openSession(fields);
  change(opened);
  const decision = { snapshot: snapshotOf(opened), cookies: ['a=b'], isRenewal, ...(error && { error }) };
  return sessionOutcome(opened.received, decision, isEnded);
}

/** What a sign-in does, apart from tokens. */
const signIn = (opened: ReturnType<typeof openSession>) =>
  opened.session.fromCallback({
    userInfo: { ...ALAN, applicationId: 'app', identityProviderName: 'wristband' },
    accessToken: 'access-token',
    idToken: 'id-token',
    expiresAt: 1,
    expiresIn: 1,
    tenantName: 'acme',
  });

describe('sessionOutcome', () => {
  it('tells of a new session', () => {
    expect(outcome(undefined, signIn)).toEqual([{ type: 'session.created', ...ALAN }]);
    expect(outcome(undefined, ({ session }) => (session.theme = 'dark'))).toEqual([
      { type: 'session.created' },
    ]);
  });

  it('tells whose session another sign-in replaced', () => {
    expect(outcome(GRACE, signIn)).toEqual([
      { type: 'session.destroyed', reason: 'replaced', ...GRACE },
      { type: 'session.created', ...ALAN },
    ]);
  });

  it('tells why a session ended', () => {
    const clear = ({ session }: ReturnType<typeof openSession>) => session.clear();

    expect(outcome(GRACE, clear)).toEqual([{ type: 'session.destroyed', reason: 'signed_out', ...GRACE }]);
    expect(outcome(GRACE, clear, {}, false)).toEqual([
      { type: 'session.destroyed', reason: 'refresh_refused', ...GRACE },
    ]);
  });

  it('has nothing to tell of the end of a session that nobody brought', () => {
    expect(outcome(undefined, ({ session }) => session.clear())).toEqual([]);
  });

  it('tells of a renewal, and not of changes', () => {
    expect(outcome(GRACE, () => {}, { isRenewal: true })).toEqual([{ type: 'session.rolled', ...GRACE }]);
    expect(outcome(GRACE, ({ session }) => (session.theme = 'dark'))).toEqual([]);
  });

  it('says nothing of a session that could not be written', () => {
    const error = new WristbandException('session_too_large', 'too large');

    expect(outcome(GRACE, ({ session }) => session.clear(), { error })).toEqual([]);
    expect(outcome(undefined, signIn, { error })).toEqual([]);
  });
});

describe('sessionProblem', () => {
  const stored = { id: 'id-1', createdAt: 1, fields: GRACE };

  it.each([
    ['session_too_large', 'session.too_large'],
    ['session_not_serializable', 'session.not_serializable'],
  ] as const)('tells of %s, whose it is and why', (code, type) => {
    expect(sessionProblem(new WristbandException(code, 'because'), stored)).toEqual({
      type,
      problem: 'because',
      ...GRACE,
    });
  });

  it('is no problem of the session when the store is away', () => {
    expect(
      sessionProblem(new WristbandException('session_store_unavailable', 'away'), stored),
    ).toBeUndefined();
  });
});
