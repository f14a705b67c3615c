import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemorySessionStore, type SessionOptions, WristbandSessions } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

const MODES: readonly [mode: string, createOptions: () => Partial<SessionOptions>][] = [
  ['cookies', () => ({})],
  ['cookies that several processes share', () => ({ coordinationStore: new MemorySessionStore() })],
  ['a store', () => ({ store: new MemorySessionStore() })],
];

let emulator: WristbandEmulator;
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());

describe.each(MODES)('a revocation of sessions in %s', (_, createOptions) => {
  describePlatforms('that began before a certain time', (platform) => {
    let app: TestApp;
    beforeAll(async () => {
      const session = { secrets: SESSION_SECRET, secure: false, ...createOptions() };
      app = await startTestApp({ emulator, platform, options: { session } });
    });
    afterAll(() => app.close());

    const signedIn = async () => {
      const browser = new Browser();
      const grace = emulator.users.find(({ email }) => email === 'grace@acme.example')!;
      await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, grace);
      return browser;
    };
    const isOpen = async (browser: Browser) =>
      (await browser.get(`${app.origin}/api/auth/session`)).status === 200;

    it.each(['user', 'tenant'] as const)('spares the others of the %s', async (whose) => {
      const sessions = app.app.get(WristbandSessions);
      const before = await signedIn();
      await delay(5);
      const begunBefore = new Date();
      const after = await signedIn();

      if (whose === 'user') await sessions.revokeUser('user-acme-grace-acme-example', { begunBefore });
      else await sessions.revokeTenant('tenant-acme', { begunBefore });

      expect([await isOpen(before), await isOpen(after)]).toEqual([false, true]);
    });
  });
});
