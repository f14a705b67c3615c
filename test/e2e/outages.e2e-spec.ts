import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Get, UseGuards } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Session, SessionAuthGuard, WristbandAuthService } from '../../lib/index.js';
import {
  type EmulatorEndpoint,
  type EmulatorFault,
  type EmulatorJson,
  startWristbandEmulator,
  type WristbandEmulator,
} from '../../lib/testing/index.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { freePort } from '../support/free-port.js';
import { formAction, signIn, submitPassword } from '../support/sign-in.js';
import {
  describePlatforms,
  optionsFor,
  type Platform,
  startTestApp,
  type TestApp,
} from '../support/test-app.js';

@Controller('orders')
@UseGuards(SessionAuthGuard)
class OrdersController {
  @Get()
  list(@Session('tenantName') tenantName: string) {
    return { tenantName };
  }
}

/** What one call to Wristband may take. */
const TIMEOUT = 1000;
/** Until our answer must be there: generous, because the machine may be busy; without a time-out it would be for ever. */
const BOUND = TIMEOUT + 9000;

const UNAVAILABLE = {
  statusCode: 503,
  error: 'Service Unavailable',
  message: expect.stringMatching(/^Wristband[^{}]{10,90}; try again soon$/),
  code: 'wristband_unavailable',
};

interface Trouble {
  readonly name: string;
  readonly fault: () => EmulatorFault;
  /** Whether Wristband did what it was asked for, so that a code or a rotating token is spent. */
  readonly isDone?: boolean;
  /** How often the token endpoint may be called: more than once only after an answer that says nothing was done. */
  readonly tokenCalls?: number;
  readonly retryAfter?: RegExp;
  /** Tried everywhere; the others, which differ only on the way to Wristband, where tokens are refreshed, on one platform. */
  readonly isEssential?: boolean;
}

const TROUBLES: Trouble[] = [
  { name: 'hangs', fault: () => ({ kind: 'hang' }), isEssential: true },
  { name: 'stalls in the middle of its answer', fault: () => ({ kind: 'stall' }) },
  { name: 'resets the connection', fault: () => ({ kind: 'reset' }) },
  {
    name: 'does the work and loses the answer',
    fault: () => ({ kind: 'drop' }),
    isDone: true,
    isEssential: true,
  },
  {
    name: 'answers 503',
    fault: () => ({ kind: 'status', status: 503, body: '<h1>Down</h1>' }),
    tokenCalls: 3,
  },
  {
    name: 'answers 429 with Retry-After in seconds',
    fault: () => ({ kind: 'status', status: 429, headers: { 'retry-after': '30' } }),
    retryAfter: /^30$/,
    isEssential: true,
  },
  {
    name: 'answers 429 with Retry-After as a date',
    fault: () => ({
      kind: 'status',
      status: 429,
      headers: { 'retry-after': new Date(Date.now() + 30_000).toUTCString() },
    }),
    retryAfter: /^(2[5-9]|30)$/,
  },
  { name: 'answers 500', fault: () => ({ kind: 'status', status: 500, body: { error: 'server_error' } }) },
  { name: 'answers something that is no JSON', fault: () => ({ kind: 'garbage' }) },
  { name: 'answers nothing', fault: () => ({ kind: 'empty' }) },
  {
    name: 'answers JSON of another shape',
    fault: () => ({ kind: 'status', status: 200, body: ['unexpected'] }),
    isEssential: true,
  },
  {
    name: 'redirects',
    fault: () => ({ kind: 'status', status: 302, headers: { location: 'http://localhost:9/elsewhere' } }),
  },
  {
    name: 'sends 2 MB',
    fault: () => ({ kind: 'status', status: 200, body: { padding: 'x'.repeat(2_000_000) } }),
  },
];

const titled = (troubles: readonly Trouble[]) => troubles.map((trouble) => [trouble.name, trouble] as const);
const ESSENTIAL = titled(TROUBLES.filter(({ isEssential }) => isEssential));
const troublesOn = (platform: Platform) => (platform === 'express' ? titled(TROUBLES) : ESSENTIAL);

