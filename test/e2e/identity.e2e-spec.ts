import { createHmac } from 'node:crypto';
import { Controller, Get, Req, Res, UseGuards } from '@nestjs/common';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type CallbackResult,
  type HttpRequest,
  type HttpResponse,
  Session,
  SessionAuthGuard,
  WristbandAuthService,
} from '../../lib/index.js';
import {
  type EmulatorFault,
  type EmulatorJson,
  type EmulatorTampering,
  startWristbandEmulator,
  type WristbandEmulator,
} from '../../lib/testing/index.js';
import { authSettings } from '../support/auth.controller.js';
import { lastCallback } from '../support/auth.controller.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { formAction, signIn } from '../support/sign-in.js';
import { describePlatforms, startTestApp, type TestApp } from '../support/test-app.js';

@Controller('orders')
@UseGuards(SessionAuthGuard)
class OrdersController {
  @Get()
  list(@Session('tenantName') tenantName: string) {
    return { tenantName };
  }
}

/** Shows what a callback comes to, reason included. */
@Controller('probe')
class ProbeController {
  constructor(private readonly wristband: WristbandAuthService) {}

  @Get('callback')
  callback(@Req() req: HttpRequest, @Res({ passthrough: true }) res: HttpResponse): Promise<CallbackResult> {
    return this.wristband.callback(req, res);
  }
}

const without =
  (...names: string[]) =>
  (json: EmulatorJson): EmulatorJson =>
    Object.fromEntries(Object.entries(json).filter(([name]) => !names.includes(name)));

const patched =
  (patch: EmulatorJson) =>
  (json: EmulatorJson): EmulatorJson => ({ ...json, ...patch });

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

function encode(json: object): string {
  return Buffer.from(JSON.stringify(json)).toString('base64url');
}

/** Answers another ID token in the place of the good one. */
const idToken =
  (forge: (good: string, answer: EmulatorJson) => unknown) =>
  (answer: EmulatorJson): EmulatorJson => ({ ...answer, id_token: forge(String(answer.id_token), answer) });

const unsigned = (alg: string) => (good: string) =>
  `${encode({ alg, typ: 'JWT' })}.${encode(decodeJwt(good))}.`;

const signedWithSecret = (secret: string) => (good: string) => {
  const { kid } = decodeProtectedHeader(good);
  const content = `${encode({ alg: 'HS256', typ: 'JWT', kid })}.${encode(decodeJwt(good))}`;
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
};

const brokenSignature = (good: string) =>
  `${good.slice(0, -8)}${good.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA'}`;

const changedPayload = (good: string) => {
  const [header, , signature] = good.split('.');
  return `${header}.${encode({ ...decodeJwt(good), sub: 'user-acme-ada-example-com' })}.${signature}`;
};

type Forgery = [title: string, hooks: (emulator: WristbandEmulator) => EmulatorTampering];

