import { Controller, Get, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Session, SessionAuthGuard, type SessionResponse, type TokenResponse } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { authSettings } from '../support/auth.controller.js';
import { Browser } from '../support/browser.js';
import { signIn, submitDiscovery, submitPassword } from '../support/sign-in.js';
import { describePlatforms, startTestApp, type TestApp } from '../support/test-app.js';

@Controller('orders')
@UseGuards(SessionAuthGuard)
class OrdersController {
  @Get()
  list(@Session('tenantName') tenantName: string) {
    return { tenantName, orders: [1, 2, 3] };
  }
}

describePlatforms('sign in, stay signed in, sign out', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({ emulator, platform, controllers: [OrdersController] });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });
  beforeEach(() => {
    browser = new Browser();
    emulator.clearCalls();
    Object.assign(authSettings, { login: {}, logout: {}, landing: '/api/auth/session' });
  });

  const userOf = (tenant: string) =>
    emulator.users.find((user) => user.email.endsWith(`@${tenant}.example`))!;
  const signInTo = (tenant: string) =>
    signIn(browser, `${app.origin}/api/auth/login?tenant_name=${tenant}`, userOf(tenant));

  it('signs in to a tenant and serves protected routes', async () => {
    const landed = await signInTo('acme');

    expect(landed.status).toBe(200);
    expect(landed.json<SessionResponse>()).toEqual({
      userId: userOf('acme').id,
      tenantId: 'tenant-acme',
      metadata: { tenantName: 'acme' },
    });
    const orders = await browser.get(`${app.origin}/orders`);
    expect(orders.json()).toEqual({ tenantName: 'acme', orders: [1, 2, 3] });
  });

  it('answers 401 with a stable code when nobody is signed in', async () => {
    const response = await browser.get(`${app.origin}/orders`);

    expect(response.status).toBe(401);
    expect(response.json()).toEqual({
      statusCode: 401,
      error: 'Unauthorized',
      message: 'Sign in first',
      code: 'not_authenticated',
    });
    expect(response.setCookies).toEqual([]);
  });

  it('finds the tenant by discovery and keeps the deep link on the way', async () => {
    const deepLink = '/orders?page=2&sort=a%20b#row-7';
    const page = await browser.get(`${app.origin}/api/auth/login?return_url=${encodeURIComponent(deepLink)}`);
    expect(new URL(page.url).searchParams.get('state')).toBe(deepLink);

    const loginPage = await submitDiscovery(browser, page, userOf('globex').email);
    const landed = await submitPassword(browser, loginPage, userOf('globex'));

    expect(landed.url).toBe(new URL(deepLink, app.origin).href);
    expect(landed.json()).toMatchObject({ tenantName: 'globex' });
  });

  it('sends what OAuth 2.1 asks for to the authorize endpoint', async () => {
    const { location, headers, setCookies } = await browser.get(
      `${app.origin}/api/auth/login?tenant_name=acme&login_hint=a%2Bb%40acme.example&idp_hint=okta`,
      { redirect: 'manual' },
    );

    expect(location.host).toBe(`acme.${emulator.vanityDomain}`);
    expect(location.pathname).toBe('/api/v1/oauth2/authorize');
    expect(Object.fromEntries(location.searchParams)).toEqual({
      client_id: emulator.clientId,
      redirect_uri: `${app.origin}/api/auth/callback`,
      response_type: 'code',
      state: expect.stringMatching(/^[\w-]{43}$/),
      scope: 'openid offline_access email',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      login_hint: 'a+b@acme.example',
      idp_hint: 'okta',
    });
    expect(headers['cache-control']).toContain('no-store');
    expect(headers.pragma).toBe('no-cache');
    expect(setCookies).toHaveLength(1);
    expect(setCookies[0]).toMatch(
      /^login#[\w-]{43}#\d{13}=[\w.-]+; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  it('makes a session cookie that scripts cannot read and no cache keeps', async () => {
    const landed = await signInTo('acme');
    const [cookie] = (await browser.jar.getCookies(app.origin)).filter(({ key }) => key === 'session');

    expect(cookie).toMatchObject({ httpOnly: true, path: '/', sameSite: 'lax', maxAge: 3600 });
    expect(landed.headers['cache-control']).toContain('no-store');
    expect(landed.headers.vary).toContain('Cookie');
  });

  it('leaves no login state behind after a sign-in', async () => {
    await signInTo('acme');

    expect(await browser.cookies(app.origin)).toEqual(['session']);
  });

  it('hands the access token to the front end', async () => {
    await signInTo('acme');

    const token = (await browser.get(`${app.origin}/api/auth/token`)).json<TokenResponse>();

    expect(token.accessToken.split('.')).toHaveLength(3);
    expect(token.expiresAt).toBeGreaterThan(Date.now() + 1_700_000);
    expect(token.expiresAt).toBeLessThanOrEqual(Date.now() + 1_740_000);
  });

  it('signs out here, at Wristband, and ends the refresh token', async () => {
    await signInTo('acme');

    const afterwards = await browser.get(`${app.origin}/api/auth/logout`);

    expect(emulator.callsTo('revoke')).toHaveLength(1);
    expect(emulator.callsTo('logout')).toHaveLength(1);
    // Wristband sends the browser to the Login Endpoint, and its own session is over: it asks for a password.
    expect(new URL(afterwards.url).host).toBe(`acme.${emulator.vanityDomain}`);
    expect(afterwards.text).toContain('type="password"');
    expect((await browser.get(`${app.origin}/orders`)).status).toBe(401);
  });

  it('lets a second tab finish its own sign-in', async () => {
    const loginUrl = (tab: number) =>
      `${app.origin}/api/auth/login?tenant_name=acme&return_url=/orders?tab=${tab}`;
    const first = await browser.get(loginUrl(1));
    const second = await browser.get(loginUrl(2));

    const secondLanded = await submitPassword(browser, second, userOf('acme'));
    const firstLanded = await submitPassword(browser, first, userOf('acme'));

    expect(secondLanded.url).toBe(`${app.origin}/orders?tab=2`);
    expect(firstLanded.url).toBe(`${app.origin}/orders?tab=1`);
  });
});

describe('tenant subdomains', () => {
  let emulator: WristbandEmulator;
  let app: TestApp;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({ emulator, hasSubdomains: true, controllers: [OrdersController] });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });
  const ada = () => emulator.users.find((user) => user.tenant === 'acme')!;

  it('takes the tenant from the subdomain', async () => {
    const browser = new Browser();

    const landed = await signIn(
      browser,
      `${app.tenantOrigin('acme')}/api/auth/login?return_url=/orders`,
      ada(),
    );

    expect(landed.url).toBe(`${app.tenantOrigin('acme')}/orders`);
    expect(landed.json()).toMatchObject({ tenantName: 'acme' });
  });

  it('falls back to tenant_name on the root domain and moves to the subdomain first, with the deep link', async () => {
    const browser = new Browser();
    const loginUrl = `${app.origin}/api/auth/login?tenant_name=acme&return_url=/orders`;

    const landed = await signIn(browser, loginUrl, ada());

    expect(landed.url).toBe(`${app.tenantOrigin('acme')}/orders`);
  });

  it('finds the subdomain by discovery', async () => {
    const browser = new Browser();
    const page = await browser.get(`${app.origin}/api/auth/login?return_url=/orders`);
    const grace = emulator.users.find((user) => user.email === 'grace@acme.example')!;

    const loginPage = await submitDiscovery(browser, page, grace.email);
    const landed = await submitPassword(browser, loginPage, grace);

    expect(landed.url).toBe(`${app.tenantOrigin('acme')}/orders`);
  });
});