function oneOfEachKind(): Trouble['fault'][] {
  return [...new Map(TROUBLES.map(({ fault }) => [fault().kind, fault])).values()];
}

describePlatforms('an outage of Wristband', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp | undefined;
  let browser: Browser;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
  });
  beforeEach(() => {
    browser = new Browser();
  });
  afterEach(async () => {
    vi.useRealTimers();
    emulator.heal();
    emulator.tamper();
    await app?.close();
  });
  afterAll(() => emulator.close());

  /** A new application, because configuration, keys and verdicts on domains are remembered. */
  async function start(): Promise<TestApp> {
    app = await startApp(emulator, platform);
    emulator.clearCalls();
    return app;
  }

  describe.each<{ name: string; endpoint: EmulatorEndpoint; loginQuery: () => string }>([
    { name: 'auto-configuration', endpoint: 'sdkConfiguration', loginQuery: () => 'tenant_name=acme' },
    {
      name: 'the check of a custom domain',
      endpoint: 'customDomainValidation',
      loginQuery: () => `tenant_name=globex&tenant_custom_domain=${emulator.tenants[1]?.customDomain}`,
    },
  ])('at login, when $name', ({ endpoint, loginQuery }) => {
    it.each(ESSENTIAL)('%s: answers 503 in time and goes on afterwards', async (_name, trouble) => {
      const { origin } = await start();
      const loginUrl = `${origin}/api/auth/login?${loginQuery()}`;
      emulator.fail(endpoint, trouble.fault());

      const response = await timed(() => browser.get(loginUrl, { redirect: 'manual' }));

      expectUnavailable(response, trouble);
      expect(response.setCookies).toEqual([]);
      emulator.heal();
      const landed = await signIn(browser, `${loginUrl}&return_url=/orders`, userAt(emulator, loginQuery()));
      expect(landed.url).toBe(`${origin}/orders`);
      expect(landed.status).toBe(200);
    });
  });

  describe.each<{ name: string; endpoint: EmulatorEndpoint; tenant: string; isAfterExchange: boolean }>([
    {
      name: 'the check of a custom domain',
      endpoint: 'customDomainValidation',
      tenant: 'globex',
      isAfterExchange: false,
    },
    { name: 'the token endpoint', endpoint: 'token', tenant: 'acme', isAfterExchange: false },
    { name: 'the key set', endpoint: 'jwks', tenant: 'acme', isAfterExchange: true },
    { name: 'the user info', endpoint: 'userinfo', tenant: 'acme', isAfterExchange: true },
  ])('at callback, when $name', ({ endpoint, tenant, isAfterExchange }) => {
    it.each(ESSENTIAL)(
      '%s: answers 503 in time and a reload completes the sign-in',
      async (_name, trouble) => {
        const { origin } = await start();
        const callbackUrl = await untilCallback(browser, emulator, origin, tenant);
        const cookiesBefore = await browser.cookies(origin);
        emulator.fail(endpoint, trouble.fault());

        const response = await timed(() => browser.get(callbackUrl, { redirect: 'manual' }));

        expectUnavailable(response, trouble);
        expect(response.setCookies).toEqual([]);
        expect(await browser.cookies(origin)).toEqual(cookiesBefore);
        if (endpoint === 'token') expectTokenCalls(emulator, trouble);
        emulator.heal();
        emulator.clearCalls();
        const reloaded = await browser.get(callbackUrl);
        expect(reloaded.url).toBe(`${origin}/orders`);
        expect(reloaded.json()).toEqual({ tenantName: tenant });
        // A spent code starts the sign-in again, without a password; else the reloaded page itself is the way in.
        const isSpent = endpoint === 'token' && trouble.isDone === true;
        expect(reloaded.trail.length > 2).toBe(isSpent);
        if (isAfterExchange) expect(emulator.callsTo('token')).toHaveLength(0);
      },
    );
  });

  describe('at a guarded route, when the refresh', () => {
    it.each(troublesOn(platform))('%s: answers 503 in time and keeps the session', async (_name, trouble) => {
      const { origin } = await start();
      await signInTo(origin);
      advanceClock(1801);
      emulator.clearCalls();
      emulator.fail('token', trouble.fault());

      const response = await timed(() => browser.get(`${origin}/orders`));

      expectUnavailable(response, trouble);
      expect(await browser.cookies(origin)).toEqual(['session']);
      expectTokenCalls(emulator, trouble);
      emulator.heal();
      const afterwards = await browser.get(`${origin}/orders`);
      // After a lost answer the refresh token is spent, and nobody has its successor: Wristband refuses it.
      expect(afterwards.status).toBe(trouble.isDone ? 401 : 200);
    });

    it.each(troublesOn(platform))(
      '%s: answers 200 while the access token is really valid',
      async (_name, trouble) => {
        const { origin } = await start();
        await signInTo(origin);
        advanceClock(1745);
        emulator.clearCalls();
        emulator.fail('token', trouble.fault());

        const response = await timed(() => browser.get(`${origin}/orders`));

        expect(response.status).toBe(200);
        expect(response.json()).toEqual({ tenantName: 'acme' });
        expect(await browser.cookies(origin)).toEqual(['session']);
        expectTokenCalls(emulator, trouble);
      },
    );
  });

  describe('at logout, when the revocation', () => {
    it.each(ESSENTIAL)('%s: signs out all the same', async (_name, trouble) => {
      const { origin } = await start();
      await signInTo(origin);
      emulator.fail('revoke', trouble.fault());

      const response = await timed(() => browser.get(`${origin}/api/auth/logout`, { redirect: 'manual' }));

      expect(response.status).toBe(302);
      expect(response.location.host).toBe(`acme.${emulator.vanityDomain}`);
      expect(response.location.pathname).toBe('/api/v1/logout');
      expect(await browser.cookies(origin)).toEqual([]);
      emulator.heal();
      expect((await browser.get(`${origin}/orders`)).status).toBe(401);
      await browser.get(response.location.href);
      expect((await signInTo(origin)).status).toBe(200);
    });
  });

  function signInTo(origin: string): Promise<BrowserResponse> {
    return signIn(
      browser,
      `${origin}/api/auth/login?tenant_name=acme&return_url=/orders`,
      userAt(emulator, 'acme'),
    );
  }
});