const ID_TOKEN_FORGERIES: Forgery[] = [
  ['the nonce of another sign-in', () => ({ idTokenClaims: patched({ nonce: 'n'.repeat(43) }) })],
  ['no nonce', () => ({ idTokenClaims: without('nonce') })],
  ['an empty nonce', () => ({ idTokenClaims: patched({ nonce: '' }) })],
  ['another issuer', () => ({ idTokenClaims: patched({ iss: 'https://evil.example' }) })],
  ['the issuer with a slash', ({ issuer }) => ({ idTokenClaims: patched({ iss: `${issuer}/` }) })],
  ['no issuer', () => ({ idTokenClaims: without('iss') })],
  ['another audience', () => ({ idTokenClaims: patched({ aud: 'another-client' }) })],
  ['no audience', () => ({ idTokenClaims: without('aud') })],
  ['an empty list of audiences', () => ({ idTokenClaims: patched({ aud: [] }) })],
  [
    'several audiences and a foreign authorized party',
    ({ clientId }) => ({ idTokenClaims: patched({ aud: [clientId, 'another'], azp: 'another' }) }),
  ],
  ['another authorized party', () => ({ idTokenClaims: patched({ azp: 'another' }) })],
  [
    'several audiences and no authorized party',
    ({ clientId }) => ({ idTokenClaims: patched({ aud: [clientId, 'another'] }) }),
  ],
  ['an expiry that has passed', () => ({ idTokenClaims: (claims) => ({ ...claims, exp: inSeconds(-60) }) })],
  ['no expiry', () => ({ idTokenClaims: without('exp') })],
  ['an expiry that is no number', () => ({ idTokenClaims: patched({ exp: 'never' }) })],
  ['a beginning in the future', () => ({ idTokenClaims: (claims) => ({ ...claims, nbf: inSeconds(300) }) })],
  ['no time of issue', () => ({ idTokenClaims: without('iat') })],
  ['no subject', () => ({ idTokenClaims: without('sub') })],
  ['another subject', () => ({ idTokenClaims: patched({ sub: 'user-acme-ada-example-com' }) })],
  ['an empty subject', () => ({ idTokenClaims: patched({ sub: '' }) })],
  ['another tenant', () => ({ idTokenClaims: patched({ tnt_id: 'tenant-globex' }) })],
  ['the signature of a foreign key', () => ({ idTokenKey: 'foreign' })],
  ['a broken signature', () => ({ tokenAnswer: idToken(brokenSignature) })],
  ['a payload that was changed after signing', () => ({ tokenAnswer: idToken(changedPayload) })],
  ['the algorithm none', () => ({ tokenAnswer: idToken(unsigned('none')) })],
  ['the algorithm nOnE', () => ({ tokenAnswer: idToken(unsigned('nOnE')) })],
  [
    'an HMAC with the client secret',
    ({ clientSecret }) => ({ tokenAnswer: idToken(signedWithSecret(clientSecret)) }),
  ],
  ['the access token in its place', () => ({ tokenAnswer: idToken((_good, answer) => answer.access_token) })],
  ['a text that is no JWT', () => ({ tokenAnswer: idToken(() => 'idt') })],
  ['an object in its place', () => ({ tokenAnswer: idToken(() => ({ sub: 'user' })) })],
  ['nothing in its place', () => ({ tokenAnswer: without('id_token') })],
];

const IMPORTANT = new Set([
  'the nonce of another sign-in',
  'another audience',
  'the signature of a foreign key',
  'no subject',
]);

