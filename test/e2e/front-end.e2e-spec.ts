import { Controller, Get, Header, Post, Req, UseGuards } from '@nestjs/common';
import type { Browser, BrowserContext, Page, Response } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HttpRequest, Public, Session, SessionAuthGuard } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { userOf } from '../support/bearer-tokens.js';
import { launchChromium } from '../support/chromium.js';
import { FRONT_END_SCRIPT, frontEndPage, type FrontEndServer, serveFrontEnd } from '../support/front-end.js';
import { type Platform, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

@Controller()
class FrontEndController {
  @Get('front-end.js')
  @Public()
  @Header('Content-Type', 'text/javascript')
  script() {
    return FRONT_END_SCRIPT;
  }

  @Get(['app/:page', 'app/:folder/:page'])
  @Public()
  @Header('Content-Type', 'text/html')
  page(@Req() request: HttpRequest) {
    return frontEndPage({
      api: `http://${'raw' in request ? request.raw.headers.host : request.headers.host}`,
    });
  }
}

@Controller()
@UseGuards(SessionAuthGuard)
class ApiController {
  @Get('expire')
  expire(@Session() session: Session) {
    session.expiresAt = Date.now() - 1000;
    return {};
  }

  @Post('orders')
  order() {
    return {};
  }
}

interface Layout {
  readonly title: string;
  readonly platform: Platform;
  /** Host of the page; the same as that of the API when there is none. */
  readonly page?: string;
  readonly api: string;
  readonly csrfCookieDomain?: string;
}

const LAYOUTS: readonly Layout[] = [
  { title: 'on the same origin', platform: 'express', api: 'localhost' },
  {
    title: 'on a sibling subdomain',
    platform: 'fastify',
    page: 'app.yourapp.localhost',
    api: 'api.yourapp.localhost',
    csrfCookieDomain: 'yourapp.localhost',
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

describe.each(LAYOUTS)(
  'a front end $title ($platform)',
  ({ platform, page: host, api, csrfCookieDomain }) => {
    let server: FrontEndServer;
    let app: TestApp;
    let context: BrowserContext;
    let page: Page;
    /** Every answer of the Session and the Token Endpoint, preflights aside. */
    let answers: Response[];
    let apiOrigin: string;
    let pageOrigin: string;

    beforeAll(async () => {
      server = await serveFrontEnd(() => apiOrigin);
      const foreign = host === undefined ? undefined : `http://${host}:${server.port}`;
      app = await startTestApp({
        emulator,
        platform,
        controllers: [FrontEndController, ApiController],
        configure: (nest) => void (foreign && nest.enableCors({ origin: foreign, credentials: true })),
        options: {
          routes: { path: 'api/auth' },
          redirectPagesToLogin: true,
          session: {
            secrets: SESSION_SECRET,
            secure: false,
            enableCsrfProtection: true,
            ...(csrfCookieDomain && { csrfCookieDomain }),
          },
          ...(foreign && { trustedOrigins: [foreign] }),
        },
      });
      apiOrigin = `http://${api}:${app.port}`;
      pageOrigin = foreign ?? apiOrigin;
      emulator.setApplication({
        loginUrl: `${apiOrigin}/api/auth/login`,
        redirectUris: [`${apiOrigin}/api/auth/callback`],
      });
    });
    afterAll(async () => {
      await app.close();
      await server.close();
    });
    beforeEach(async () => {
      emulator.clearCalls();
      context = await chromium.newContext();
      page = await context.newPage();
      page.setDefaultTimeout(60_000);
      answers = [];
      page.on('response', (response) => {
        const isAsked = /\/api\/auth\/(session|token)$/.test(response.url());
        if (isAsked && response.request().method() === 'GET') answers.push(response);
      });
    });
    afterEach(async () => {
      emulator.heal();
      emulator.tamper();
      await context.close();
    });

    const grace = () => userOf(emulator);
    const statuses = () => answers.map((answer) => answer.status());
    const evaluate = <T>(script: string) => page.evaluate<T>(script);

    async function typePassword(): Promise<void> {
      await page.locator('input[name=password]').waitFor();
      await page.locator('input[name=email]').fill(grace().email);
      await page.locator('input[name=password]').fill(grace().password);
      await page.locator('button[type=submit]').first().click();
    }

    /** Opens a page of the front end, which sends the visitor to sign in: first by e-mail address, then by password. */
    async function signInOn(path: string): Promise<void> {
      await page.goto(`${pageOrigin}${path}`);
      await page.waitForURL((url) => url.pathname === '/login');
      await page.locator('input[name=email]').fill(grace().email);
      await page.keyboard.press('Enter');
      await typePassword();
      await isSignedIn();
    }

    const isSignedIn = () => page.getByText('signed in').waitFor();

    it.each([
      '/app/orders',
      '/app/orders?page=2&sort=-date#row-7',
      '/app/two words/Übersicht?q=Größe 42&next=/a%2Fb#Zeile ä',
      '/app/100%25?share=50%25%2B1',
    ])('sends the visitor of %s to sign in, and is on the same page afterwards', async (path) => {
      await signInOn(path);

      expect(page.url()).toBe(new URL(path, pageOrigin).href);
      expect(await page.locator('p').textContent()).toContain(
        `"userId":"${grace().id}","tenantId":"tenant-acme"`,
      );
      expect(statuses()).toEqual([401, 200]);
    });

    it('gets a session and a token in JSON, as the contract says', async () => {
      await signInOn('/app/orders');

      const session = await answers.at(-1)!.json();
      expect(session).toEqual({ userId: grace().id, tenantId: 'tenant-acme', metadata: {} });
      const token = await evaluate('frontEnd.token()');
      expect(await answers.at(-1)!.json()).toEqual({ accessToken: token, expiresAt: expect.any(Number) });
      expect(answers.at(-1)!.headers()['content-type']).toMatch(/^application\/json/);

      await evaluate('frontEnd.token()');
      expect(answers.filter((answer) => answer.url().endsWith('/token'))).toHaveLength(1);
    });

    it('sends the CSRF token with its GETs, and needs it to change something', async () => {
      await signInOn('/app/orders');

      const headers = await answers.at(-1)!.request().allHeaders();
      expect(headers['x-csrf-token']).toMatch(/^[\w-]{32}$/);
      expect(await evaluate('frontEnd.post("/orders", true)')).toBe(201);
      expect(await evaluate('frontEnd.post("/orders", false)')).toBe(403);
    });

    it('asks for a token again when Wristband is away for a moment, and the user stays signed in', async () => {
      emulator.tamper({ accessTokenClaims: (claims) => ({ ...claims, exp: 1 }) });
      await signInOn('/app/orders');
      emulator.tamper();
      await evaluate(`fetch('${apiOrigin}/expire', { credentials: 'include' })`);
      emulator.fail('token', { kind: 'status', status: 503 });
      page.on('response', (response) => void (response.status() === 503 && emulator.heal()));
      answers.length = 0;

      const token = await evaluate('frontEnd.token()');

      expect(token).toEqual(expect.any(String));
      expect(statuses()).toEqual([503, 200]);
      expect(new URL(page.url()).origin).toBe(pageOrigin);
    });

    it('asks three times for a token while Wristband is away, and is never led elsewhere by an answer', async () => {
      emulator.tamper({ accessTokenClaims: (claims) => ({ ...claims, exp: 1 }) });
      await signInOn('/app/orders');
      await evaluate(`fetch('${apiOrigin}/expire', { credentials: 'include' })`);
      emulator.fail('token', { kind: 'status', status: 503 });
      answers.length = 0;

      const failure = await evaluate('frontEnd.token().catch(String)');

      expect(failure).toBe('Error: trouble: 503');
      expect(statuses()).toEqual([503, 503, 503]);
      expect(answers.map((answer) => answer.headers()['retry-after'])).toEqual(['5', '5', '5']);
    });

    it('asks once when nobody is signed in, and is told so in JSON', async () => {
      await signInOn('/app/orders');
      await context.clearCookies();
      answers.length = 0;

      expect(await evaluate('frontEnd.session().catch(String)')).toBe('Error: refused with 401');
      expect(await evaluate('frontEnd.token().catch(String)')).toBe('Error: refused with 401');

      expect(statuses()).toEqual([401, 401]);
      const asked = `fetch('${apiOrigin}/api/auth/session', { credentials: 'include' })`;
      expect(await evaluate(`${asked}.then((answer) => answer.json())`)).toMatchObject({
        code: 'not_authenticated',
      });
    });

    it('sends the user to sign in again when the session is over, silently and back to the page', async () => {
      await signInOn('/app/orders?page=2');
      await context.clearCookies({ name: 'session' });

      await page.reload();
      await page.waitForURL((url) => url.pathname === '/login');
      // Wristband still knows the user: only the tenant is asked for.
      await page.locator('input[name=email]').fill(grace().email);
      await page.keyboard.press('Enter');
      await isSignedIn();

      expect(page.url()).toBe(`${pageOrigin}/app/orders?page=2`);
    });

    it('names the tenant at login and logout', async () => {
      await signInOn('/app/orders');

      await evaluate('frontEnd.logout({ tenant_name: "acme" })');
      await page.waitForURL(/^http:\/\/acme\.localhost/);
      expect(emulator.callsTo('revoke')).toHaveLength(1);
      expect(emulator.callsTo('logout')).toHaveLength(1);

      await context.clearCookies();
      await page.goto(`${pageOrigin}/front-end.js`);
      await page.goto(`${apiOrigin}/api/auth/login?tenant_name=acme&login_hint=${grace().email}`);
      await page.locator('input[name=password]').waitFor();
    });
  },
);

it('on app.localhost gets no session from api.localhost: to Chromium these are two sites', async () => {
  const server = await serveFrontEnd(() => `http://api.localhost:${app.port}`);
  const pageOrigin = `http://app.localhost:${server.port}`;
  const app = await startTestApp({
    emulator,
    configure: (nest) => nest.enableCors({ origin: pageOrigin, credentials: true }),
    options: { routes: { path: 'api/auth' }, trustedOrigins: [pageOrigin] },
  });
  const apiOrigin = `http://api.localhost:${app.port}`;
  emulator.setApplication({
    loginUrl: `${apiOrigin}/api/auth/login`,
    redirectUris: [`${apiOrigin}/api/auth/callback`],
  });
  const page = await chromium.newPage();
  try {
    await page.goto(`${apiOrigin}/api/auth/login?tenant_name=acme&return_url=${pageOrigin}/app`);
    await page.locator('input[name=email]').fill(userOf(emulator).email);
    await page.locator('input[name=password]').fill(userOf(emulator).password);
    const asked = page.waitForResponse((response) => response.url() === `${apiOrigin}/api/auth/session`);
    await page.locator('button[type=submit]').first().click();

    const headers = await (await asked).request().allHeaders();
    const cookies = (await page.context().cookies(apiOrigin)).map(({ name }) => name);
    expect(cookies.toSorted()).toEqual(['session', 'sign-in-count']);
    expect(headers['sec-fetch-site']).toBe('cross-site');
    expect(headers.cookie).toBeUndefined();
    expect((await asked).status()).toBe(401);
  } finally {
    await page.context().close();
    await app.close();
    await server.close();
  }
});
