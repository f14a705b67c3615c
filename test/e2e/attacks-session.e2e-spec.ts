import { Controller, Get, Post, Req, Res, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Sealer } from '../../lib/crypto/sealer.js';
import {
  CurrentUser,
  type HttpRequest,
  type HttpResponse,
  MemorySessionStore,
  Session,
  SessionAuthGuard,
  type SessionOptions,
  WristbandAuthService,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { userOf } from '../support/bearer-tokens.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

@Controller('account')
@UseGuards(SessionAuthGuard)
class AccountController {
  constructor(private readonly wristband: WristbandAuthService) {}

  @Get()
  read(@CurrentUser('userId') userId: string) {
    return { userId };
  }

  @Post()
  change() {
    return { isChanged: true };
  }

  /** A Logout Endpoint of an application, as the README has it. */
  @Get('leave')
  leave(@Req() req: HttpRequest, @Res({ passthrough: true }) res: HttpResponse, @Session() session: Session) {
    const { refreshToken, tenantName } = session;
    session.clear();
    return this.wristband.logout(req, res, { refreshToken, tenantName });
  }
}

const GRACE = 'grace@acme.example';
const LINUS = 'linus@globex.example';
const FOREIGN = { 'sec-fetch-site': 'cross-site' };
const TRUSTED = 'https://partner.example';

let emulator: WristbandEmulator;
let app: TestApp;
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());

const start = (platform: 'express' | 'fastify', session: Partial<SessionOptions> = {}) =>
  startTestApp({
    emulator,
    platform,
    controllers: [AccountController],
    options: {
      routes: { path: 'api/auth' },
      trustedOrigins: [TRUSTED],
      session: { secrets: SESSION_SECRET, secure: false, ...session },
    },
  });

/** A browser of somebody who signed in. */
async function browserOf(email: string): Promise<Browser> {
  const browser = new Browser();
  const tenant = email === LINUS ? 'globex' : 'acme';
  await signIn(browser, `${app.origin}/api/auth/login?tenant_name=${tenant}`, userOf(emulator, email));
  return browser;
}

async function cookieOf(browser: Browser, name: string): Promise<string> {
  return (await browser.jar.getCookies(app.origin)).find(({ key }) => key === name)!.value;
}

/** Who a request with just these cookies is taken for. */
async function userWith(cookie: string): Promise<unknown> {
  const { status, text } = await new Browser().get(`${app.origin}/account`, { headers: { cookie } });
  return status === 200 ? JSON.parse(text).userId : status;
}

const MODES: readonly [mode: string, createOptions: () => Partial<SessionOptions>][] = [
  ['in cookies', () => ({ sameSite: 'none', secure: true })],
  ['in a store', () => ({ sameSite: 'none', secure: true, store: new MemorySessionStore() })],
];

