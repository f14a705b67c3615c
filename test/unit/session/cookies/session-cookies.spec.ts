import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../../lib/config/resolved-options.js';
import { sessionCookies } from '../../../../lib/session/cookies/session-cookies.js';

const SECRET = 'a-secret-for-tests-with-32-characters-or-more';

describe('sessionCookies', () => {
  it('removes a part that is no longer needed for the domain and for the host alone', () => {
    const { session: options } = resolveOptions({
      clientId: 'client',
      clientSecret: SECRET,
      wristbandApplicationVanityDomain: 'a.example',
      session: { secrets: SECRET, domain: 'app.example', maxCookies: 3, maxAge: 60 },
    });

    const lines = sessionCookies(
      'sealed',
      { id: 'id', createdAt: 0, fields: {} },
      ['session', 'session.1'],
      options!,
    );

    expect(lines).toEqual([
      'session=sealed; Max-Age=60; Domain=app.example; Path=/; HttpOnly; Secure; SameSite=Lax',
      'session.1=; Max-Age=0; Domain=app.example; Path=/; HttpOnly; Secure; SameSite=Lax',
      'session.1=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
    ]);
  });
});
