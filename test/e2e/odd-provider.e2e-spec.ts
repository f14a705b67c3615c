import { Controller, Get, UseGuards } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CurrentUser, JwtAuthGuard, Session, SessionAuthGuard } from '../../lib/index.js';
import {
  type EmulatorJson,
  startWristbandEmulator,
  type WristbandEmulator,
} from '../../lib/testing/index.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import { describePlatforms, type Platform, startTestApp, type TestApp } from '../support/test-app.js';

@Controller()
class OrdersController {
  @Get('orders')
  @UseGuards(SessionAuthGuard)
  list(@Session() { tenantName, expiresAt, identityProviderName, email }: Session & { email?: string }) {
    return { tenantName, identityProviderName, email, lives: Math.round((expiresAt! - Date.now()) / 1000) };
  }

  @Get('api-orders')
  @UseGuards(JwtAuthGuard)
  apiOrders(@CurrentUser('userId') userId: string) {
    return { userId };
  }
}

/** Changes what a real response of the emulator says, by the end of its path. */
type Rewrite = Partial<
  Record<'token' | 'jwks' | 'userinfo' | 'sdk-configuration' | 'validate', (text: string) => string>
>;

let emulator: WristbandEmulator;
let app: TestApp;
let rewrite: Rewrite = {};

const rewritingFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const endpoint = new URL(input as string).pathname.split('/').at(-1) as keyof Rewrite;
  const change = rewrite[endpoint];
  if (!change || !response.ok) return response;
  return new Response(change(await response.text()), { status: response.status });
};

async function start(platform: Platform = 'express'): Promise<void> {
  const options = { http: { fetch: rewritingFetch, timeout: 5000 }, routes: { path: 'api/auth' } };
  app = await startTestApp({ emulator, platform, controllers: [OrdersController], options });
}

beforeAll(async () => {
  emulator = await startWristbandEmulator({ accessTokenTtl: 1800 });
});
afterEach(async () => {
  vi.useRealTimers();
  rewrite = {};
  emulator.tamper();
  emulator.heal();
  await app.close();
});
afterAll(() => emulator.close());

const json = (change: (body: EmulatorJson) => unknown) => (text: string) =>
  JSON.stringify(change(JSON.parse(text) as EmulatorJson));
const omit =
  (...names: string[]) =>
  (body: EmulatorJson) =>
    Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)));
const keys = (change: (key: EmulatorJson) => unknown) =>
  json((body) => ({ ...body, keys: (body.keys as EmulatorJson[]).map(change) }));

/** Only the clock: timers, and so every time-out, run on as usual. */
const advanceClock = (seconds: number) =>
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });

async function signInTo(tenant: string, query = ''): Promise<{ browser: Browser; landed: BrowserResponse }> {
  const browser = new Browser();
  const user = emulator.users.find((one) => one.tenant === tenant && one.email.includes(tenant))!;
  const url = `${app.origin}/api/auth/login?tenant_name=${tenant}${query}&return_url=/orders`;
  return { browser, landed: await signIn(browser, url, user) };
}

describePlatforms('a byte order mark in front of every response', (platform) => {
  it('is no part of the JSON', async () => {
    const mark = (text: string) => `\ufeff${text}`;
    rewrite = { token: mark, jwks: mark, userinfo: mark, 'sdk-configuration': mark, validate: mark };
    await start(platform);
    const { customDomain = '' } = emulator.tenants.find(({ name }) => name === 'globex')!;

    const { browser, landed } = await signInTo('globex', `&tenant_custom_domain=${customDomain}`);
    expect(landed.json()).toMatchObject({ tenantName: 'globex' });
    advanceClock(1801);
    expect((await browser.get(`${app.origin}/orders`)).status).toBe(200);

    const { accessToken } = (await browser.get(`${app.origin}/api/auth/token`)).json<{
      accessToken: string;
    }>();
    const headers = { authorization: `Bearer ${accessToken}` };
    expect((await new Browser().get(`${app.origin}/api-orders`, { headers })).status).toBe(200);
    const called = emulator.calls.map(({ endpoint }) => endpoint);
    expect(called).toEqual(
      expect.arrayContaining(['token', 'jwks', 'userinfo', 'sdkConfiguration', 'customDomainValidation']),
    );
  });
});

