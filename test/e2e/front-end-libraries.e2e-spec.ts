import { Controller, Get, Header, Post, Req, UseGuards } from '@nestjs/common';
import type { Browser, BrowserContext, Page, Response } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type HttpRequest,
  MemorySessionStore,
  Public,
  WristbandAuthGuard,
  WristbandSessions,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { userOf } from '../support/bearer-tokens.js';
import { launchChromium } from '../support/chromium.js';
import { FRONT_END_SCRIPT, frontEndPage, type FrontEndSettings } from '../support/front-end.js';
import { ObservedStore } from '../support/observed-store.js';
import { type Platform, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

/** Seconds without a request after which a session ends; longer than an access token of the emulator lives. */
const MAX_AGE = 7200;
const ACCESS_TOKEN_EXPIRED = 1801;

interface Setup {
  readonly library: 'react' | 'vue';
  readonly platform: Platform;
  readonly mode: 'cookie' | 'store';
  /** How the library names a tenant at login and logout. */
  readonly tenantParameter: string;
  readonly csrf?: Pick<FrontEndSettings, 'csrfCookieName' | 'csrfHeaderName'>;
}

const SETUPS: readonly Setup[] = [
  { library: 'react', platform: 'fastify', mode: 'cookie', tenantParameter: 'tenant_name' },
  {
    library: 'vue',
    platform: 'express',
    mode: 'store',
    tenantParameter: 'tenant_domain',
    csrf: { csrfCookieName: 'XSRF-TOKEN', csrfHeaderName: 'X-XSRF-TOKEN' },
  },
];

let chromium: Browser;
let emulator: WristbandEmulator;
beforeAll(async () => {
  chromium = await launchChromium();
  emulator = await startWristbandEmulator();
});
afterAll(async () => {
  await chromium.close();
  await emulator.close();
});

describe.each(SETUPS)(
  'the ready-made endpoints, for the $library library on $platform with sessions in a $mode,',
  ({ library, platform, mode, tenantParameter, csrf }) => {
    @Controller()
    class FrontEndController {
      @Get('front-end.js')
      @Public()
      @Header('Content-Type', 'text/javascript')
      script() {
        return FRONT_END_SCRIPT;
      }

      @Get('app/:page')
      @Public()
      @Header('Content-Type', 'text/html')
      page(@Req() request: HttpRequest) {
        const { host } = 'raw' in request ? request.raw.headers : request.headers;
        return frontEndPage({ api: `http://${host}`, library, ...csrf });
      }

      @Post('orders')
      @UseGuards(WristbandAuthGuard)
      order() {
        return {};
      }
    }

    const store = new ObservedStore(new MemorySessionStore());
    let app: TestApp;
    let context: BrowserContext;
    let page: Page;
    /** The responses of the ready-made endpoints since the sign-in, as `session 200`. */
    let responses: string[];

    beforeAll(async () => {
      app = await startTestApp({
        emulator,
        platform,
        controllers: [FrontEndController],
        options: {
          routes: { path: 'api/auth' },
          session: {
            secrets: SESSION_SECRET,
            secure: false,
            maxAge: MAX_AGE,
            enableCsrfProtection: true,
            ...(mode === 'store' && { store }),
            ...csrf,
          },
        },
      });
    });
    afterAll(() => app.close());
    beforeEach(async () => {
      emulator.clearCalls();
      context = await chromium.newContext();
      page = await context.newPage();
      page.setDefaultTimeout(15_000);
      responses = [];
      page.on('response', (response: Response) => {
        const [, name] = /\/api\/auth\/(\w+)/.exec(new URL(response.url()).pathname) ?? [];
        if (name) responses.push(`${name} ${response.status()}`);
      });
    });
    afterEach(async () => {
      vi.useRealTimers();
      store.failing.clear();
      emulator.heal();
      await context.close();
    });

    const grace = () => userOf(emulator);
    const evaluate = <T>(script: string) => page.evaluate<T>(script);
    const isSignedIn = () => page.getByText('signed in').waitFor();
    const exchanges = () =>
      emulator.callsTo('token').filter(({ form }) => form.grant_type === 'refresh_token');
    const wait = (seconds: number) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
    };

    async function typePassword(): Promise<void> {
      await page.locator('input[name=password]').waitFor();
      await page.locator('input[name=email]').fill(grace().email);
      await page.locator('input[name=password]').fill(grace().password);
      await page.locator('button[type=submit]').first().click();
    }

    /** Opens a page as a visitor, who has to sign in: first by e-mail address, then by password. */
    async function signInOn(path: string): Promise<void> {
      await page.goto(`${app.origin}${path}`);
      await page.waitForURL((url) => url.pathname === '/login');
      await page.locator('input[name=email]').fill(grace().email);
      await page.keyboard.press('Enter');
      await typePassword();
      await isSignedIn();
      expect(responses).toEqual(['session 401', 'login 302', 'login 302', 'callback 302', 'session 200']);
      responses.length = 0;
    }

    it('lead a visitor of a deep link to sign in and back, and a reload or another page needs no sign-in', async () => {
      const deepLink = `${app.origin}/app/Größe 42?q=a+b&next=/a%2Fb#Zeile-ä`;
      await signInOn(new URL(deepLink).href.slice(app.origin.length));
      expect(page.url()).toBe(new URL(deepLink).href);

      await page.reload();
      await isSignedIn();
      await page.goto(`${app.origin}/app/orders`);
      await isSignedIn();

      expect(responses).toEqual(['session 200', 'session 200']);
    });

    it('give the token once for several calls, and take the CSRF token under the names of the library', async () => {
      await signInOn('/app/orders');

      const first = await evaluate('frontEnd.token()');
      expect(await evaluate('frontEnd.token()')).toBe(first);

      expect(responses).toEqual(['token 200']);
      expect(await evaluate('frontEnd.post("/orders", true)')).toBe(201);
      expect(await evaluate('frontEnd.post("/orders", false)')).toBe(403);
    });

    it('sign out in the tenant that the library names, and every page leads to the login then', async () => {
      await signInOn('/app/orders');

      await evaluate(`frontEnd.logout({ ${tenantParameter}: "acme" })`);
      await page.waitForURL(/^http:\/\/acme\.localhost/);
      expect(emulator.callsTo('revoke')).toHaveLength(1);

      await page.goto(`${app.origin}/app/orders`);
      await page.waitForURL((url) => url.pathname === '/login');
      await evaluate('0');
      await page.goto(`${app.origin}/api/auth/login?${tenantParameter}=acme&return_url=/app/orders`);
      await typePassword();
      await isSignedIn();
    });

    it.each(['was revoked', 'had no request for too long'])(
      'lead to the login and back when the session %s',
      async (end) => {
        await signInOn('/app/orders?page=2');
        if (end === 'was revoked') await app.app.get(WristbandSessions).revokeUser(grace().id);
        else wait(MAX_AGE + 1);

        await page.reload();
        await page.waitForURL((url) => url.pathname === '/login');
        await page.locator('input[name=email]').fill(grace().email);
        await page.keyboard.press('Enter');
        // Wristband still knows the user.
        await isSignedIn();

        expect(page.url()).toBe(`${app.origin}/app/orders?page=2`);
        expect(responses[0]).toBe('session 401');
      },
    );

    it('renew an access token that has expired, once', async () => {
      await signInOn('/app/orders');
      const before = await evaluate('frontEnd.token()');
      wait(ACCESS_TOKEN_EXPIRED);

      await page.reload();
      await isSignedIn();

      expect(await evaluate('frontEnd.token()')).not.toBe(before);
      expect(exchanges()).toHaveLength(1);
      expect(responses).toEqual(['token 200', 'session 200', 'token 200']);
    });

    it('sign nobody out while Wristband is down and the access token has expired', async () => {
      await signInOn('/app/orders?page=2');
      wait(ACCESS_TOKEN_EXPIRED);
      emulator.fail('token', { kind: 'status', status: 503 });

      await page.reload();
      await isSignedIn();
      expect(page.url()).toBe(`${app.origin}/app/orders?page=2`);
      expect(await evaluate('frontEnd.token().catch(String)')).toBe('Error: trouble: 503');
      expect(responses).toEqual(['session 200', 'token 503', 'token 503', 'token 503']);

      emulator.heal();
      responses.length = 0;
      // Trouble is remembered for a few seconds.
      wait(10);
      expect(await evaluate('frontEnd.token()')).toEqual(expect.any(String));
      await page.reload();
      await isSignedIn();
      expect(responses).toEqual(['token 200', 'session 200']);
    });

    // The Vue library leaves for the logout, which does not succeed either.
    it.runIf(library === 'vue')('keep the session through an outage of the store', async () => {
      await signInOn('/app/orders');
      store.failing.add('read');

      await page.reload();
      await page.waitForURL(`${app.origin}/api/auth/logout`);

      expect(responses).toEqual(['session 503', 'logout 503']);
      store.failing.clear();
      await page.goto(`${app.origin}/app/orders`);
      await isSignedIn();
    });
  },
);
