import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import {
  type HttpRequest,
  type HttpResponse,
  MemorySessionStore,
  Public,
  type SessionOptions,
  WristbandAuthService,
  WristbandSessions,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { lastCallback } from '../support/auth.controller.js';
import { signedIn, userOf } from '../support/bearer-tokens.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

const OTHER_SECRET = 'another-session-secret-for-tests-of-32-or-more';

@Controller('backchannel-logout')
class BackChannelController {
  constructor(private readonly wristband: WristbandAuthService) {}

  @Post()
  @Public()
  @HttpCode(200)
  logout(@Req() req: HttpRequest, @Res({ passthrough: true }) res: HttpResponse): Promise<void> {
    return this.wristband.backChannelLogout(req, res);
  }
}

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
      controllers: [BackChannelController],
      options: { session: { secrets: SESSION_SECRET, secure: false, store, ...session } },
    });
    apps.push(app);
    return app;
  };
  const statusOf = async (browser: Browser, { origin }: TestApp) =>
    (await browser.get(`${origin}/api/auth/session`)).status;

  /** Who signed in, wherever that ended. */
  const landed = async ({ origin }: TestApp) => {
    const browser = new Browser();
    await signIn(browser, `${origin}/api/auth/login?tenant_name=acme`, userOf(emulator));
    return browser;
  };

  /** Has something happen while a sign-in is on its way to the store. */
  const duringNextWrite = (work: () => Promise<unknown>) => {
    const write = store.write.bind(store);
    vi.spyOn(store, 'write').mockImplementationOnce(async (key, value, options) => {
      await work();
      return write(key, value, options);
    });
  };

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

  it('ends a sign-in that is just being written', async () => {
    const one = await start();
    const two = await start();
    duringNextWrite(() => one.app.get(WristbandSessions).revokeUser('user-acme-grace-acme-example'));

    const browser = await landed(two);

    expect([await statusOf(browser, one), await statusOf(browser, two)]).toEqual([401, 401]);
    // The next one is none of its business.
    expect(await statusOf(await signedIn(two, emulator), one)).toBe(200);
  });

  it('ends a sign-in whose session at Wristband was said to be over before it was written', async () => {
    const one = await start();
    const two = await start();
    emulator.setApplication({
      backChannelLogoutUri: `${one.origin}/backchannel-logout`,
      backChannelLogoutSessionRequired: true,
    });
    duringNextWrite(async () => {
      const token = await emulator.signLogoutToken({ sid: lastCallback.data?.idpSessionId });
      const sent = await new Browser().submit(`${one.origin}/backchannel-logout`, { logout_token: token });
      expect(sent.status).toBe(200);
    });

    const browser = await landed(two);

    expect(await statusOf(browser, two)).toBe(401);
  });
});
