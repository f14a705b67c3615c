import { Controller, Get, Header, UseGuards } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CurrentUser, SessionAuthGuard } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { userOf } from '../support/bearer-tokens.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { launchChromium } from '../support/chromium.js';
import { formAction, signIn, submitPassword } from '../support/sign-in.js';
import { describePlatforms, startTestApp, type TestApp } from '../support/test-app.js';

@Controller()
class PagesController {
  @Get('page')
  @UseGuards(SessionAuthGuard)
  page(@CurrentUser('userId') userId: string) {
    return { userId };
  }

  @Get('start')
  @Header('Content-Type', 'text/html')
  start() {
    return '<!doctype html><link rel="prefetch" href="/api/auth/login?tenant_name=acme"><title>start</title>';
  }
}

const EIGHT_KILOBYTES = 8192;

describePlatforms('sign-ins of one browser', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({
      emulator,
      platform,
      controllers: [PagesController],
      options: { routes: { path: 'api/auth' } },
    });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });
  beforeEach(() => {
    browser = new Browser();
    emulator.clearCalls();
  });
  afterEach(() => emulator.heal());

  const grace = () => userOf(emulator);
  const pageOf = (tab: number) => `${app.origin}/page?tab=${tab}`;
  const loginUrl = (tab: number) =>
    `${app.origin}/api/auth/login?tenant_name=acme&return_url=${encodeURIComponent(`/page?tab=${tab}`)}`;
  const tokenAnswers = () => emulator.callsTo('token').map(({ status }) => status);
  const loginCookies = async () =>
    (await browser.jar.getCookies(app.origin)).filter(({ key }) => key.startsWith('login#'));

  function expectLanded(response: BrowserResponse, url: string): void {
    expect(response.url).toBe(url);
    expect(response.json()).toEqual({ userId: grace().id });
  }

  /** Signs in until Wristband leads to the callback. */
  async function untilCallback(tab: number): Promise<string> {
    const page = await browser.get(loginUrl(tab));
    const { email, password } = grace();
    let { location } = await browser.submit(formAction(page), { email, password }, { redirect: 'manual' });
    while (location.origin !== app.origin)
      ({ location } = await browser.get(location.href, { redirect: 'manual' }));
    return location.href;
  }

  describe('in several tabs', () => {
    it.each([
      [1, 2, 3, 4],
      [4, 3, 2, 1],
      [2, 4, 1, 3],
      [3, 1, 4, 2],
    ])('end each at its own page, in the order %i, %i, %i, %i', async (...order) => {
      const pages = new Map<number, BrowserResponse>();
      for (const tab of [1, 2, 3, 4]) pages.set(tab, await browser.get(loginUrl(tab)));
      expect(await loginCookies()).toHaveLength(3);

      for (const tab of order)
        expectLanded(await submitPassword(browser, pages.get(tab)!, grace()), pageOf(tab));
      expect(await browser.cookies(app.origin)).toEqual(['session']);
    });

    it('end each at its own page when ten are opened by who is signed in at Wristband already', async () => {
      await signIn(browser, loginUrl(0), grace());
      const tabs = Array.from({ length: 10 }, (_, index) => index + 1);

      const begun: URL[] = [];
      for (const tab of tabs) begun.push((await browser.get(loginUrl(tab), { redirect: 'manual' })).location);
      expect(await loginCookies()).toHaveLength(3);

      const landed = await Promise.all(begun.map(({ href }) => browser.get(href)));

      for (const tab of tabs) expectLanded(landed[tab - 1]!, pageOf(tab));
    });

    it('that are given up leave little behind, and the next one works', async () => {
      for (let tab = 1; tab <= 100; tab += 1) await browser.get(loginUrl(tab), { redirect: 'manual' });

      expect((await browser.jar.getCookieString(app.origin)).length).toBeLessThan(EIGHT_KILOBYTES);
      expect(await loginCookies()).toHaveLength(3);
      expectLanded(await signIn(browser, loginUrl(101), grace()), pageOf(101));
    });
  });

  describe('that nobody asked for', () => {
    it.each([
      ['HEAD', {}],
      ['GET', { 'sec-purpose': 'prefetch' }],
      ['GET', { 'sec-purpose': 'prefetch;prerender' }],
      ['GET', { purpose: 'prefetch' }],
    ])('do not begin: %s %j', async (method, headers) => {
      const answer = await browser.request(loginUrl(1), { method, headers, redirect: 'manual' });

      expect(answer.status).toBe(400);
      expect(answer.setCookies).toEqual([]);
      expect(answer.headers['cache-control']).toContain('no-store');
    });
  });

  describe('whose callback comes again', () => {
    it('at the same time exchange the code once, and both land signed in', async () => {
      const callback = await untilCallback(1);

      const landed = await Promise.all([browser.get(callback), browser.get(callback)]);

      for (const response of landed) expectLanded(response, pageOf(1));
      expect(tokenAnswers()).toEqual([200]);
    });

    it('by the back button lead to the page where the user was', async () => {
      const callback = await untilCallback(1);
      await browser.get(callback);

      expectLanded(await browser.get(callback), pageOf(1));
      expectLanded(await browser.get(callback), pageOf(1));
      expect(tokenAnswers()).toEqual([200, 200, 200]);
    });

    it('from a bookmark ask another browser to sign in, and lead to that page', async () => {
      const callback = await untilCallback(1);
      await browser.get(callback);
      browser = new Browser();

      const page = await browser.get(callback);

      expect(page.text).toContain('type="password"');
      expectLanded(await submitPassword(browser, page, grace()), pageOf(1));
    });

    it('with another state sign nobody in, and leave the session alone', async () => {
      await signIn(browser, loginUrl(1), grace());
      const session = await browser.jar.getCookieString(app.origin);
      const ada = new Browser();
      const begun = await ada.get(loginUrl(2), { redirect: 'manual' });
      const forged = `${app.origin}/api/auth/callback?tenant_name=acme&code=stolen`;
      emulator.clearCalls();

      for (const state of [begun.location.searchParams.get('state')!, 'x'.repeat(43), 'a.b.c']) {
        const answer = await browser.get(`${forged}&state=${state}`, { redirect: 'manual' });

        expect(answer.status).toBe(302);
        expect(answer.location.pathname).toBe('/api/auth/login');
        expect(answer.setCookies).toEqual([]);
      }
      expect(tokenAnswers()).toEqual([]);
      expect(await browser.jar.getCookieString(app.origin)).toBe(session);
    });
  });

  it('are not begun by the prefetch of Chromium', async () => {
    const chromium = await launchChromium();
    try {
      const context = await chromium.newContext();
      const page = await context.newPage();
      const prefetched = page.waitForResponse(/\/api\/auth\/login/);
      await page.goto(`${app.origin}/start`);

      expect((await prefetched).status()).toBe(400);
      expect(await context.cookies()).toEqual([]);
    } finally {
      await chromium.close();
    }
  });
});