describe('what is tried again', () => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
  });
  beforeEach(async () => {
    browser = new Browser();
    app = await startApp(emulator, 'express', 2500);
  });
  afterEach(async () => {
    vi.useRealTimers();
    emulator.heal();
    emulator.tamper();
    await app.close();
  });
  afterAll(() => emulator.close());

  const repeatable: [string, EmulatorFault][] = [
    ['a reset connection', { kind: 'reset', times: 1 }],
    ['a lost answer', { kind: 'drop', times: 1 }],
    ['a 500', { kind: 'status', status: 500, times: 1 }],
    ['a 429', { kind: 'status', status: 429, times: 1, headers: { 'retry-after': '0' } }],
  ];

  it.each(
    (['sdkConfiguration', 'customDomainValidation', 'jwks', 'userinfo'] as const).flatMap((endpoint) =>
      repeatable.map(([title, fault]) => [endpoint, title, fault] as const),
    ),
  )('%s is asked again after %s and the user sees nothing', async (endpoint, _title, fault) => {
    emulator.clearCalls();
    emulator.fail(endpoint, fault);

    const landed = await signInTo('globex');

    expect(landed.status).toBe(200);
    expect(emulator.callsTo(endpoint)).toHaveLength((fault.times ?? 0) + 1);
    expect(emulator.callsTo('token')).toHaveLength(1);
  });

  it.each(repeatable)('the revocation is asked for again after %s', async (_title, fault) => {
    await signInTo('acme');
    emulator.clearCalls();
    emulator.fail('revoke', fault);

    await browser.get(`${app.origin}/api/auth/logout`, { redirect: 'manual' });

    expect(
      emulator
        .callsTo('revoke')
        .map(({ status }) => status)
        .at(-1),
    ).toBe(200);
    expect(emulator.callsTo('revoke')).toHaveLength((fault.times ?? 0) + 1);
  });

  const turnedAway: [string, EmulatorFault][] = [
    ['a 503', { kind: 'status', status: 503, times: 1 }],
    ['a 503 that says at once', { kind: 'status', status: 503, times: 1, headers: { 'retry-after': '0' } }],
    ['a 429 without Retry-After', { kind: 'status', status: 429, times: 1 }],
    [
      'a 429 with a date that has passed',
      { kind: 'status', status: 429, times: 1, headers: { 'retry-after': 'Mon, 04 May 2020 12:00:00 GMT' } },
    ],
    ['two 503 in a row', { kind: 'status', status: 503, times: 2 }],
  ];

  it.each(turnedAway)(
    'a code is exchanged again after %s, because nothing was done',
    async (_title, fault) => {
      emulator.clearCalls();
      emulator.fail('token', fault);

      const landed = await signInTo('acme');

      expect(landed.status).toBe(200);
      expect(emulator.callsTo('token')).toHaveLength((fault.times ?? 0) + 1);
      expect(new Set(emulator.callsTo('token').map(({ body }) => body)).size).toBe(1);
    },
  );

  it.each(turnedAway)('a refresh is made again after %s, because nothing was done', async (_title, fault) => {
    await signInTo('acme');
    advanceClock(1801);
    emulator.clearCalls();
    emulator.fail('token', fault);

    const response = await browser.get(`${app.origin}/orders`);

    expect(response.status).toBe(200);
    expect(emulator.callsTo('token')).toHaveLength((fault.times ?? 0) + 1);
  });

  it('a short Retry-After is waited for', async () => {
    const callbackUrl = await untilCallback(browser, emulator, app.origin, 'acme');
    emulator.clearCalls();
    emulator.fail('token', { kind: 'status', status: 429, times: 1, headers: { 'retry-after': '1' } });
    const startedAt = performance.now();

    const landed = await browser.get(callbackUrl);

    expect(landed.status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(990);
    expect(emulator.callsTo('token')).toHaveLength(2);
  });

  it('nothing is tried more than three times', async () => {
    emulator.clearCalls();
    emulator.fail('sdkConfiguration', { kind: 'status', status: 503 });

    const response = await browser.get(`${app.origin}/api/auth/login?tenant_name=acme`);

    expect(response.status).toBe(503);
    expect(emulator.callsTo('sdkConfiguration')).toHaveLength(3);
  });

  it('a call that used up its time is not tried again (weakness 16)', async () => {
    await app.close();
    app = await startApp(emulator, 'express');
    emulator.clearCalls();
    emulator.fail('sdkConfiguration', { kind: 'hang', times: 1 });

    const response = await timed(() => browser.get(`${app.origin}/api/auth/login?tenant_name=acme`));

    expect(response.status).toBe(503);
    expect(emulator.callsTo('sdkConfiguration')).toHaveLength(1);
  });

  it('a Retry-After that is short but longer than the time left is passed on', async () => {
    await app.close();
    app = await startApp(emulator, 'express');
    emulator.fail('sdkConfiguration', { kind: 'status', status: 503, headers: { 'retry-after': '1' } });

    const response = await browser.get(`${app.origin}/api/auth/login?tenant_name=acme`);

    expect(response.status).toBe(503);
    expect(response.headers['retry-after']).toBe('1');
  });

  describe('a refused connection', () => {
    const withRefusals = async (refusals: number) => {
      const closedPort = await freePort();
      const tries: string[] = [];
      const port = emulator.vanityDomain.split(':')[1];
      const toClosedPort = (url: string) => url.replace(`:${port}`, `:${closedPort}`);
      await app.close();
      app = await startApp(emulator, 'express', 2500, {
        fetch: (input, init) => {
          const url = input instanceof Request ? input.url : String(input);
          if (!url.endsWith('/oauth2/token')) return fetch(input, init);
          tries.push(url);
          return fetch(tries.length <= refusals ? toClosedPort(url) : url, init);
        },
      });
      return tries;
    };

    it('is tried again even for a code, because nothing was sent', async () => {
      const tries = await withRefusals(1);
      emulator.clearCalls();

      const landed = await signInTo('acme');

      expect(landed.status).toBe(200);
      expect(tries).toHaveLength(2);
      expect(emulator.callsTo('token')).toHaveLength(1);
    });

    it('is tried again even for a refresh token', async () => {
      const tries = await withRefusals(0);
      await signInTo('acme');
      advanceClock(1801);
      tries.length = 0;
      const refusing = await withRefusals(2);

      const response = await browser.get(`${app.origin}/orders`);

      expect(response.status).toBe(200);
      expect(refusing).toHaveLength(3);
    });

    it('ends as 503 after three tries', async () => {
      const tries = await withRefusals(Infinity);

      const response = await signInTo('acme');

      expect(response.status).toBe(503);
      expect(response.json()).toEqual(UNAVAILABLE);
      expect(tries).toHaveLength(3);
    });
  });

  function signInTo(tenant: string): Promise<BrowserResponse> {
    const loginUrl = `${app.origin}/api/auth/login?tenant_name=${tenant}&return_url=/orders`;
    return signIn(browser, loginUrl, userAt(emulator, tenant));
  }
});

