import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  ForbiddenException,
  Get,
  HttpException,
  type INestApplication,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD, HttpAdapterHost } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  MemorySessionStore,
  SessionAuthGuard,
  WristbandException,
  type WristbandHooks,
  type WristbandOptions,
} from '../../lib/index.js';
import { signInAs, startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { userOf } from '../support/bearer-tokens.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { launchChromium } from '../support/chromium.js';
import { ObservedStore } from '../support/observed-store.js';
import { formAction, signIn } from '../support/sign-in.js';
import {
  describePlatforms,
  type Platform,
  SESSION_SECRET,
  startTestApp,
  type TestApp,
  type TestAppOptions,
} from '../support/test-app.js';

const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };

@Controller()
class PagesController {
  @Get('open')
  open() {
    return 'open to all';
  }

  @Get('closed')
  @UseGuards(SessionAuthGuard)
  closed() {
    return 'closed';
  }
}

@Catch()
class CatchAll implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const [, response] = host.getArgs<[unknown, object]>();
    const status = error instanceof HttpException ? error.getStatus() : 500;
    this.host.httpAdapter.reply(response, { caught: status }, 418);
  }
}

let emulator: WristbandEmulator;
let app: TestApp;
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterEach(async () => {
  emulator.heal();
  await app.close();
});
afterAll(() => emulator.close());

interface Setup extends Partial<Omit<TestAppOptions, 'options'>> {
  readonly hooks?: WristbandHooks;
  readonly options?: Partial<WristbandOptions>;
}

async function start(platform: Platform, { hooks = {}, options, ...setup }: Setup = {}): Promise<string> {
  app = await startTestApp({
    emulator,
    platform,
    controllers: [PagesController],
    ...setup,
    options: { routes: { path: 'api/auth', backChannelLogout: 'back' }, hooks, ...options },
  });
  return `${app.origin}/api/auth`;
}

/** Opens an address as a person does. */
const open = (url: string, browser = new Browser()) =>
  browser.get(url, { headers: NAVIGATION, redirect: 'manual' });
const titleOf = ({ text }: BrowserResponse) => /<h1>(.*?)<\/h1>/.exec(text)?.[1];
const linkOf = ({ text, url }: BrowserResponse) =>
  new URL(/<a href="([^"]*)">/.exec(text)![1]!.replaceAll('&amp;', '&'), url).href;

function expectPage(page: BrowserResponse, status: number, code: string): void {
  expect([page.status, titleOf(page)]).toEqual([status, expect.any(String)]);
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.headers['cache-control']).toContain('no-store');
  expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect(Number(page.headers['content-length'])).toBe(Buffer.byteLength(page.text));
  expect(page.text).toContain(`<code>${code}</code>`);
  expect(page.text).not.toContain('statusCode');
}

/** A sign-in up to the login page of Wristband, and the answer to a user who presses Cancel there. */
async function cancel(base: string, browser: Browser, query = ''): Promise<string> {
  const { location } = await open(`${base}/login?tenant_name=acme${query}`, browser);
  const state = location.searchParams.get('state')!;
  return `${base}/callback?tenant_name=acme&error=access_denied&state=${encodeURIComponent(state)}`;
}