describePlatforms('who signed in', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({
      emulator,
      platform,
      controllers: [OrdersController],
      options: { http: { timeout: 5000 } },
    });
  });
  beforeEach(() => {
    browser = new Browser();
    emulator.clearCalls();
  });
  afterEach(() => emulator.tamper());
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  const signInTo = (tenant: string) => signIn(browser, loginUrlOf(app, tenant), userAt(emulator, tenant));

  async function expectNoSession(response: BrowserResponse): Promise<void> {
    expect(response.headers.location).toBeUndefined();
    expect(response.setCookies.some((line) => line.startsWith('session='))).toBe(false);
    expect(await browser.cookies(app.origin)).toEqual([]);
    expect((await browser.get(`${app.origin}/orders`)).status).toBe(401);
  }

  const forgeries = ID_TOKEN_FORGERIES.filter(([title]) => platform === 'express' || IMPORTANT.has(title));

  it.each(forgeries)('is not believed from an ID token with %s (weakness 10)', async (_title, hooks) => {
    emulator.tamper(hooks(emulator));

    const response = await signInTo('acme');

    expect(response.status).toBe(401);
    expect(response.json()).toEqual({
      statusCode: 401,
      error: 'Unauthorized',
      message: expect.stringMatching(/^[A-Z][^{}]{10,80}$/),
      code: 'identity_not_verified',
    });
    await expectNoSession(response);
  });

  it.each([
    ['another user', { userinfo: patched({ sub: 'user-acme-ada-example-com' }) }],
    ['another tenant', { userinfo: patched({ tnt_id: 'tenant-globex' }) }],
  ])('is not believed from a user info about %s (weakness 10)', async (_title, hooks) => {
    emulator.tamper(hooks);

    const response = await signInTo('acme');

    expect(response.status).toBe(401);
    expect(response.json()).toMatchObject({ code: 'identity_not_verified' });
    await expectNoSession(response);
  });

  it('is not asked for with an access token that Wristband does not accept', async () => {
    emulator.tamper({ tokenAnswer: patched({ access_token: 'another' }) });

    const response = await signInTo('acme');

    expect(response.status).toBe(401);
    expect(response.json()).toMatchObject({ code: 'identity_not_verified' });
    await expectNoSession(response);
  });

  it('is not known from a user info without sub', async () => {
    emulator.tamper({ userinfo: without('sub') });

    const response = await signInTo('acme');

    expect(response.status).toBe(503);
    expect(response.json()).toMatchObject({ code: 'wristband_unavailable' });
    expect(await browser.cookies(app.origin)).not.toContain('session');
    expect((await browser.get(`${app.origin}/orders`)).status).toBe(401);
  });

  it('is of no known tenant when neither ID token nor user info has one', async () => {
    emulator.tamper({ userinfo: without('tnt_id'), idTokenClaims: without('tnt_id') });

    const response = await signInTo('acme');

    expect(response.json()).toMatchObject({
      code: 'identity_not_verified',
      message: 'Neither ID token nor user info has a tenant (tnt_id)',
    });
    await expectNoSession(response);
  });

  it.each(['tnt_id', 'app_id', 'idp_name'])(
    'is known from a user info without %s, which the ID token has',
    async (claim) => {
      emulator.tamper({ userinfo: without(claim) });

      expect((await signInTo('acme')).json()).toEqual({ tenantName: 'acme' });
      const { userInfo } = lastCallback.data!;
      expect(userInfo).toMatchObject({ tenantId: 'tenant-acme', applicationId: expect.stringMatching(/./) });
    },
  );

  it.each([
    ['is about this user', {}],
    [
      'names several audiences and this client as the authorized party',
      {
        idTokenClaims: (claims: EmulatorJson) => ({
          ...claims,
          aud: [claims.aud, 'another'],
          azp: claims.aud,
        }),
      },
    ],
    ['says nothing about the tenant', { idTokenClaims: without('tnt_id') }],
    [
      'expired within the tolerance for clocks',
      { idTokenClaims: (claims: EmulatorJson) => ({ ...claims, exp: inSeconds(-5) }) },
    ],
  ])('is believed from an ID token that %s', async (_title, hooks) => {
    emulator.tamper(hooks);

    const response = await signInTo('acme');

    expect(response.status).toBe(200);
    expect(response.json()).toEqual({ tenantName: 'acme' });
  });

  it('can be told again after a forgery: the same browser signs in', async () => {
    emulator.tamper({ idTokenClaims: without('nonce') });
    await signInTo('acme');
    emulator.tamper();

    const response = await browser.get(loginUrlOf(app, 'acme'));

    expect(response.json()).toEqual({ tenantName: 'acme' });
  });
});

describe('keys that change', () => {
  let emulator: WristbandEmulator;
  let app: TestApp;

  beforeEach(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({
      emulator,
      controllers: [OrdersController],
      options: { http: { timeout: 5000 } },
    });
    await signInTo('acme');
    emulator.clearCalls();
  });
  afterEach(async () => {
    vi.useRealTimers();
    await app.close();
    await emulator.close();
  });

  const signInTo = (tenant: string) =>
    signIn(new Browser(), loginUrlOf(app, tenant), userAt(emulator, tenant));

  it('are fetched once for many sign-ins', async () => {
    await signInTo('acme');
    await signInTo('globex');

    expect(emulator.callsTo('jwks')).toHaveLength(0);
  });

  it.each([
    ['beside the old one', { keepOld: true }],
    ['in the place of the old one', { keepOld: false }],
  ])('are fetched again when Wristband signs with a new key %s', async (_title, options) => {
    await emulator.rotateKeys(options);
    advanceClock(31);

    const response = await signInTo('acme');

    expect(response.status).toBe(200);
    expect(emulator.callsTo('jwks')).toHaveLength(1);
  });

  it('lock nobody out when they change right after they were fetched', async () => {
    await emulator.rotateKeys();

    const response = await signInTo('acme');

    expect(response.status).toBe(200);
    expect(emulator.callsTo('jwks')).toHaveLength(1);
  });

  it('are fetched once for each sign-in with an unknown key, which is refused', async () => {
    const unknownKey = (good: string) => {
      const [, payload, signature] = good.split('.');
      return `${encode({ alg: 'RS256', kid: `unknown-${Math.random()}` })}.${payload}.${signature}`;
    };
    emulator.tamper({ tokenAnswer: idToken(unknownKey) });
    advanceClock(31);

    const statuses: number[] = [];
    for (let attempt = 0; attempt < 5; attempt += 1) statuses.push((await signInTo('acme')).status);

    expect(statuses.filter((status) => status < 400)).toEqual([]);
    expect(emulator.callsTo('jwks').length).toBeLessThanOrEqual(5);
  });
});