describe('answers without end', () => {
  let emulator: WristbandEmulator;
  let app: TestApp;

  beforeEach(async () => {
    emulator = await startWristbandEmulator();
    app = await startApp(emulator, 'express', 2500);
  });
  afterEach(async () => {
    await app.close();
    await emulator.close();
  });

  const padded = (json: EmulatorJson) => ({ ...json, padding: 'x'.repeat(2_000_000) });

  it.each([
    ['an SDK configuration', { sdkConfiguration: padded }],
    ['a token answer', { tokenAnswer: padded }],
    ['a user info', { userinfo: padded }],
  ])('%s of 2 MB is not read to its end, however right it begins', async (_title, hooks) => {
    const browser = new Browser();
    emulator.tamper(hooks);

    const page = await browser.get(`${app.origin}/api/auth/login?tenant_name=acme`);
    const response =
      page.status === 503 ? page : await submitPassword(browser, page, userAt(emulator, 'acme'));

    expect(response.status).toBe(503);
    expect(response.json()).toEqual(UNAVAILABLE);
  });
});

describe('redirects of endpoints', () => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let elsewhere: Server;
  const visitors: string[] = [];

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startApp(emulator, 'express');
    elsewhere = createHttpServer((request, response) => {
      visitors.push(`${request.method} ${request.headers.authorization}`);
      response.end('{}');
    });
    await new Promise<void>((resolve) => void elsewhere.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    elsewhere.close();
    await app.close();
    await emulator.close();
  });

  it.each(
    (['sdkConfiguration', 'token', 'jwks', 'userinfo'] as const).flatMap((endpoint) =>
      [301, 302, 307, 308].map((status) => [endpoint, status] as const),
    ),
  )('%s with %i are not followed, so no credential goes elsewhere', async (endpoint, status) => {
    const { port } = elsewhere.address() as AddressInfo;
    const location = `http://127.0.0.1:${port}/`;
    const browser = new Browser();
    emulator.clearCalls();
    emulator.fail(endpoint, { kind: 'status', status, headers: { location } });
    const page = await browser.get(`${app.origin}/api/auth/login?tenant_name=acme`);

    const response =
      page.status === 503 ? page : await submitPassword(browser, page, userAt(emulator, 'acme'));

    emulator.heal();
    expect(response.status).toBe(503);
    expect(emulator.callsTo(endpoint).length).toBeGreaterThan(0);
    expect(visitors).toEqual([]);
  });
});

