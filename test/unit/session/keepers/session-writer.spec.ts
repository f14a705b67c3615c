import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../../lib/config/resolved-options.js';
import { RecentChanges } from '../../../../lib/session/recent-changes.js';
import { EndedSessions } from '../../../../lib/session/ended-sessions.js';
import { SealedSessions } from '../../../../lib/session/cookies/sealed-sessions.js';
import { decide } from '../../../../lib/session/keepers/session-writer.js';
import { WristbandSession } from '../../../../lib/session/session.js';
import { SESSION_HOOKS } from '../../../support/session-hooks.js';

const SECRET = 'a-secret-for-tests-with-32-characters-or-more';
const { session: options } = resolveOptions({
  clientId: 'client',
  clientSecret: SECRET,
  wristbandApplicationVanityDomain: 'a.example',
  session: { secrets: SECRET },
});

/** A session that came with a request whose refresh token was exchanged for much longer tokens meanwhile. */
function decideWith(accessToken: string, growBy: number) {
  const nowInSeconds = Math.floor(Date.now() / 1000);
  const fields = { accessToken: 'old', refreshToken: 'spent', blob: 'x'.repeat(1500) };
  const stored = { id: 'id-1', createdAt: nowInSeconds, fields };
  const received = { ...stored, issuedAt: nowInSeconds, json: JSON.stringify(stored), nested: new Map() };
  const session = new WristbandSession(stored, SESSION_HOOKS);
  const opened = { session, received, changesBefore: 0, cookieNames: ['session'] };
  session.grown = 'y'.repeat(growBy);
  const newest = { accessToken, refreshToken: 'newest', expiresAt: 1, expiresIn: 1 };
  return decide(opened, {
    options: options!,
    sealed: new SealedSessions(options!),
    ended: new EndedSessions(options!),
    changes: new RecentChanges(),
    newestTokens: ({ refreshToken }) => (refreshToken === 'spent' ? newest : undefined),
  });
}

describe('decide', () => {
  it('keeps the newest tokens of a session that has grown too large', () => {
    const { error, cookies } = decideWith('new', 5000);

    expect(error?.code).toBe('session_too_large');
    expect(cookies).toEqual([expect.stringMatching(/^session=[\w-]+\.\.[\w.-]+; Max-Age=3600/)]);
  });

  it('ends a session that does not even fit with its new tokens, and never throws', () => {
    const { error, cookies } = decideWith('n'.repeat(4000), 0);

    expect(error?.code).toBe('session_too_large');
    expect(cookies).toEqual(['session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax']);
  });
});