describePlatforms('the tenant of a sign-in (weakness 11)', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    emulator = await startWristbandEmulator({
      tenants: [
        { name: 'acme' },
        { name: 'globex', customDomain: 'login.globex.localhost' },
        { name: 'initech', customDomain: 'login.initech.localhost' },
      ],
    });
    app = await startTestApp({ emulator, platform, controllers: [OrdersController, ProbeController] });
  });
  beforeEach(() => {
    browser = new Browser();
    emulator.clearCalls();
  });
  afterEach(() => emulator.tamper());
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  const domainOf = (tenant: string) =>
    emulator.tenants.find(({ name }) => name === tenant)?.customDomain ?? '';
  const setParameter = (name: string, value: string) => ({
    callbackParams: (params: URLSearchParams) => params.set(name, value),
  });

  it.each(['tenant_name', 'tenant_domain'])('does not change on the way back by %s', async (parameter) => {
    emulator.tamper({
      callbackParams: (params) => {
        params.delete('tenant_name');
        params.set(parameter, 'globex');
      },
    });

    const response = await signIn(browser, loginUrlOf(app, 'acme'), userAt(emulator, 'acme'));

    expect(response.status).toBe(400);
    expect(response.json()).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: 'The sign-in was started for another tenant',
      code: 'tenant_mismatch',
    });
    expect(await browser.cookies(app.origin)).toEqual([]);
    expect(emulator.callsTo('token')).toHaveLength(0);
  });

  it('does not change on the way back by tenant_custom_domain', async () => {
    emulator.tamper(setParameter('tenant_custom_domain', domainOf('initech')));
    const loginUrl = `${app.origin}/api/auth/login?tenant_custom_domain=${domainOf('globex')}`;

    const response = await signIn(browser, loginUrl, userAt(emulator, 'globex'));

    expect(response.status).toBe(400);
    expect(response.json()).toMatchObject({ code: 'tenant_mismatch' });
    expect(await browser.cookies(app.origin)).toEqual([]);
    expect(emulator.callsTo('token')).toHaveLength(0);
  });

  it('ignores a custom domain that Wristband does not know', async () => {
    emulator.tamper(setParameter('tenant_custom_domain', 'evil.example'));

    const response = await signIn(browser, loginUrlOf(app, 'acme'), userAt(emulator, 'acme'));

    expect(response.json()).toEqual({ tenantName: 'acme' });
    expect(app.events).toContainEqual({ type: 'tenant_custom_domain.rejected', domain: 'evil.example' });
  });

  it('is read in any case', async () => {
    emulator.tamper(setParameter('tenant_name', 'ACME'));

    const response = await signIn(browser, loginUrlOf(app, 'acme'), userAt(emulator, 'acme'));

    expect(response.json()).toEqual({ tenantName: 'acme' });
  });

  it('is taken from the login when the callback names none', async () => {
    emulator.tamper({ callbackParams: (params) => params.delete('tenant_name') });

    const response = await signIn(browser, loginUrlOf(app, 'acme'), userAt(emulator, 'acme'));

    expect(response.json()).toEqual({ tenantName: 'acme' });
  });

  it('is refused as a broken host before anything is asked', async () => {
    emulator.tamper(setParameter('tenant_name', 'evil.example/'));

    const response = await signIn(browser, loginUrlOf(app, 'acme'), userAt(emulator, 'acme'));

    expect(response.status).toBe(400);
    expect(response.json()).toMatchObject({ code: 'invalid_tenant' });
    expect(emulator.callsTo('token')).toHaveLength(0);
  });

  it('is known by name and by domain afterwards', async () => {
    const callbackUrl = await untilCallback(browser, emulator, app, 'globex');

    const result = await probe(browser, app, callbackUrl);

    expect(result.json()).toMatchObject({
      type: 'completed',
      callbackData: {
        tenantName: 'globex',
        tenantCustomDomain: domainOf('globex'),
        userInfo: { tenantId: 'tenant-globex' },
      },
    });
  });
});