describePlatforms('several requests in the same outage', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startApp(emulator, platform);
  });
  afterEach(() => {
    vi.useRealTimers();
    emulator.heal();
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  it('share one refresh, all keep the session, and all go on afterwards', async () => {
    const browser = new Browser();
    await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, userAt(emulator, 'acme'));
    advanceClock(1801);
    emulator.clearCalls();
    emulator.fail('token', { kind: 'hang' });

    const responses = await Promise.all(
      Array.from({ length: 10 }, () => browser.get(`${app.origin}/orders`)),
    );

    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 503));
    expect(emulator.callsTo('token')).toHaveLength(1);
    emulator.heal();
    expect((await browser.get(`${app.origin}/orders`)).status).toBe(200);
  });

  it('of a double click on the callback exchange the code once', async () => {
    const browser = new Browser();
    const callbackUrl = await untilCallback(browser, emulator, app.origin, 'acme');
    emulator.clearCalls();
    emulator.fail('userinfo', { kind: 'status', status: 500 });

    const responses = await Promise.all([1, 2, 3].map(() => browser.get(callbackUrl)));

    expect(responses.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(emulator.callsTo('token')).toHaveLength(1);
    emulator.heal();
    expect((await browser.get(callbackUrl)).url).toBe(`${app.origin}/orders`);
    expect(emulator.callsTo('token')).toHaveLength(1);
  });

  it('another browser cannot pick up the tokens of an interrupted sign-in', async () => {
    const callbackUrl = await untilCallback(new Browser(), emulator, app.origin, 'acme');
    emulator.fail('userinfo', { kind: 'status', status: 500 });
    await new Browser().get(callbackUrl);
    emulator.heal();
    const stranger = new Browser();

    const response = await stranger.get(callbackUrl, { redirect: 'manual' });

    expect(response.status).toBe(302);
    expect(response.location.pathname).toBe('/api/auth/login');
    expect(await stranger.cookies(app.origin)).toEqual([]);
  });

  it('another browser cannot pick them up with the code and a sign-in of its own either', async () => {
    emulator.fail('userinfo', { kind: 'status', status: 500 });
    const victim = new Browser();
    const interruptedUrl = await untilCallback(victim, emulator, app.origin, 'acme');
    await victim.get(interruptedUrl);
    emulator.heal();
    emulator.clearCalls();
    const thief = new Browser();
    const begun = await thief.get(`${app.origin}/api/auth/login?tenant_name=acme`, { redirect: 'manual' });
    const state = begun.location.searchParams.get('state') ?? '';

    const response = await thief.get(interruptedUrl.replace(/state=[^&]*/, `state=${state}`), {
      redirect: 'manual',
    });

    expect(response.status).toBe(302);
    expect(response.location.pathname).toBe('/api/auth/login');
    expect(await thief.cookies(app.origin)).toEqual([]);
    // The code goes to Wristband once more, with the thief's verifier, and is refused there.
    expect(emulator.callsTo('token').map(({ status }) => status)).toEqual([400]);
  });
});