describe('a token response', () => {
  it.each<[string, EmulatorJson, number]>([
    ['no expires_in and a JWT', { expires_in: undefined }, 1740],
    ['expires_in of null', { expires_in: null }, 1740],
    ['expires_in that is text', { expires_in: '1200' }, 1140],
    ['expires_in that is a text with a fraction', { expires_in: '1200.5' }, 1140],
    ['expires_in that cannot be read', { expires_in: 'soon' }, 1740],
    ['a token_type of null', { token_type: null }, 1740],
    ['no token_type', { token_type: undefined }, 1740],
    ['an empty token_type', { token_type: '' }, 1740],
    ['nulls for what there is not', { refresh_token: null, scope: null }, 1740],
  ])('with %s signs in', async (_title, change, lifetime) => {
    rewrite = { token: json((body) => ({ ...body, ...change })) };
    await start();

    const { landed } = await signInTo('acme');

    expect(landed.status).toBe(200);
    expect(Math.abs(landed.json<{ lives: number }>().lives - lifetime)).toBeLessThan(60);
  });

  it('with no expires_in and an opaque access token is used for five minutes at most', async () => {
    await start();
    const { browser } = await signInTo('acme');
    emulator.fail('token', { kind: 'status', status: 200, body: { access_token: 'opaque' } });
    advanceClock(1801);

    expect((await browser.get(`${app.origin}/orders`)).json()).toMatchObject({ lives: 240 });
  });

  it('with a token of another type is trouble', async () => {
    rewrite = { token: json((body) => ({ ...body, token_type: 'DPoP' })) };
    await start();

    const { landed } = await signInTo('acme');

    expect(landed.json()).toMatchObject({ statusCode: 503, code: 'wristband_unavailable' });
    expect(app.logs.join('\n')).toContain('/oauth2/token gave an answer that cannot be used');
  });
});

describe('user info', () => {
  it('without idp_name and app_id, which the ID token lacks as well, signs in', async () => {
    rewrite = { userinfo: json(omit('idp_name', 'app_id')) };
    emulator.tamper({ idTokenClaims: omit('idp_name', 'app_id') });
    await start();

    const { landed } = await signInTo('acme');

    expect(landed.json()).toMatchObject({ tenantName: 'acme', identityProviderName: '' });
  });

  it('with nulls for everything optional signs in', async () => {
    const required = new Set(['sub', 'tnt_id']);
    const nulled = (body: EmulatorJson) =>
      Object.fromEntries(
        Object.entries(body).map(([name, value]) => [name, required.has(name) ? value : null]),
      );
    rewrite = { userinfo: json(nulled) };
    await start();

    const { landed } = await signInTo('acme');

    expect(landed.json()).toMatchObject({ tenantName: 'acme', identityProviderName: 'wristband' });
  });

  it('without a tenant, which the ID token lacks as well, is an error that says so', async () => {
    rewrite = { userinfo: json(omit('tnt_id')) };
    emulator.tamper({ idTokenClaims: omit('tnt_id') });
    await start();

    const { landed } = await signInTo('acme');

    expect(landed.json()).toMatchObject({
      statusCode: 401,
      code: 'identity_not_verified',
      message: expect.stringContaining('tnt_id'),
    });
  });
});

describe('a key set', () => {
  const apiOrders = async (browser: Browser) => {
    const { accessToken } = (await browser.get(`${app.origin}/api/auth/token`)).json<{
      accessToken: string;
    }>();
    const headers = { authorization: `Bearer ${accessToken}` };
    return new Browser().get(`${app.origin}/api-orders`, { headers });
  };

  it.each<[string, (key: EmulatorJson) => unknown]>([
    ['without IDs', omit('kid')],
    ['with IDs that are null', (key) => ({ ...key, kid: null })],
    ['with empty IDs', (key) => ({ ...key, kid: '' })],
    [
      'with nulls for what is optional',
      (key) => ({ ...key, use: null, alg: null, key_ops: null, x5c: null }),
    ],
  ])('of keys %s checks ID tokens and access tokens', async (_title, change) => {
    rewrite = { jwks: keys(change) };
    // Several keys: that of a token is found by trying.
    await emulator.rotateKeys({ keepOld: true });
    await start();

    const { browser } = await signInTo('acme');

    expect((await apiOrders(browser)).status).toBe(200);
  });

  it('of keys without IDs does not make a forged token good', async () => {
    rewrite = { jwks: keys(omit('kid')) };
    await start();
    const { browser } = await signInTo('acme');
    const { accessToken } = (await browser.get(`${app.origin}/api/auth/token`)).json<{
      accessToken: string;
    }>();
    const [head, payload, signature = ''] = accessToken.split('.');
    const forged = `${head}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    const headers = { authorization: `Bearer ${forged}` };

    const response = await new Browser().get(`${app.origin}/api-orders`, { headers });

    expect(response.json()).toMatchObject({ statusCode: 401, code: 'invalid_token' });
  });

  it('of keys without IDs lets users sign in after the keys were changed', async () => {
    rewrite = { jwks: keys(omit('kid')) };
    await start();
    await signInTo('acme');
    await emulator.rotateKeys({ keepOld: false });

    expect((await signInTo('acme')).landed.status).toBe(200);
  });
});
