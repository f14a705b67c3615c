import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { MemorySessionStore, type SessionOptions, WristbandSessions } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { lastCallback } from '../support/auth.controller.js';
import { signedIn } from '../support/bearer-tokens.js';
import { Browser } from '../support/browser.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

const OTHER_SECRET = 'another-session-secret-for-tests-of-32-or-more';

let emulator: WristbandEmulator;
const apps: TestApp[] = [];
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

describePlatforms('a revocation in another process that has the same store', (platform) => {
  let store: MemorySessionStore;
  beforeEach(() => {
    store = new MemorySessionStore();
  });
  const start = async (session: Partial<SessionOptions> = {}) => {
    const app = await startTestApp({
      emulator,
      platform,
      options: { session: { secrets: SESSION_SECRET, secure: false, store, ...session } },
    });
    apps.push(app);
    return app;
  };
  const statusOf = async (browser: Browser, { origin }: TestApp) =>
    (await browser.get(`${origin}/api/auth/session`)).status;

  it('ends sessions of a process that has a newer secret, and of one that has not', async () => {
    const behind = await start();
    const ahead = await start({ secrets: [OTHER_SECRET, SESSION_SECRET] });
    for (const [revoking, other] of [
      [behind, ahead],
      [ahead, behind],
    ] as const) {
      emulator.setApplication({ redirectUris: [`${other.origin}/api/auth/callback`] });
      const browser = await signedIn(other, emulator);
      await revoking.app.get(WristbandSessions).revokeUser(String(lastCallback.data?.userInfo.userId));

      expect(await statusOf(browser, other)).toBe(401);
    }
  });
});