describePlatforms('Wristband down when the application starts', (platform) => {
  it('boots, keeps serving the sessions that there are, answers 503 at login and recovers alone', async () => {
    const before = await startWristbandEmulator();
    const options = optionsFor(before);
    const firstRun = await startApp(before, platform);
    const browser = new Browser();
    await signIn(browser, `${firstRun.origin}/api/auth/login?tenant_name=acme`, userAt(before, 'acme'));
    await firstRun.close();
    await before.close();

    const app = await startTestApp({ emulator: before, platform, controllers: [OrdersController], options });
    const orders = await browser.get(`${app.origin}/orders`);
    const login = await timed(() => browser.get(`${app.origin}/api/auth/login?tenant_name=acme`));
    const port = Number(before.vanityDomain.split(':')[1]);
    const after = await startWristbandEmulator({ port });
    after.setApplication({
      loginUrl: `${app.origin}/api/auth/login`,
      redirectUris: [`${app.origin}/api/auth/callback`],
    });
    const newcomer = new Browser();
    const landed = await signIn(
      newcomer,
      `${app.origin}/api/auth/login?tenant_name=acme`,
      userAt(after, 'acme'),
    );

    expect(orders.status).toBe(200);
    expect(login.status).toBe(503);
    expect(login.json()).toEqual(UNAVAILABLE);
    expect(login.headers['retry-after']).toBe('5');
    expect(landed.status).toBe(200);
    await app.close();
    await after.close();
  });

  it('keeps an expired session until Wristband is back', async () => {
    const emulator = await startWristbandEmulator();
    const app = await startApp(emulator, platform);
    const browser = new Browser();
    await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, userAt(emulator, 'acme'));
    await emulator.close();
    advanceClock(1801);

    const response = await timed(() => browser.get(`${app.origin}/orders`));

    vi.useRealTimers();
    expect(response.status).toBe(503);
    expect(response.json()).toEqual(UNAVAILABLE);
    expect(response.headers['retry-after']).toBe('5');
    expect(await browser.cookies(app.origin)).toEqual(['session']);
    await app.close();
  });

  it('makes discover() fail with an error that says it may work later', async () => {
    const emulator = await startWristbandEmulator();
    const app = await startApp(emulator, platform);
    await emulator.close();

    const discovery = app.app.get(WristbandAuthService).discover();

    await expect(discovery).rejects.toMatchObject({ code: 'wristband_unavailable', retryAfter: 5 });
    await app.close();
  });
});

