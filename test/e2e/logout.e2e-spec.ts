import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Controller, Get, Redirect, Req, Res } from '@nestjs/common';
import {
  type HttpRequest,
  type HttpResponse,
  MemorySessionStore,
  Session,
  WristbandAuthService,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { signedIn } from '../support/bearer-tokens.js';
import { Browser } from '../support/browser.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

@Controller('by-hand')
class LogoutController {
  constructor(private readonly wristband: WristbandAuthService) {}

  @Get('logout')
  @Redirect()
  logout(
    @Req() req: HttpRequest,
    @Res({ passthrough: true }) res: HttpResponse,
    @Session() session: Session,
  ) {
    return this.wristband.logout(req, res, session);
  }
}

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
afterEach(() => emulator.heal());

describePlatforms('a logout', (platform) => {
  describe.each(MODES)('of a session in %s', (_mode, storage) => {
    let app: TestApp;
    beforeAll(async () => {
      app = await startTestApp({
        emulator,
        platform,
        controllers: [LogoutController],
        options: {
          routes: { path: 'api/auth' },
          hooks: { landingUrl: '/api/auth/session' },
          session: { secrets: SESSION_SECRET, secure: false, ...storage() },
        },
      });
    });
    afterAll(() => app.close());

    const keptCookie = async () => {
      const browser = await signedIn(app, emulator);
      return browser.jar.getCookieString(app.origin);
    };
    const statusOf = async (cookie: string) =>
      (await new Browser().get(`${app.origin}/api/auth/session`, { headers: { cookie } })).status;

    it.each(['api/auth', 'by-hand'])('by HEAD or a prefetch ends and revokes nothing: %s', async (path) => {
      const cookie = await keptCookie();
      emulator.clearCalls();
      const url = `${app.origin}/${path}/logout`;

      const head = await new Browser().request(url, { method: 'HEAD', headers: { cookie } });
      const prefetch = await new Browser().get(url, {
        redirect: 'manual',
        headers: { cookie, 'sec-purpose': 'prefetch' },
      });

      expect([head.status, prefetch.status]).toEqual([400, 400]);
      expect(prefetch.json()).toMatchObject({ code: 'logout_not_started' });
      expect(
        [...head.setCookies, ...prefetch.setCookies].filter((line) => line.includes('Max-Age=0')),
      ).toEqual([]);
      expect(emulator.callsTo('revoke')).toEqual([]);
      expect(await statusOf(cookie)).toBe(200);
    });

    it.each(['api/auth', 'by-hand'])('counts before Wristband has revoked the token: %s', async (path) => {
      const cookie = await keptCookie();
      emulator.clearCalls();
      emulator.fail('revoke', { kind: 'hang' });

      const logout = new Browser().get(`${app.origin}/${path}/logout`, {
        redirect: 'manual',
        headers: { cookie },
      });
      await expect.poll(() => emulator.callsTo('revoke').length, { timeout: 20_000 }).toBe(1);

      expect(await statusOf(cookie)).toBe(401);
      expect((await logout).status).toBe(302);
    });
  });
});
