import type { ServerResponse } from 'node:http';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  type INestApplication,
  UseGuards,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { MemorySessionStore, SessionAuthGuard, WristbandException } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { userOf } from '../support/bearer-tokens.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { launchChromium } from '../support/chromium.js';
import { formAction, signIn, submitDiscovery, submitPassword } from '../support/sign-in.js';
import {
  describePlatforms,
  type Platform,
  SESSION_SECRET,
  startTestApp,
  type TestApp,
  type TestAppOptions,
} from '../support/test-app.js';

@Controller('orders')
@UseGuards(SessionAuthGuard)
class OrdersController {
  @Get()
  list() {
    return { orders: [] };
  }
}

const NAVIGATION = { 'sec-fetch-mode': 'navigate', accept: 'text/html' };

let emulator: WristbandEmulator;
let app: TestApp;
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());
afterEach(async () => {
  emulator.heal();
  await app.close();
});

async function start(platform: Platform, setup: Partial<TestAppOptions> = {}): Promise<void> {
  emulator.clearCalls();
  app = await startTestApp({
    emulator,
    platform,
    controllers: [OrdersController],
    ...setup,
    options: { routes: { path: 'api/auth' }, redirectPagesToLogin: true, ...setup.options },
  });
}

const loginUrl = () => `${app.origin}/api/auth/login?tenant_name=acme&return_url=%2Forders%3Fpage%3D2`;
/** A browser that keeps the cookies of Wristband, and none of the application. */
const forgetful = () => new Browser({ refuses: (_line, url) => url.startsWith(app.origin) });
const visitsOf = ({ trail }: BrowserResponse, path: string) => trail.filter((url) => url.includes(path));

/** Signs in as a person does, who looks at pages. */
async function signInByHand(browser: Browser, url = loginUrl()): Promise<BrowserResponse> {
  const page = await browser.get(url, { headers: NAVIGATION });
  const { email, password } = userOf(emulator);
  return browser.submit(formAction(page), { email, password }, { headers: NAVIGATION });
}

function expectPage(response: BrowserResponse): void {
  expect(response.status).toBe(400);
  expect(response.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(response.headers['cache-control']).toContain('no-store');
  expect(Number(response.headers['content-length'])).toBe(Buffer.byteLength(response.text));
  expect(response.text).toContain('Allow cookies for this site');
  expect(response.text).toContain('sign_in_loop');
}

describePlatforms('a browser that keeps no cookies', (platform) => {
  it.each([
    ['ready-made endpoints', { path: 'api/auth' }],
    ["the README's controller", undefined],
  ])('ends at a readable page after one more try, with %s', async (_title, routes) => {
    await start(platform, { options: routes ? { routes } : { routes: undefined! } });
    const browser = forgetful();

    const ended = await signInByHand(browser);

    expectPage(ended);
    expect(visitsOf(ended, '/api/auth/callback')).toHaveLength(2);
    expect(visitsOf(ended, '/api/auth/login')).toHaveLength(2);
    expect(await browser.cookies(app.origin)).toEqual([]);
    const complaints = app.logs.filter((line) => line.includes('failed again'));
    expect(complaints).toEqual([expect.stringContaining('Secure but the page is http')]);
    expect(complaints.join()).not.toMatch(/state=|\/orders|acme/);
  });

  it('ends there too on the way to a guarded page', async () => {
    await start(platform);

    const browser = forgetful();
    const user = userOf(emulator);

    const discovery = await browser.get(`${app.origin}/orders?page=2`, { headers: NAVIGATION });
    const login = await submitDiscovery(browser, discovery, user.email);
    const ended = await submitPassword(browser, login, user);

    expect(ended.json()).toMatchObject({ code: 'sign_in_loop' });
    expect(visitsOf(ended, '/api/auth/callback')).toHaveLength(2);
  });

  it('is told in JSON when a script follows the way', async () => {
    await start(platform);

    const ended = await signIn(forgetful(), loginUrl(), userOf(emulator));

    expect(ended.status).toBe(400);
    expect(ended.json()).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: 'The sign-in failed twice in a row: allow cookies for this site and sign in again',
      code: 'sign_in_loop',
    });
  });

  it('can sign in from that page once it keeps cookies, and lands where the user was', async () => {
    await start(platform);
    let isForgetful = true;
    const browser = new Browser({ refuses: (_line, url) => isForgetful && url.startsWith(app.origin) });
    const ended = await signInByHand(browser);
    isForgetful = false;

    const again = /<a href="([^"]*)">/.exec(ended.text)![1]!.replaceAll('&amp;', '&');
    const landed = await browser.get(new URL(again, ended.url).href, { headers: NAVIGATION });

    expect(landed.url).toBe(`${app.origin}/orders?page=2`);
    expect(landed.status).toBe(200);
  });
});