describe('logs, events and error bodies of an outage', () => {
  it('hold no token, code, secret or cookie', async () => {
    const emulator = await startWristbandEmulator();
    const app = await startApp(emulator, 'express');
    const secrets = new Set<string>([emulator.clientSecret]);
    const bodies: string[] = [];
    const tampering = {
      tokenAnswer: (answer: EmulatorJson) => {
        for (const name of ['access_token', 'id_token', 'refresh_token']) secrets.add(String(answer[name]));
        return answer;
      },
    };
    emulator.tamper(tampering);

    for (const fault of oneOfEachKind()) {
      const browser = new Browser();
      const visit = async (url: string) => {
        const response = await browser.get(url, { redirect: 'manual' });
        if (response.status >= 400) bodies.push(response.text);
        for (const cookie of await browser.jar.getCookies(app.origin)) secrets.add(cookie.value);
      };
      const callbackUrl = await untilCallback(browser, emulator, app.origin, 'globex');
      for (const endpoint of ['customDomainValidation', 'token', 'jwks', 'userinfo', undefined] as const) {
        if (endpoint) emulator.fail(endpoint, fault());
        await visit(callbackUrl);
        emulator.heal();
      }
      advanceClock(1801);
      emulator.fail('token', fault());
      await visit(`${app.origin}/orders`);
      vi.useRealTimers();
      emulator.heal();
      emulator.fail('revoke', fault());
      await visit(`${app.origin}/api/auth/logout`);
      emulator.heal();
    }
    for (const refusal of ['invalid_grant', 'invalid_client']) {
      const browser = new Browser();
      const callbackUrl = await untilCallback(browser, emulator, app.origin, 'acme');
      const body = {
        error: refusal,
        error_description: `no ${new URL(callbackUrl).searchParams.get('code')}`,
      };
      emulator.fail('token', { kind: 'status', status: 400, body });
      bodies.push((await browser.get(callbackUrl, { redirect: 'manual' })).text);
      emulator.heal();
    }
    emulator.tamper({ ...tampering, idTokenClaims: (claims) => ({ ...claims, nonce: 'another' }) });
    const browser = new Browser();
    const untrusted = await browser.get(await untilCallback(browser, emulator, app.origin, 'acme'));
    bodies.push(untrusted.text);
    for (const { form, headers, query } of emulator.calls) {
      const { code, code_verifier: verifier, refresh_token: refreshToken, token } = form;
      const { state, nonce } = query;
      const credentials = headers.authorization?.split(' ')[1];
      for (const secret of [code, verifier, refreshToken, token, state, nonce, credentials]) {
        if (secret) secrets.add(secret);
      }
    }
    await app.close();
    await emulator.close();

    const told = [...app.logs, JSON.stringify(app.events), ...bodies].join('\n');
    const leaked = [...secrets].filter((secret) => secret.length > 8 && told.includes(secret));
    expect(leaked).toEqual([]);
    expect(secrets.size).toBeGreaterThan(oneOfEachKind().length * 5);
    expect(app.logs.length).toBeGreaterThan(oneOfEachKind().length * 5);
    expect(bodies.length).toBeGreaterThan(oneOfEachKind().length);
    expect(untrusted.status).toBe(401);
  });

  it('say which endpoint is in trouble and how', async () => {
    const emulator = await startWristbandEmulator();
    const app = await startApp(emulator, 'express');
    emulator.fail('sdkConfiguration', { kind: 'hang' });

    await new Browser().get(`${app.origin}/api/auth/login?tenant_name=acme`);

    const path = `/clients/${emulator.clientId}/sdk-configuration`;
    expect(app.logs).toContain(
      `Wristband is unavailable: GET ${path} at ${emulator.vanityDomain} did not answer in time`,
    );
    await app.close();
    await emulator.close();
  });
});

