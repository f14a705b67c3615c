import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemorySessionStore } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { accessTokenOf, signedIn, userOf } from '../support/bearer-tokens.js';
import type { Browser } from '../support/browser.js';
import { IdentitiesController } from '../support/identities.controller.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

const VICTIM = 'grace@acme.example';
const ATTACKER = 'ada@example.com';

const MODES = [
  ['a cookie', () => ({})],
  ['a coordinated cookie', () => ({ coordinationStore: new MemorySessionStore() })],
  ['a store', () => ({ store: new MemorySessionStore() })],
] as const;

let emulator: WristbandEmulator;
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());

describePlatforms('one request, one identity', (platform) => {
  describe.each(MODES)('with the session in %s', (_mode, storage) => {
    let app: TestApp;
    let browser: Browser;
    let foreignToken: string;
    let ownToken: string;

    beforeAll(async () => {
      app = await startTestApp({
        emulator,
        platform,
        controllers: [IdentitiesController],
        options: {
          session: { secrets: SESSION_SECRET, secure: false, enableCsrfProtection: true, ...storage() },
        },
      });
      foreignToken = await accessTokenOf(app, emulator, { email: ATTACKER });
      ownToken = await accessTokenOf(app, emulator, { email: VICTIM });
    });
    afterAll(() => app.close());
    beforeEach(async () => {
      browser = await signedIn(app, emulator, VICTIM);
    });

    const csrf = async () => ({
      'x-csrf-token': (await browser.jar.getCookies(app.origin)).find(({ key }) => key === 'CSRF-TOKEN')!
        .value,
    });
    const post = (path: string, headers: Record<string, string> = {}) =>
      browser.post(`${app.origin}/identities/${path}`, { headers });
    const bearing = (token: string) => ({ authorization: `Bearer ${token}` });
    const note = async () =>
      (await browser.get(`${app.origin}/identities/note`)).json<{ note?: string }>().note;
    const victim = () => userOf(emulator, VICTIM).id;
    const attacker = () => userOf(emulator, ATTACKER).id;

    it.each(['session-first', 'optional'])(
      'refuses a request without the CSRF token, whatever bearer token it carries: %s',
      async (path) => {
        // `optional` tries the token first: without a token only the session is left.
        const headers = path === 'optional' ? {} : bearing(foreignToken);

        const refused = await post(path, headers);

        expect(refused.status).toBe(403);
        expect(refused.json()).toMatchObject({ code: 'csrf_failed' });
        expect(await note()).toBeUndefined();
      },
    );

    it.each(['token-first', 'token', 'optional'])(
      'gives a handler nothing of the session when a bearer token won: %s',
      async (path) => {
        const won = await post(path, bearing(foreignToken));

        expect(won.status).toBe(201);
        expect(won.json()).toEqual({ user: attacker(), subject: attacker(), accessToken: foreignToken });
        expect(won.setCookies).toEqual([]);
        expect(await note()).toBeUndefined();
      },
    );

    it('gives a handler nothing of the token when the session won', async () => {
      const won = await post('session-first', { ...bearing(foreignToken), ...(await csrf()) });

      const { accessToken, ...users } = won.json<Record<string, string>>();
      expect(users).toEqual({ user: victim(), session: victim(), ofRequest: victim() });
      expect(decodeJwt(accessToken!).sub).toBe(victim());
      expect(await note()).toBe(`written for ${victim()}`);
    });

    it('refuses a session and a token of different users where both are asked for', async () => {
      const refused = await post('both', { ...bearing(foreignToken), ...(await csrf()) });

      expect(refused.status).toBe(401);
      expect(refused.json()).toMatchObject({ code: 'invalid_token' });
      expect(await note()).toBeUndefined();
    });

    it('takes a session and a token of the same user where both are asked for', async () => {
      const both = await post('both', { ...bearing(ownToken), ...(await csrf()) });

      expect(both.json()).toEqual({
        user: victim(),
        session: victim(),
        ofRequest: victim(),
        subject: victim(),
        accessToken: ownToken,
      });
      expect(await note()).toBe(`written for ${victim()}`);
    });
  });
});