describePlatforms('a person who fails at a ready-made endpoint', (platform) => {
  it('by Cancel at Wristband reads a page, whose link leads to the page that was asked for', async () => {
    const base = await start(platform);
    const browser = new Browser();

    const page = await open(await cancel(base, browser, '&return_url=/open%3Fa=1%26b'), browser);

    expectPage(page, 403, 'authorization_failed');
    expect(titleOf(page)).toBe('You could not be signed in');
    expect(page.headers['referrer-policy']).toBe('no-referrer');
    const landed = await signIn(browser, linkOf(page), userOf(emulator));
    expect(landed.url).toBe(`${app.origin}/open?a=1&b`);
  });

  it.each<[string, number, string, string]>([
    ['login?tenant_name=a&tenant_name=b', 400, 'invalid_request', 'login'],
    ['login?tenant_name=-no-', 400, 'invalid_tenant', 'login'],
    ['login?tenant_name=acme&sign_in_attempt=3', 400, 'sign_in_loop', 'login?tenant_name=acme'],
    ['callback', 400, 'invalid_request', 'login'],
    ['callback?state=a&state=b', 400, 'invalid_request', 'login'],
    ['session', 401, 'not_authenticated', 'login'],
    ['token', 401, 'not_authenticated', 'login'],
  ])('%s reads a page with a way on, and scripts get JSON', async (path, status, code, link) => {
    const base = await start(platform);

    const page = await open(`${base}/${path}`);
    const json = await new Browser().get(`${base}/${path}`, { redirect: 'manual' });

    expectPage(page, status, code);
    expect(linkOf(page)).toBe(`${base}/${link}`);
    expect(json.status).toBe(status);
    expect(json.json()).toMatchObject({ statusCode: status, code });
  });

  it('during an outage reads a page that tries again by itself, and gets in', async () => {
    const base = await start(platform);
    const browser = new Browser();
    emulator.fail('sdkConfiguration', { kind: 'status', status: 503 });

    const page = await open(`${base}/login?tenant_name=acme`, browser);

    expectPage(page, 503, 'wristband_unavailable');
    const { 'retry-after': retryAfter } = page.headers;
    expect(page.text).toContain(`<meta http-equiv="refresh" content="${retryAfter}">`);
    emulator.heal();
    expect((await open(linkOf(page), browser)).status).toBe(302);
  });

  it('can reload the callback after an outage', async () => {
    const base = await start(platform);
    const browser = new Browser();
    const login = await browser.get(`${base}/login?tenant_name=acme&return_url=/open`, {
      headers: NAVIGATION,
    });
    emulator.fail('token', { kind: 'status', status: 503 });
    const { email, password } = userOf(emulator);
    const page = await browser.submit(formAction(login), { email, password }, { headers: NAVIGATION });
    expectPage(page, 503, 'wristband_unavailable');
    emulator.heal();

    const landed = await browser.get(linkOf(page), { headers: NAVIGATION });

    expect(landed.url).toBe(`${app.origin}/open`);
  });

  it('is told of a failed logout, and is signed out here', async () => {
    const session = { secrets: SESSION_SECRET, secure: false, store: new MemorySessionStore() };
    const base = await start(platform, { options: { session } });
    emulator.fail('sdkConfiguration', { kind: 'status', status: 503 });
    const { headers } = await signInAs(app.app, { user: 'grace@acme.example' });

    const page = await open(`${base}/logout`, new Browser({ headers }));

    expectPage(page, 503, 'wristband_unavailable');
    expect((await new Browser({ headers }).get(`${base}/session`)).status).toBe(401);
  });

  it.each<[string, string, 'read' | 'delete']>([
    ['session', '', 'read'],
    ['token', '', 'read'],
    ['logout', '', 'delete'],
    ['callback', '?state=any', 'read'],
  ])('at …/%s%s while the session store is down reads a page', async (path, query, operation) => {
    const store = new ObservedStore(new MemorySessionStore());
    const base = await start(platform, {
      options: { session: { secrets: SESSION_SECRET, secure: false, store } },
    });
    const { headers } = await signInAs(app.app, { user: 'grace@acme.example' });
    store.failing.add(operation);

    const page = await open(`${base}/${path}${query}`, new Browser({ headers }));

    expectPage(page, 503, 'session_store_unavailable');
    const json = await new Browser({ headers }).get(`${base}/${path}${query}`, { redirect: 'manual' });
    expect([json.status, json.json()]).toEqual([
      503,
      expect.objectContaining({ code: 'session_store_unavailable' }),
    ]);
  });

  it('reads what a hook says to the user, and nothing of what went wrong inside', async () => {
    const messages = ['Your <account> is closed', 'secret of the database'];
    const errors = [new ForbiddenException(messages[0]), new TypeError(messages[1])];
    const base = await start(platform, {
      hooks: {
        onCallback: () => {
          throw errors.shift()!;
        },
      },
    });
    const signInByHand = async () => {
      const browser = new Browser();
      const login = await browser.get(`${base}/login?tenant_name=acme`, { headers: NAVIGATION });
      const { email, password } = userOf(emulator);
      return browser.submit(formAction(login), { email, password }, { headers: NAVIGATION });
    };

    const refused = await signInByHand();
    expect([refused.status, refused.text]).toEqual([
      403,
      expect.stringContaining('Your &lt;account&gt; is closed'),
    ]);
    expect(refused.setCookies.some((line) => line.startsWith('session='))).toBe(false);
    const broken = await signInByHand();
    expect([broken.status, titleOf(broken)]).toEqual([500, 'Something is wrong with this site']);
    expect(broken.text).not.toContain('database');
    expect(app.logs.join('\n')).toContain('secret of the database');
  });

  it('cannot be shown scripts by what is in the address', async () => {
    const base = await start(platform);
    const attack = encodeURIComponent('"><script>alert(1)</script>');

    for (const path of [
      `login?tenant_name=-${attack}&return_url=${attack}`,
      `callback?state=x&state=y&tenant_name=${attack}&error_description=${attack}`,
      `login?sign_in_attempt=9&${attack}=${attack}`,
    ]) {
      const page = await open(`${base}/${path}`);
      expect(page.status).toBe(400);
      expect(page.text).not.toContain('<script>alert');
    }
  });

  it('reads the same page beside a filter that catches everything, and scripts the same JSON', async () => {
    const configure = (nest: INestApplication) =>
      void nest.useGlobalFilters(new CatchAll(nest.get(HttpAdapterHost)));
    const base = await start(platform, { configure });

    expectPage(await open(`${base}/callback`), 400, 'invalid_request');
    const answers = ['login?tenant_name=-x', 'callback', 'session', 'token', 'back'];
    for (const path of answers) {
      const method = path === 'back' ? 'POST' : 'GET';
      const answer = await new Browser().request(`${base}/${path}`, { method });
      expect([path, answer.json()]).toEqual([path, expect.objectContaining({ statusCode: answer.status })]);
      expect(answer.status).toBeLessThan(418);
    }
  });

  it('is refused by a guard of the application in the words of its filters, and reads a page in the place of JSON', async () => {
    class Closed implements CanActivate {
      canActivate(): boolean {
        throw new ForbiddenException('Closed at night');
      }
    }
    const providers = [{ provide: APP_GUARD, useClass: Closed }];
    const base = await start(platform, { providers });
    expectPage(await open(`${base}/login?tenant_name=acme`), 403, '403');
    expect((await new Browser().get(`${base}/login?tenant_name=acme`)).json()).toMatchObject({
      message: 'Closed at night',
    });
    await app.close();

    const configure = (nest: INestApplication) =>
      void nest.useGlobalFilters(new CatchAll(nest.get(HttpAdapterHost)));
    const filtered = await start(platform, { providers, configure });
    const answer = await new Browser().get(`${filtered}/login?tenant_name=acme`);
    expect([answer.status, answer.json()]).toEqual([418, { caught: 403 }]);
  });

  it('who tries too often reads a page, with the status and the time of the throttler', async () => {
    const base = await start(platform, {
      imports: [ThrottlerModule.forRoot([{ ttl: 60_000, limit: 1 }])],
      providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
    });

    await open(`${base}/login?tenant_name=acme`);
    const page = await open(`${base}/login?tenant_name=acme`);

    expectPage(page, 429, '429');
    expect(page.headers['retry-after']).toMatch(/^\d+$/);
  });
});