describePlatforms('the state of a sign-in', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let otherSecretApp: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    const controllers = [OrdersController, ProbeController];
    const loginStateSecret = 'another-login-state-secret-of-32-or-more';
    otherSecretApp = await startTestApp({ emulator, platform, controllers, options: { loginStateSecret } });
    app = await startTestApp({ emulator, platform, controllers });
    // Both are asked for their configuration while the emulator still tells them the URLs of the second.
    await otherSecretApp.app.get(WristbandAuthService).discover();
    await app.app.get(WristbandAuthService).discover();
  });
  beforeEach(() => {
    browser = new Browser();
    emulator.clearCalls();
    Object.assign(authSettings, { login: {}, logout: {}, landing: '/api/auth/session' });
  });
  afterEach(() => {
    vi.useRealTimers();
    emulator.heal();
    emulator.tamper();
  });
  afterAll(async () => {
    await app.close();
    await otherSecretApp.close();
    await emulator.close();
  });

  /** Sent back to the Login Endpoint, with the tenant and, when it is known, the deep link. */
  function expectNewStart(response: BrowserResponse, returnUrl: string | null = '/orders'): void {
    expect(response.status).toBe(302);
    expect(response.location.origin + response.location.pathname).toBe(`${app.origin}/api/auth/login`);
    expect(response.location.searchParams.get('tenant_name')).toBe('acme');
    expect(response.location.searchParams.get('return_url')).toBe(returnUrl);
    expect(response.headers['cache-control']).toContain('no-store');
    expect(response.setCookies.some((line) => line.startsWith('session='))).toBe(false);
  }

  const isEnded = (response: BrowserResponse) =>
    response.setCookies.filter((line) => /^login#[\w-]{43}#\d+=; Max-Age=0;/.test(line)).length === 1;

  /** A callback as Wristband would send it for a sign-in that this browser began. */
  async function callbackWith(parameters: Record<string, string>): Promise<string> {
    const begun = await browser.get(loginUrlOf(app, 'acme'), { redirect: 'manual' });
    const state = begun.location.searchParams.get('state') ?? '';
    return `${app.origin}/api/auth/callback?${new URLSearchParams({ state, tenant_name: 'acme', ...parameters })}`;
  }

  const visit = (url: string, visitor = browser) => visitor.get(url, { redirect: 'manual' });

  describe('of another browser', () => {
    it('is missing here: the sign-in starts again and the code is not spent', async () => {
      const callbackUrl = await untilCallback(browser, emulator, app, 'acme');
      const stranger = new Browser();

      const response = await visit(callbackUrl, stranger);

      expectNewStart(response);
      expect(await stranger.cookies(app.origin)).toEqual([]);
      expect(emulator.callsTo('token')).toHaveLength(0);
    });

    it('is told as missing_login_state', async () => {
      const callbackUrl = await untilCallback(browser, emulator, app, 'acme');

      const result = await probe(new Browser(), app, callbackUrl);

      expect(result.json()).toMatchObject({ type: 'redirect_required', reason: 'missing_login_state' });
    });

    it('does not help to use a stolen code', async () => {
      const stolen =
        new URL(await untilCallback(new Browser(), emulator, app, 'acme')).searchParams.get('code') ?? '';

      const response = await visit(await callbackWith({ code: stolen }));

      expectNewStart(response);
      expect(emulator.callsTo('token').map(({ status }) => status)).toEqual([400]);
      expect(await browser.cookies(app.origin)).toEqual([]);
    });
  });

  describe('that is over', () => {
    it('signs nobody in again with the saved login cookie, because the code is spent (weakness 12)', async () => {
      const callbackUrl = await untilCallback(browser, emulator, app, 'acme');
      const cookie = await browser.jar.getCookieString(app.origin);
      await browser.get(callbackUrl);
      const thief = new Browser();

      const response = await thief.get(callbackUrl, { redirect: 'manual', headers: { cookie } });

      expectNewStart(response);
      expect(emulator.callsTo('token').map(({ status }) => status)).toEqual([200, 400]);
      expect(await thief.cookies(app.origin)).toEqual([]);
    });

    it('brings back the page of a user who reloads the callback', async () => {
      const callbackUrl = await untilCallback(browser, emulator, app, 'acme');
      await browser.get(callbackUrl);

      const reloaded = await browser.get(callbackUrl);

      expect(reloaded.status).toBe(200);
      expect(emulator.callsTo('token').map(({ status }) => status)).toEqual([200, 200]);
    });
  });

  describe('that is too old', () => {
    it('is refused after an hour, even when the browser kept the cookie (weakness 12)', async () => {
      const callbackUrl = await untilCallback(browser, emulator, app, 'acme');
      const cookie = await browser.jar.getCookieString(app.origin);
      advanceClock(3601);

      const response = await new Browser().get(callbackUrl, { redirect: 'manual', headers: { cookie } });

      expectNewStart(response);
      expect(isEnded(response)).toBe(true);
      expect(emulator.callsTo('token')).toHaveLength(0);
    });

    it('is told as invalid_login_state', async () => {
      const callbackUrl = await untilCallback(browser, emulator, app, 'acme');
      const cookie = await browser.jar.getCookieString(app.origin);
      advanceClock(3601);

      const result = await probe(new Browser(), app, callbackUrl, { cookie });

      expect(result.json()).toMatchObject({ type: 'redirect_required', reason: 'invalid_login_state' });
    });

    it('is accepted until then', async () => {
      const callbackUrl = await callbackWith({ error: 'login_required' });
      const cookie = await browser.jar.getCookieString(app.origin);
      advanceClock(3590);

      const result = await probe(new Browser(), app, callbackUrl, { cookie });

      expect(result.json()).toMatchObject({ reason: 'login_required' });
    });
  });

  describe('that cannot be read', () => {
    it('because another secret sealed it starts the sign-in again and goes (weakness 9)', async () => {
      const callbackUrl = await untilCallback(browser, emulator, app, 'acme');

      const response = await visit(callbackUrl.replace(app.origin, otherSecretApp.origin));

      expectNewStart(response, null);
      expect(isEnded(response)).toBe(true);
      expect(emulator.callsTo('token')).toHaveLength(0);
    });

    it.each(['', 'abc', 'a..b.c.d', '%E0%A4%A', 'x'.repeat(3000)])(
      'because the cookie holds "%.20s" starts the sign-in again and goes (weakness 9)',
      async (value) => {
        const state = 's'.repeat(43);
        const cookie = `login#${state}#${Date.now()}=${value}`;
        const callbackUrl = `${app.origin}/api/auth/callback?state=${state}&code=any&tenant_name=acme`;

        const response = await browser.get(callbackUrl, { redirect: 'manual', headers: { cookie } });

        expectNewStart(response, null);
        expect(isEnded(response)).toBe(true);
      },
    );

    it('because it belongs to another sign-in of the same browser starts the sign-in again', async () => {
      const callbackUrl = await untilCallback(browser, emulator, app, 'acme');
      const sealed = (await browser.jar.getCookieString(app.origin)).split('=')[1];
      const state = 's'.repeat(43);
      const headers = { cookie: `login#${state}#${Date.now()}=${sealed}` };

      const result = await probe(browser, app, callbackUrl.replace(/state=[^&]*/, `state=${state}`), headers);

      expect(result.json()).toMatchObject({ type: 'redirect_required', reason: 'invalid_login_state' });
      expect(emulator.callsTo('token')).toHaveLength(0);
    });
  });

  describe('and an answer of Wristband that is an error', () => {
    it.each(['login_required', 'LOGIN_REQUIRED', 'Login_Required'])(
      'start again with tenant and deep link after %s',
      async (error) => {
        const response = await visit(await callbackWith({ error, error_description: 'Please log in' }));

        expectNewStart(response);
        expect(isEnded(response)).toBe(true);
      },
    );

    it('are told as login_required', async () => {
      const result = await probe(browser, app, await callbackWith({ error: 'login_required' }));

      expect(result.json()).toEqual({
        type: 'redirect_required',
        reason: 'login_required',
        redirectUrl: `${app.origin}/api/auth/login?tenant_name=acme&return_url=%2Forders&sign_in_attempt=2`,
      });
    });

    it('are 403 when the user pressed Cancel, and the sign-in is over', async () => {
      const page = await browser.get(loginUrlOf(app, 'acme'));

      const response = await browser.submit(formAction(page), { action: 'cancel' });

      expect(response.status).toBe(403);
      expect(response.json()).toEqual({
        statusCode: 403,
        error: 'Forbidden',
        message: expect.stringMatching(/^[A-Z][\w -]{10,80}$/),
        code: 'authorization_failed',
      });
      expect(isEnded(response)).toBe(true);
      expect(await browser.cookies(app.origin)).toEqual([]);
      expect(emulator.callsTo('token')).toHaveLength(0);
    });

    it('do not repeat what the other side wrote (weakness 24)', async () => {
      const description = '<script>alert(1)</script> of user@example.com';
      const response = await visit(
        await callbackWith({ error: 'x<script>\r\n"y"', error_description: description }),
      );

      expect(response.status).toBe(403);
      expect(response.text).not.toContain('user@example.com');
      expect(response.json<{ message: string }>().message).toBe(
        'Wristband refused the sign-in: unknown_error',
      );
      expect(response.headers['content-type']).toContain('application/json');
    });

    it.each(['server_error', 'temporarily_unavailable'])(
      'are 503 after %s, and the login state stays',
      async (error) => {
        const response = await visit(await callbackWith({ error }));

        expect(response.status).toBe(503);
        expect(response.json()).toMatchObject({ code: 'wristband_unavailable' });
        expect(response.headers['retry-after']).toBe('5');
        expect(response.setCookies).toEqual([]);
      },
    );

    it('mean nothing without a login state of this browser', async () => {
      const callbackUrl = `${app.origin}/api/auth/callback?state=${'s'.repeat(43)}&error=access_denied&tenant_name=acme`;

      const response = await visit(callbackUrl);

      expectNewStart(response, null);
    });
  });

  describe('and a refused code', () => {
    const refuse = (status: number, body: string | object): EmulatorFault => ({
      kind: 'status',
      status,
      body,
    });

    it('start again with tenant and deep link after invalid_grant', async () => {
      const callbackUrl = await untilCallback(browser, emulator, app, 'acme');
      emulator.fail('token', refuse(400, { error: 'invalid_grant' }));

      const response = await visit(callbackUrl);

      expectNewStart(response);
      expect(isEnded(response)).toBe(true);
      expect(emulator.callsTo('token')).toHaveLength(1);
    });

    it('are told as invalid_grant', async () => {
      const callbackUrl = await untilCallback(browser, emulator, app, 'acme');
      emulator.fail('token', refuse(400, { error: 'invalid_grant' }));

      const result = await probe(browser, app, callbackUrl);

      expect(result.json()).toMatchObject({ type: 'redirect_required', reason: 'invalid_grant' });
    });

    it('end in a session when the browser just follows', async () => {
      const callbackUrl = await untilCallback(browser, emulator, app, 'acme');
      emulator.fail('token', { ...refuse(400, { error: 'invalid_grant' }), times: 1 });

      const landed = await browser.get(callbackUrl);

      expect(landed.url).toBe(`${app.origin}/orders`);
      expect(landed.json()).toEqual({ tenantName: 'acme' });
    });

    it.each([
      [400, { error: 'invalid_request' }, 403, 'authorization_failed'],
      [403, { error: 'access_denied' }, 403, 'authorization_failed'],
      [401, { error: 'invalid_client' }, 500, 'configuration_rejected'],
      [400, { error: 'unauthorized_client' }, 500, 'configuration_rejected'],
      [400, { error: 'unsupported_grant_type' }, 500, 'configuration_rejected'],
    ])('%i %j are %i %s', async (status, body, expectedStatus, code) => {
      const callbackUrl = await untilCallback(browser, emulator, app, 'acme');
      emulator.fail('token', refuse(status, body));

      const response = await visit(callbackUrl);

      expect(response.status).toBe(expectedStatus);
      expect(response.json()).toMatchObject({ statusCode: expectedStatus, code });
      expect(response.setCookies.some((line) => line.startsWith('session='))).toBe(false);
      expect(emulator.callsTo('token')).toHaveLength(1);
    });
  });

  describe('and a request that Wristband never sends (weakness 24)', () => {
    it.each([
      ['no state', ''],
      ['an empty state', 'state=&code=a'],
      ['two states', 'state=a&state=b&code=c'],
      ['a state in brackets', 'state[]=a&code=b'],
      ['two codes', 'state=a&code=b&code=c'],
      ['two errors', 'state=a&error=b&error=c'],
      ['two descriptions', 'state=a&code=b&error_description=c&error_description=d'],
      ['two tenants', 'state=a&code=b&tenant_name=acme&tenant_name=globex'],
    ])('are 400 with %s', async (_title, query) => {
      const response = await visit(`${app.origin}/api/auth/callback?${query}`);

      expect(response.status).toBe(400);
      expect(response.json()).toMatchObject({
        statusCode: 400,
        error: 'Bad Request',
        code: 'invalid_request',
      });
      expect(response.setCookies).toEqual([]);
    });

    it('are 400 with neither code nor error, and the login state stays', async () => {
      const response = await visit(await callbackWith({}));

      expect(response.status).toBe(400);
      expect(response.json()).toMatchObject({
        code: 'invalid_request',
        message: 'The query parameter code is missing',
      });
      expect(response.setCookies).toEqual([]);
    });
  });
});

