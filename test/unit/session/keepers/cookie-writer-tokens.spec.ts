import { describe, expect, it } from 'vitest';
import { cookieDecision, type WritingTools } from '../../../../lib/session/keepers/cookie-writer.js';
import { openSession, writingTools, written } from '../../../support/open-session.js';

const NEWEST = { accessToken: 'new', refreshToken: 'newest', expiresAt: 1, expiresIn: 1 };

/** The tools in a process that has exchanged the refresh token `spent`. */
function toolsAfterRefresh(tokens = NEWEST): WritingTools {
  return {
    ...writingTools(),
    newestTokens: ({ refreshToken }) => (refreshToken === 'spent' ? tokens : undefined),
  };
}

describe('decide, after a refresh', () => {
  it('writes the newest tokens into whatever else is written', () => {
    const tools = toolsAfterRefresh();
    const opened = openSession({ accessToken: 'old', refreshToken: 'spent' });
    opened.session.a = 1;

    const decision = cookieDecision(opened, tools);

    const { accessToken, refreshToken, expiresAt } = NEWEST;
    expect(written(decision, tools)).toMatchObject({
      fields: { accessToken, refreshToken, expiresAt, a: 1 },
    });
    expect(JSON.parse(decision.sealedJson!)).toMatchObject({ fields: { accessToken, a: 1 } });
    expect(decision.isRenewal).toBe(false);
  });

  it('keeps the newest tokens of a session that cannot be written', () => {
    const tools = toolsAfterRefresh();
    const opened = openSession({ accessToken: 'old', refreshToken: 'spent', a: 1 });
    opened.session.a = 'y'.repeat(5000);

    const decision = cookieDecision(opened, tools);

    expect(decision.error?.code).toBe('session_too_large');
    expect(written(decision, tools)).toMatchObject({
      fields: { accessToken: 'new', refreshToken: 'newest', a: 1 },
    });
  });

  it('rescues nothing of a session that is new', () => {
    const opened = openSession();
    opened.session.refreshToken = 'spent';
    opened.session.a = 'y'.repeat(5000);

    const { error, cookies } = cookieDecision(opened, toolsAfterRefresh());

    expect(error?.code).toBe('session_too_large');
    expect(cookies).toEqual([]);
  });

  it('ends a session that does not even fit with its new tokens, and never throws', () => {
    const opened = openSession({ accessToken: 'old', refreshToken: 'spent', a: 1 });
    opened.session.a = 2;

    const { error, cookies } = cookieDecision(
      opened,
      toolsAfterRefresh({ ...NEWEST, accessToken: 'n'.repeat(4000) }),
    );

    expect(error?.code).toBe('session_too_large');
    expect(cookies).toEqual(['session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax']);
  });
});