describe.each(MODES)('a session %s', (_mode, createOptions) => {
  describePlatforms('that somebody else wants to end', (platform) => {
    let browser: Browser;
    beforeAll(async () => {
      app = await start(platform, createOptions());
      browser = await browserOf(GRACE);
    });
    afterAll(() => app.close());
    beforeEach(() => emulator.clearCalls());

    describe.each(['/api/auth/logout', '/account/leave'])('at %s', (path) => {
      it.each([
        ['the prefetch of a link', { 'sec-purpose': 'prefetch' }],
        ['a prerendered page', { 'sec-purpose': 'prefetch;prerender' }],
        ['an old prefetch', { purpose: 'prefetch' }],
        ['an image on a foreign page', { ...FOREIGN, 'sec-fetch-dest': 'image' }],
        ['a frame in a foreign page', { ...FOREIGN, 'sec-fetch-dest': 'iframe' }],
        ['a script of a foreign page', { ...FOREIGN, 'sec-fetch-dest': 'empty' }],
        [
          'a script of an untrusted origin',
          { ...FOREIGN, 'sec-fetch-dest': 'empty', origin: `${TRUSTED}.evil.example` },
        ],
      ])('is not ended by %s', async (_title, headers) => {
        const response = await browser.get(app.origin + path, { headers, redirect: 'manual' });

        expect(response.status).toBe(400);
        expect(response.json()).toMatchObject({ code: 'logout_not_started' });
        expect(response.setCookies.filter((line) => line.includes('Max-Age=0'))).toEqual([]);
        expect(emulator.callsTo('revoke')).toEqual([]);
        expect((await browser.get(`${app.origin}/account`)).status).toBe(200);
      });
    });

    it.each([
      ['a click', { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document' }],
      [
        'a click in an application that is in a frame',
        { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'iframe' },
      ],
      ['a click on a page of another site', { ...FOREIGN, 'sec-fetch-dest': 'document' }],
      ['a script of a trusted origin', { ...FOREIGN, 'sec-fetch-dest': 'empty', origin: TRUSTED }],
      ['a browser that tells nothing', {}],
    ])('ends by %s, also for who kept the cookie', async (_title, headers) => {
      const visitor = await browserOf(GRACE);
      const kept = await visitor.jar.getCookieString(app.origin);

      const response = await visitor.get(`${app.origin}/api/auth/logout`, { headers, redirect: 'manual' });

      expect(response.location.pathname).toBe('/api/v1/logout');
      expect(await userWith(kept)).toBe(401);
    });
  });
});

describePlatforms('cookies that a sibling subdomain tosses', (platform) => {
  let victim: string;
  let attacker: string;
  const id = (email: string) => userOf(emulator, email).id;

  beforeAll(async () => {
    app = await start(platform, { secure: true, cookieName: '__Host-session', enableCsrfProtection: true });
    victim = await cookieOf(await browserOf(GRACE), '__Host-session');
    attacker = await cookieOf(await browserOf(LINUS), '__Host-session');
  });
  afterAll(() => app.close());

  it.each([
    ['without the prefix', (value: string) => `session=${value}`],
    ['with another prefix', (value: string) => `__Secure-session=${value}`],
    ['in lower case', (value: string) => `__host-session=${value}`],
    ['after a no-break space', (value: string) => `\u00a0__Host-session=${value}`],
    ['after a next-line sign', (value: string) => `\u0085__Host-session=${value}`],
    ['after a no-break space in UTF-8', (value: string) => `\u00c2\u00a0__Host-session=${value}`],
    ['after a wide space in UTF-8', (value: string) => `\u00e2\u0080\u0083__Host-session=${value}`],
    ['before a no-break space', (value: string) => `__Host-session\u00a0=${value}`],
    ['with an encoded name', (value: string) => `%5F%5FHost-session=${value}`],
    ['as an old attribute', (value: string) => `$Version=1, __Host-session=${value}`],
    ['in quotes of another cookie', (value: string) => `a="1, __Host-session=${value}"`],
    ['as a part', (value: string) => `__Host-session.0=${value}`],
    ['as the value of a cookie', (value: string) => `a=__Host-session=${value}`],
  ])('sign nobody in: %s', async (_title, toss) => {
    expect(await userWith(toss(attacker))).toBe(401);
    expect(await userWith(`${toss(attacker)}; __Host-session=${victim}`)).toBe(id(GRACE));
    expect(await userWith(`__Host-session=${victim}; ${toss(attacker)}`)).toBe(id(GRACE));
  });

  it('sign nobody out, however many are junk', async () => {
    const junk = Array.from({ length: 100 }, (_, index) => `__Host-session=junk${index}`).join('; ');

    expect(await userWith(`${junk}; __Host-session=${victim}; ${junk}`)).toBe(id(GRACE));
  });

  it.each(['session-id', 'login-state', 'state-notes'] as const)(
    'do not open as a session when they were sealed as %s',
    async (purpose) => {
      const fields = { isAuthenticated: true, userId: id(GRACE), accessToken: 'a', expiresAt: 1e15 };
      const data = JSON.stringify({ id: 'an-id', createdAt: Date.now() / 1000, fields });

      expect(await userWith(`__Host-session=${new Sealer(purpose, [SESSION_SECRET]).seal(data)}`)).toBe(401);
      expect(await userWith(`__Host-session=${new Sealer('session', [SESSION_SECRET]).seal(data)}`)).toBe(
        id(GRACE),
      );
    },
  );

  it('do not help with the CSRF token, which is that of the session', async () => {
    const planted = 'p'.repeat(32);
    const headers = {
      cookie: `CSRF-TOKEN=${planted}; __Host-session=${victim}; CSRF-TOKEN=${planted}`,
      'x-csrf-token': planted,
      'sec-fetch-site': 'same-site',
    };

    const response = await new Browser().post(`${app.origin}/account`, { headers });

    expect(response.status).toBe(403);
    expect(response.json()).toMatchObject({ code: 'csrf_failed' });
  });
});