function startApp(
  emulator: WristbandEmulator,
  platform: Platform,
  timeout = TIMEOUT,
  http: { fetch?: typeof fetch } = {},
): Promise<TestApp> {
  const options = { http: { timeout, ...http } };
  return startTestApp({ emulator, platform, controllers: [OrdersController], options });
}

/** Somebody of the tenant that a text names. */
function userAt({ users }: WristbandEmulator, text: string) {
  const user = users.find(({ email, tenant }) => text.includes(tenant) && email.includes(tenant));
  if (!user) throw new Error(`nobody lives in ${text}`);
  return user;
}

/** Signs in as far as the redirect to the Callback Endpoint, which is not followed but answered. */
async function untilCallback(
  browser: Browser,
  emulator: WristbandEmulator,
  origin: string,
  tenant: string,
): Promise<string> {
  const page = await browser.get(`${origin}/api/auth/login?tenant_name=${tenant}&return_url=/orders`);
  const { email, password } = userAt(emulator, tenant);
  let response = await browser.submit(formAction(page), { email, password }, { redirect: 'manual' });
  while (!response.location.href.startsWith(`${origin}/api/auth/callback`)) {
    response = await browser.get(response.location.href, { redirect: 'manual' });
  }
  return response.location.href;
}

/** Only the clock: timers, and so every time-out, run on as usual. */
function advanceClock(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}

async function timed(send: () => Promise<BrowserResponse>): Promise<BrowserResponse> {
  const startedAt = performance.now();
  const response = await send();
  expect(performance.now() - startedAt).toBeLessThan(BOUND);
  return response;
}

function expectUnavailable(response: BrowserResponse, { retryAfter = /^5$/ }: Trouble): void {
  expect(response.status).toBe(503);
  expect(response.json()).toEqual(UNAVAILABLE);
  expect(response.headers['retry-after']).toMatch(retryAfter);
  expect(response.headers['cache-control']).toContain('no-store');
  expect(response.setCookies.filter((line) => line.includes('Max-Age=0'))).toEqual([]);
}

function expectTokenCalls(emulator: WristbandEmulator, { tokenCalls = 1 }: Trouble): void {
  const calls = emulator.callsTo('token').length;
  // The time may be up before the last try.
  expect(calls).toBeGreaterThanOrEqual(Math.min(tokenCalls, 2));
  expect(calls).toBeLessThanOrEqual(tokenCalls);
}
