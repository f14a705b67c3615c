import { Controller, Get, UseGuards } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  CurrentUser,
  MemorySessionStore,
  SessionAuthGuard,
  type SessionOptions,
  WristbandAuthService,
} from '../../lib/index.js';
import {
  type EmulatorEndpoint,
  type EmulatorFault,
  signInAs,
  type SignInAsOptions,
  startWristbandEmulator,
  type WristbandEmulator,
} from '../../lib/testing/index.js';
import { userOf } from '../support/bearer-tokens.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { formAction } from '../support/sign-in.js';
import { type Platform, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

@Controller('orders')
@UseGuards(SessionAuthGuard)
class OrdersController {
  @Get()
  list(@CurrentUser('accessToken') accessToken: string) {
    return { accessToken };
  }
}

type Body = string | object;
const status = (code: number, body: Body = '', headers: Record<string, string> = {}): EmulatorFault => ({
  kind: 'status',
  status: code,
  body,
  headers,
});
const html = (code: number): EmulatorFault =>
  status(code, '<html><title>Access denied</title></html>', { 'content-type': 'text/html' });

/** What something between us and Wristband answers; it says nothing about any request. */
const FOREIGN: [string, EmulatorFault][] = [
  ['the 403 page of a firewall', html(403)],
  ['an empty 403', status(403)],
  ['a 403 of a gateway in JSON', status(403, { message: 'Forbidden' })],
  ['a 404 page of a proxy', html(404)],
  ['a 404 of a framework in JSON', status(404, { status: 404, error: 'Not Found', path: '/' })],
  ['a problem document', status(403, { type: 'about:blank', title: 'Forbidden', status: 403 })],
  ['a 407 page', html(407)],
  ['a 413 page', html(413)],
  ['a 400 page', html(400)],
  ['a 401 page', html(401)],
  ['a 418 with JSON that is no object', status(418, [{ error: 'invalid_grant' }])],
  ['an error code that is no text', status(400, { error: ['invalid_grant'] })],
  ['the portal of a hotel', html(200)],
  ['a 204', status(204)],
];

/** What does not end a session at the token endpoint. */
const TROUBLE: [string, EmulatorFault][] = [
  ...FOREIGN,
  ['invalid_client', status(401, { error: 'invalid_client' })],
  ['unauthorized_client', status(400, { error: 'unauthorized_client' })],
  ['invalid_request', status(400, { error: 'invalid_request' })],
  ['unsupported_grant_type', status(400, { error: 'unsupported_grant_type' })],
  ['invalid_scope', status(400, { error: 'invalid_scope' })],
  ['an unknown error code', status(400, { error: 'tenant_is_moving' })],
  ['the code in capitals', status(400, { error: 'INVALID_GRANT' })],
  ['an error of the REST API', status(403, { type: 'base_error', code: 'forbidden', message: 'No' })],
  ['408', status(408, { error: 'invalid_grant' })],
  ['429', status(429, { error: 'invalid_grant' })],
  ['500', status(500, { error: 'invalid_grant' })],
  ['a redirect', status(307, '', { location: 'http://localhost:9/' })],
  ['a token of another type', status(200, { access_token: 'new', expires_in: 60, token_type: 'DPoP' })],
  ['an error in a good response', status(200, { error: 'invalid_grant' })],
  ['no response', { kind: 'hang' }],
  ['a broken connection', { kind: 'reset' }],
];

const VERDICTS: [string, EmulatorFault][] = [
  ['400', status(400, { error: 'invalid_grant' })],
  ['401', status(401, { error: 'invalid_grant', error_description: 'expired' })],
  ['400 as text/plain', status(400, JSON.stringify({ error: 'invalid_grant' }))],
  ['400 after a byte order mark', status(400, '\ufeff{"error":"invalid_grant"}')],
];

const TIMEOUT = 1000;
const MODES: [string, Platform, () => Partial<SessionOptions>][] = [
  ['in a cookie', 'express', () => ({})],
  ['in a cookie', 'fastify', () => ({})],
  ['in a store', 'express', () => ({ store: new MemorySessionStore() })],
  [
    'in a cookie, with a coordination store',
    'fastify',
    () => ({ coordinationStore: new MemorySessionStore() }),
  ],
];

let emulator: WristbandEmulator;
let app: TestApp;

beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterEach(() => {
  vi.restoreAllMocks();
  emulator.heal();
  emulator.clearCalls();
});
afterAll(() => emulator.close());

function start(
  platform: Platform = 'express',
  session: Partial<SessionOptions> = {},
  timeout = TIMEOUT,
): Promise<TestApp> {
  const options = {
    routes: { path: 'api/auth' },
    session: { secrets: SESSION_SECRET, secure: false, ...session },
    http: { timeout },
  };
  return startTestApp({ emulator, platform, controllers: [OrdersController], options });
}

/** The emulator knows one application at a time. */
function register({ origin }: TestApp): void {
  const redirectUris = [`${origin}/api/auth/callback`];
  emulator.setApplication({ loginUrl: `${origin}/api/auth/login`, redirectUris });
}

/** Somebody whose access token has to be renewed. */
async function signedIn(more: Partial<SignInAsOptions> = { expiresIn: 0 }, at = app) {
  const { email, tenant } = userOf(emulator);
  const browser = new Browser();
  const user = await signInAs(at.app, { user: email, tenant, ...more });
  for (const { name, value } of user.cookies(at.origin))
    await browser.jar.setCookie(`${name}=${value}; Path=/`, at.origin);
  return {
    browser,
    get: (path: string) => browser.get(`${at.origin}${path}`, { redirect: 'manual' }),
  };
}

function expectTrouble(response: BrowserResponse): void {
  expect(response.json()).toMatchObject({ statusCode: 503, code: 'wristband_unavailable' });
  expect(response.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  expect(response.setCookies.filter((line) => line.startsWith('session=;'))).toEqual([]);
}

describe.each(MODES)(
  'a session %s (%s) whose access token Wristband does not renew',
  (_, platform, session) => {
    beforeAll(async () => {
      app = await start(platform, session());
    });
    afterAll(() => app.close());

    it.each(TROUBLE)('because of %s stays, and goes on when that is over', async (_title, fault) => {
      const { get } = await signedIn();
      emulator.fail('token', fault);

      const during = await Promise.all([get('/orders'), get('/orders'), get('/api/auth/token')]);
      const session = await get('/api/auth/session');
      emulator.heal();
      const afterwards = await get('/orders');

      during.forEach(expectTrouble);
      expect(session.json()).toMatchObject({ userId: expect.any(String), tenantId: 'tenant-acme' });
      expect(afterwards.status).toBe(200);
    });

    it.each(TROUBLE)('because of %s passes while the access token is really valid', async (_title, fault) => {
      const { get } = await signedIn({ fields: { expiresAt: 1 } });
      emulator.fail('token', fault);

      const response = await get('/orders');

      expect(response.status).toBe(200);
      expect(response.setCookies.filter((line) => line.startsWith('session=;'))).toEqual([]);
    });

    it.each(VERDICTS)('because of invalid_grant with %s is over', async (_title, fault) => {
      const { get, browser } = await signedIn();
      emulator.fail('token', fault);

      const response = await get('/api/auth/session');

      expect(response.json()).toMatchObject({ statusCode: 401, code: 'token_refresh_failed' });
      expect(await browser.cookies(app.origin)).not.toContain('session');
      emulator.heal();
      expect((await get('/orders')).json()).toMatchObject({ code: 'not_authenticated' });
    });

    it('costs one attempt for requests at the same time', async () => {
      const { get } = await signedIn();
      emulator.fail('token', { kind: 'hang' });

      const responses = await Promise.all(Array.from({ length: 20 }, () => get('/orders')));

      responses.forEach(expectTrouble);
      expect(emulator.callsTo('token')).toHaveLength(1);
    });
  },
);

describe.each(MODES)(
  'an exchange that takes longer than http.timeout, of a session %s (%s)',
  (_, platform, session) => {
    let patient: TestApp;
    beforeAll(async () => {
      app = await start(platform, session(), 500);
      patient = await start(platform, session(), 2000);
    });
    afterAll(() => Promise.all([app.close(), patient.close()]));

    it('is waited for by the next request', async () => {
      const { get } = await signedIn(undefined, patient);
      emulator.fail('token', { kind: 'delay', ms: 2400, times: 1 });

      expectTrouble(await get('/orders'));
      const next = await get('/orders');

      expect(next.status).toBe(200);
      expect(emulator.callsTo('token')).toHaveLength(1);
    });

    it('renews the session even when no request waits for it any more', async () => {
      const { get } = await signedIn();
      const count = () => app.events.filter(({ type }) => type === 'refresh.completed').length;
      const before = count();
      emulator.fail('token', { kind: 'delay', ms: 1100, times: 1 });

      expectTrouble(await get('/orders'));
      await vi.waitFor(() => expect(count()).toBe(before + 1), 5000);
      const [late, later] = [await get('/orders'), await get('/orders')];

      expect([late.status, later.status]).toEqual([200, 200]);
      expect(emulator.callsTo('token')).toHaveLength(1);
    });
  },
);

it.each([
  ['a global guard', { globalGuard: true }],
  ['an application with a name', { name: 'shop' }],
  ['JWT as another strategy', { globalGuard: true, authStrategies: ['JWT', 'SESSION'] as const }],
])('the Session Endpoint responds during an outage with %s, the Token Endpoint does not', async (_, more) => {
  const routes = { path: 'api/auth' };
  const one = await startTestApp({ emulator, options: { ...more, routes, http: { timeout: TIMEOUT } } });
  const { get } = await signedIn({ expiresIn: 0, ...('name' in more && { application: more.name }) }, one);
  emulator.fail('token', html(403));

  const [session, token] = [await get('/api/auth/session'), await get('/api/auth/token')];
  emulator.heal();
  const renewed = await get('/api/auth/token');
  await one.close();

  expect(session.json()).toMatchObject({ tenantId: 'tenant-acme' });
  expectTrouble(token);
  expect(renewed.status).toBe(200);
});

describe('a mistake in the set-up', () => {
  beforeAll(async () => {
    app = await start();
  });
  afterAll(() => app.close());

  it.each([
    ['invalid_client', 401, 'clientSecret'],
    ['unauthorized_client', 400, 'clientId'],
    ['unsupported_grant_type', 400, 'clientId'],
    ['invalid_scope', 400, 'scopes'],
    ['invalid_request', 400, 'redirectUri'],
  ])('is logged with what to check, once a minute: %s', async (error, code, option) => {
    const { get } = await signedIn();
    emulator.fail('token', status(code, { error }));
    const complaints = () => app.logs.filter((line) => line.includes(`with ${code} ${error}:`));

    for (let request = 0; request < 5; request += 1) expectTrouble(await get('/orders'));

    expect(complaints()).toEqual([expect.stringContaining(option)]);
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 61_000);
    expectTrouble(await get('/orders'));
    expect(complaints()).toHaveLength(2);
  });

  it('is told to refreshTokenIfExpired() as trouble, with the code', async () => {
    emulator.fail('token', status(401, { error: 'invalid_client' }));

    const refresh = app.app.get(WristbandAuthService).refreshTokenIfExpired('a-refresh-token', 1);

    await expect(refresh).rejects.toMatchObject({
      code: 'wristband_unavailable',
      oauthError: { error: 'invalid_client' },
    });
  });
});

describe.each<Platform>(['express', 'fastify'])('what comes from something in between (%s)', (platform) => {
  beforeAll(async () => {
    app = await start(platform);
  });
  afterAll(() => app.close());

  const loginUrl = () => `${app.origin}/api/auth/login?tenant_name=acme&return_url=/orders`;

  /** Signs in as far as the redirect to the Callback Endpoint. */
  async function untilCallback(browser: Browser): Promise<string> {
    register(app);
    const page = await browser.get(loginUrl());
    const { email, password } = userOf(emulator);
    let response = await browser.submit(formAction(page), { email, password }, { redirect: 'manual' });
    while (!response.location.href.startsWith(`${app.origin}/`))
      response = await browser.get(response.location.href, { redirect: 'manual' });
    return response.location.href;
  }

  describe.each<EmulatorEndpoint>(['token', 'userinfo', 'jwks'])('at the callback, from %s', (endpoint) => {
    // What cannot be parsed, of all kinds; a part of them on each platform.
    it.each(FOREIGN.filter((_row, index) => index % 2 === Number(platform === 'express')))(
      'is trouble, after which a reload signs in: %s',
      async (_title, fault) => {
        const browser = new Browser();
        // Keys are remembered: a new application has none.
        const before = app;
        if (endpoint === 'jwks') app = await start(platform);
        const callbackUrl = await untilCallback(browser);
        emulator.fail(endpoint, fault);

        const response = await browser.get(callbackUrl, { redirect: 'manual' });
        emulator.heal();
        const reloaded = await browser.get(callbackUrl);

        expectTrouble(response);
        expect(response.setCookies).toEqual([]);
        expect(reloaded.url).toBe(`${app.origin}/orders`);
        expect(reloaded.status).toBe(200);
        if (app !== before) {
          await app.close();
          app = before;
        }
      },
    );
  });

  it.each([
    [401, 'invalid_client'],
    [400, 'unauthorized_client'],
  ])('a refusal of the client, %i %s, keeps the sign-in for a reload', async (code, error) => {
    const browser = new Browser();
    const callbackUrl = await untilCallback(browser);
    emulator.fail('token', status(code, { error }));

    const response = await browser.get(callbackUrl, { redirect: 'manual' });
    emulator.heal();

    expect(response.json()).toMatchObject({ statusCode: 500, code: 'configuration_rejected' });
    expect((await browser.get(callbackUrl)).url).toBe(`${app.origin}/orders`);
  });

  it.each(FOREIGN)(
    'is trouble at the check of a custom domain, and not remembered: %s',
    async (_t, fault) => {
      const { customDomain = '' } = emulator.tenants.find(({ name }) => name === 'globex')!;
      const fresh = await start(platform);
      const url = `${fresh.origin}/api/auth/login?tenant_name=globex&tenant_custom_domain=${customDomain}`;
      const login = () => new Browser().get(url, { redirect: 'manual' });
      emulator.fail('customDomainValidation', fault);

      const during = await login();
      emulator.heal();

      expectTrouble(during);
      expect((await login()).location.host).toBe(customDomain);
      await fresh.close();
    },
  );

  it.each(FOREIGN)('is trouble at auto-configuration: %s', async (_title, fault) => {
    const fresh = await start(platform);
    const login = () =>
      new Browser().get(`${fresh.origin}/api/auth/login?tenant_name=acme`, { redirect: 'manual' });
    emulator.fail('sdkConfiguration', fault);

    const during = await login();
    await expect(fresh.app.get(WristbandAuthService).discover()).rejects.toMatchObject({
      code: 'wristband_unavailable',
    });
    emulator.heal();

    expectTrouble(during);
    expect((await login()).status).toBe(302);
    await fresh.close();
  });

  it.each(FOREIGN)('does not stop a sign-out: %s', async (_title, fault) => {
    const { get, browser } = await signedIn({});
    emulator.fail('revoke', fault);

    const response = await get('/api/auth/logout');

    expect(response.status).toBe(302);
    expect(await browser.cookies(app.origin)).not.toContain('session');
  });
});