describePlatforms('a sign-in that fails again and again', (platform) => {
  it('because Wristband refuses the code ends at the page', async () => {
    await start(platform);
    emulator.fail('token', { kind: 'status', status: 400, body: { error: 'invalid_grant' } });

    const ended = await signInByHand(new Browser());

    expectPage(ended);
    expect(emulator.callsTo('token')).toHaveLength(2);
    expect(app.logs.join()).toContain('Wristband refuses its own codes with invalid_grant');
  });

  it('once goes on, and lands where the user was', async () => {
    await start(platform);
    emulator.fail('token', { kind: 'status', status: 400, body: { error: 'invalid_grant' }, times: 1 });

    const landed = await signInByHand(new Browser());

    expect(landed.url).toBe(`${app.origin}/orders?page=2`);
    expect(landed.status).toBe(200);
  });

  it('leaves the page to the application that has one for its own endpoints', async () => {
    @Catch(WristbandException)
    class OwnPage implements ExceptionFilter {
      constructor(private readonly host: HttpAdapterHost) {}
      catch(error: WristbandException, host: ArgumentsHost) {
        const response: object = host.switchToHttp().getResponse();
        this.host.httpAdapter.setHeader(response, 'Content-Type', 'text/html');
        this.host.httpAdapter.reply(response, `<h1>Oh: ${error.code}</h1>`, error.getStatus());
      }
    }
    await start(platform, {
      options: { routes: undefined! },
      configure: (nest) => void nest.useGlobalFilters(new OwnPage(nest.get(HttpAdapterHost))),
    });

    const ended = await signInByHand(forgetful());

    expect(ended.status).toBe(400);
    expect(ended.text).toBe('<h1>Oh: sign_in_loop</h1>');
  });

  it('is shown as a page also where sessions in a store hold the response', async () => {
    const session = { secrets: SESSION_SECRET, secure: false, store: new MemorySessionStore() };
    await start(platform, { options: { session, globalGuard: true } });
    const browser = new Browser();
    await signIn(browser, loginUrl(), userOf(emulator));

    expectPage(await browser.get(`${loginUrl()}&sign_in_attempt=3`, { headers: NAVIGATION }));
    expect((await browser.get(`${app.origin}/orders`)).status).toBe(200);
  });
});

describePlatforms('sign_in_attempt in a link', (platform) => {
  it('costs a visitor one page, which leads to the same sign-in and nowhere else', async () => {
    await start(platform);
    const query = `sign_in_attempt=3&return_url=${encodeURIComponent('"><script>alert(1)</script>&x=1')}`;

    const page = await new Browser().get(`${app.origin}/api/auth/login?${query}`, { headers: NAVIGATION });

    expectPage(page);
    expect(page.text).not.toContain('<script>alert');
    expect(page.text).toContain(
      '<a href="?return_url=%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E%26x%3D1">',
    );
    expect(page.headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    );
  });

  it.each(['', '0', '1', '-3', '2', 'x', 'NaN', '2.5', 'Infinity'])(
    'means nothing as "%s"',
    async (value) => {
      await start(platform);

      const landed = await signIn(new Browser(), `${loginUrl()}&sign_in_attempt=${value}`, userOf(emulator));

      expect(landed.url).toBe(`${app.origin}/orders?page=2`);
    },
  );
});

/** As if the browser kept no cookie of the application, but those of Wristband. */
function withoutCookies(nest: INestApplication): void {
  nest.use((_request: unknown, response: ServerResponse, next: () => void) => {
    const append = response.appendHeader.bind(response);
    response.appendHeader = (name, value) => (name === 'Set-Cookie' ? response : append(name, value));
    next();
  });
}

it('Chromium without cookies reads the page', async () => {
  const chromium = await launchChromium();
  try {
    await start('express', { configure: withoutCookies });
    const page = await chromium.newPage();
    const { email, password } = userOf(emulator);
    await page.goto(`${app.origin}/api/auth/login?tenant_name=acme&return_url=/orders`);
    await page.locator('input[name=email]').fill(email);
    await page.locator('input[name=password]').fill(password);
    await page.locator('button[type=submit]').first().click();

    await page.getByRole('heading', { name: 'You could not be signed in' }).waitFor();
    expect(await page.locator('body').textContent()).toContain(
      'Make sure that the address begins with https',
    );
    await page.getByRole('link', { name: 'Sign in again' }).click();
    // Still no cookies: the same page once more, and not an endless way.
    await page.waitForURL(/sign_in_attempt=3/);
    await page.getByRole('heading', { name: 'You could not be signed in' }).waitFor();
  } finally {
    await chromium.close();
  }
});

it('says what is wrong with Secure cookies over http, instead of starting sign-ins without an end', async () => {
  await start('express', { options: { dangerouslyDisableSecureCookies: false } });
  const origin = 'http://app.yourapp.test';
  emulator.setApplication({ loginUrl: `${origin}/login`, redirectUris: [`${origin}/callback`] });

  const refused = await new Browser().get(loginUrl());

  expect(refused.json()).toMatchObject({ statusCode: 500, code: 'configuration_rejected' });
  expect(app.logs.join('\n')).toContain(
    'dangerouslyDisableSecureCookies: must be true while redirectUri begins with http://',
  );
});