/** Somebody who lives in one tenant only. */
function userAt({ users }: WristbandEmulator, tenant: string) {
  const user = users.find((candidate) => candidate.tenant === tenant && candidate.email.includes(tenant));
  if (!user) throw new Error(`nobody lives in ${tenant}`);
  return user;
}

function loginUrlOf(app: TestApp, tenant: string): string {
  return `${app.origin}/api/auth/login?tenant_name=${tenant}&return_url=/orders`;
}

/** Signs in as far as the redirect to the Callback Endpoint, which is not followed but answered. */
async function untilCallback(
  browser: Browser,
  emulator: WristbandEmulator,
  app: TestApp,
  tenant: string,
): Promise<string> {
  const page = await browser.get(loginUrlOf(app, tenant));
  const { email, password } = userAt(emulator, tenant);
  let response = await browser.submit(formAction(page), { email, password }, { redirect: 'manual' });
  while (!response.location.href.startsWith(`${app.origin}/api/auth/callback`)) {
    response = await browser.get(response.location.href, { redirect: 'manual' });
  }
  return response.location.href;
}

/** What `callback()` answers for a callback URL. */
function probe(
  browser: Browser,
  app: TestApp,
  callbackUrl: string,
  headers: Record<string, string> = {},
): Promise<BrowserResponse> {
  return browser.get(`${app.origin}/probe/callback${new URL(callbackUrl).search}`, { headers });
}

/** Only the clock: timers, and so every time-out, run on as usual. */
function advanceClock(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}