describePlatforms('hooks.failureUrl', (platform) => {
  it.each<[string, WristbandHooks['failureUrl'], string]>([
    ['a path', '/open?failed', '/open?failed'],
    [
      'a function of the error',
      (error) => `/open?code=${(error as WristbandException).code}`,
      '/open?code=invalid_tenant',
    ],
    ['a promise', async (_error, request) => `/open?${'headers' in request}`, '/open?true'],
  ])('leads elsewhere by %s', async (_title, failureUrl, expected) => {
    const base = await start(platform, { hooks: { failureUrl: failureUrl! } });
    const url = `${base}/login?tenant_name=-no-`;

    const led = await open(url);

    expect([led.status, led.headers.location]).toEqual([302, expected]);
    expect(led.headers['cache-control']).toContain('no-store');
    expect((await new Browser().get(url)).json()).toMatchObject({ code: 'invalid_tenant' });
  });

  it.each<[string, WristbandHooks['failureUrl']]>([
    ['another site', 'https://evil.example/'],
    ['another site in disguise', () => '/\\evil.example'],
    ['a script', () => 'javascript:alert(1)'],
    ['nothing', () => ''],
    ['a number', () => 5 as unknown as string],
    ['the Login Endpoint', '/api/auth/login'],
    ['the Callback Endpoint, by URL', () => `${app.origin}/api/auth/callback?x=1`],
    ['the Session Endpoint', () => '/Api/auth/session/'],
    ['an error', () => Promise.reject(new Error('no page'))],
  ])('does not lead to %s, and the log says so', async (_title, failureUrl) => {
    const base = await start(platform, { hooks: { failureUrl: failureUrl! } });

    expectPage(await open(`${base}/login?tenant_name=-no-`), 400, 'invalid_tenant');

    expect(app.logs.join('\n')).toContain('hooks.failureUrl');
  });

  it('does not lead a prefetch away', async () => {
    const base = await start(platform, { hooks: { failureUrl: '/open' } });
    const headers = { ...NAVIGATION, 'sec-purpose': 'prefetch' };

    const { status, setCookies } = await new Browser().get(`${base}/login?tenant_name=acme`, { headers });

    expect([status, setCookies]).toEqual([400, []]);
  });

  it('may leave some failures to the page of the library', async () => {
    const base = await start(platform, { hooks: { failureUrl: () => undefined } });

    expectPage(await open(`${base}/login?tenant_name=-no-`), 400, 'invalid_tenant');
    expect(app.logs.join('\n')).not.toContain('hooks.failureUrl');
  });

  it('leads to trusted origins, and to the application by its URL, also while Wristband is away', async () => {
    const hooks = { failureUrl: () => 'https://www.example.com/oops' };
    const base = await start(platform, {
      hooks,
      options: { trustedOrigins: ['https://www.example.com'] },
    });
    emulator.fail('sdkConfiguration', { kind: 'status', status: 503 });

    const led = await open(`${base}/login?tenant_name=acme`);

    expect(led.headers.location).toBe('https://www.example.com/oops');
    expect(led.headers['retry-after']).toMatch(/^\d+$/);
  });

  it('that is guarded ends at the page of the library, not in sign-ins without an end', async () => {
    await start(platform, {
      hooks: { failureUrl: '/closed' },
      options: { redirectPagesToLogin: true },
      hasSubdomains: true,
    });
    emulator.tamper({ tokenAnswer: (body) => ({ ...body, id_token: 'forged' }) });
    const browser = new Browser();
    const page = await browser.get(`${app.tenantOrigin('acme')}/closed`, { headers: NAVIGATION });
    const { email, password } = userOf(emulator);

    const ended = await browser.submit(formAction(page), { email, password }, { headers: NAVIGATION });

    expectPage(ended, 401, 'identity_not_verified');
    expect(ended.trail.filter((url) => url.includes('/closed'))).toHaveLength(3);
    emulator.tamper();
    emulator.setApplication({ rootDomain: undefined! });
  });

  it('that leads back to the login ends at the page of the library, also without cookies', async () => {
    const base = await start(platform, { hooks: { failureUrl: '/closed?failed' } });

    const page = await open(`${base}/login?tenant_name=-no-&return_url=/closed`);

    expectPage(page, 400, 'invalid_tenant');
  });

  it.each([
    ['closed', /hooks\.failureUrl: must be a path/],
    ['//evil.example', /hooks\.failureUrl/],
    ['javascript:alert(1)', /hooks\.failureUrl/],
  ])('is refused at the start as %s', async (failureUrl, problem) => {
    const starting = start(platform, { hooks: { failureUrl } });
    await expect(starting).rejects.toThrow(problem);
    await start(platform);
  });
});

describe('the page, in Chromium', () => {
  it('is read, and its link leads on', async () => {
    const chromium = await launchChromium();
    try {
      const base = await start('express');
      const page = await chromium.newPage({ viewport: { width: 900, height: 600 } });
      await page.goto(`${base}/callback?state=old&error=access_denied`);
      await page.goto(`${base}/login?tenant_name=acme&tenant_name=other&return_url=/open`);
      await page.getByRole('heading', { name: 'This sign-in could not be finished' }).waitFor();
      await page.screenshot({ path: process.env.SCREENSHOT ?? '/dev/null', type: 'png' });
      await page.getByRole('link', { name: 'Sign in again' }).click();
      await page.locator('input[name=email]').waitFor();
      expect(new URL(page.url()).origin).toBe(emulator.origin);
    } finally {
      await chromium.close();
    }
  });
});
