import { Controller, Get, Req, Res } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HttpRequest, type HttpResponse, WristbandAuthService } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { authSettings, lastCallback } from '../support/auth.controller.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import { describePlatforms, startTestApp, type TestApp } from '../support/test-app.js';

@Controller('blank')
class BlankController {
  constructor(private readonly wristband: WristbandAuthService) {}

  @Get()
  blank(@Req() req: HttpRequest, @Res({ passthrough: true }) res: HttpResponse) {
    return this.wristband.createCallbackResponse(req, res, '  ');
  }
}

const reset = () => Object.assign(authSettings, { login: {}, logout: {}, landing: '/api/auth/session' });

describePlatforms('which tenant a login is for', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let browser: Browser;
  const customDomain = () => emulator.tenants.find(({ name }) => name === 'globex')!.customDomain!;
  const login = async (query: string, host?: string) => {
    const headers: Record<string, string> = host ? { host: `${host}:${app.port}` } : {};
    const url = `${app.origin}/api/auth/login?${query.replace('CUSTOM', customDomain())}`;
    return (await browser.get(url, { redirect: 'manual', headers })).location;
  };

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({ emulator, platform, hasSubdomains: true });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });
  beforeEach(() => {
    browser = new Browser();
    reset();
  });

  it.each([
    ['the custom domain', 'tenant_custom_domain=CUSTOM&tenant_name=beta', 'acme.localhost', 'CUSTOM'],
    ['the subdomain', 'tenant_name=beta', 'acme.localhost', 'acme.VANITY'],
    ['the subdomain in any case', '', 'ACME.LocalHost', 'acme.VANITY'],
    ['tenant_name', 'tenant_name=beta', 'other.example', 'beta.VANITY'],
    ['tenant_domain, the older name', 'tenant_domain=beta', 'other.example', 'beta.VANITY'],
    ['both names when they agree', 'tenant_domain=beta&tenant_name=BETA', 'other.example', 'beta.VANITY'],
    ['the default custom domain', '', 'other.example', 'CUSTOM'],
  ])('takes %s before everything below it', async (_, query, host, expected) => {
    authSettings.login = { defaultTenantName: 'gamma', defaultTenantCustomDomain: customDomain() };

    const { host: authorizeHost } = await login(query, host);

    expect(authorizeHost).toBe(
      expected.replace('CUSTOM', customDomain()).replace('VANITY', emulator.vanityDomain),
    );
  });

  it('takes the default tenant name last', async () => {
    authSettings.login = { defaultTenantName: 'gamma' };

    expect((await login('', 'other.example')).host).toBe(`gamma.${emulator.vanityDomain}`);
  });

  it('refuses two different names', async () => {
    const response = await browser.get(`${app.origin}/api/auth/login?tenant_name=a&tenant_domain=b`);

    expect(response.status).toBe(400);
    expect(response.json()).toMatchObject({ code: 'invalid_tenant' });
  });

  it('goes to tenant discovery without any', async () => {
    const location = await login('', 'other.example');

    expect(`${location.origin}${location.pathname}`).toBe(`${emulator.origin}/login`);
    expect(Object.fromEntries(location.searchParams)).toEqual({ client_id: emulator.clientId });
  });
});

describePlatforms('sign-in with options', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let browser: Browser;
  const user = (email: string) => emulator.users.find((candidate) => candidate.email === email)!;

  beforeAll(async () => {
    // The vanity domain has no custom domain of its own here: tenant hosts are `acme-auth.localhost`.
    emulator = await startWristbandEmulator({ vanityHost: 'auth.localhost' });
    app = await startTestApp({ emulator, platform, controllers: [BlankController] });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });
  beforeEach(() => {
    browser = new Browser();
    emulator.clearCalls();
    reset();
  });

  it('signs in on a tenant host with a hyphen', async () => {
    const landed = await signIn(
      browser,
      `${app.origin}/api/auth/login?tenant_name=acme`,
      user('grace@acme.example'),
    );

    expect(landed.status).toBe(200);
    expect(emulator.callsTo('authorize')[0]?.host).toBe(`acme-${emulator.vanityDomain}`);
  });

  it('signs in and out on the custom domain of a tenant', async () => {
    const { customDomain } = emulator.tenants.find(({ name }) => name === 'globex')!;

    const landed = await signIn(
      browser,
      `${app.origin}/api/auth/login?tenant_custom_domain=${customDomain}`,
      user('linus@globex.example'),
    );
    const { location } = await browser.get(`${app.origin}/api/auth/logout`, { redirect: 'manual' });

    // The name in the query of the callback is one that the user can choose.
    expect(landed.json()).toMatchObject({ tenantId: 'tenant-globex', metadata: {} });
    expect(lastCallback.data).toMatchObject({ tenantName: '', tenantCustomDomain: customDomain });
    expect(emulator.callsTo('authorize')[0]?.host).toBe(customDomain);
    expect(location.host).toBe(customDomain);
  });

  it('has the tenant name of a sign-in by custom domain that began with it', async () => {
    const { customDomain } = emulator.tenants.find(({ name }) => name === 'globex')!;

    await signIn(
      browser,
      `${app.origin}/api/auth/login?tenant_custom_domain=${customDomain}&tenant_name=globex`,
      user('linus@globex.example'),
    );

    expect(lastCallback.data).toMatchObject({ tenantName: 'globex', tenantCustomDomain: customDomain });
  });

  it('gives back customState and the return URL of the login config', async () => {
    authSettings.login = { customState: { plan: 'gold', steps: [1, 2] }, returnUrl: '/api/auth/token' };

    const landed = await signIn(
      browser,
      `${app.origin}/api/auth/login?tenant_name=acme&return_url=/elsewhere`,
      user('grace@acme.example'),
    );

    expect(landed.url).toBe(`${app.origin}/api/auth/token`);
    expect(lastCallback.data?.customState).toEqual({ plan: 'gold', steps: [1, 2] });
  });

  it('leaves absent fields out of the callback data', async () => {
    await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, user('grace@acme.example'));

    expect(Object.keys(lastCallback.data!).toSorted()).toEqual(
      [
        'accessToken',
        'expiresAt',
        'expiresIn',
        'idToken',
        'refreshToken',
        'tenantName',
        'userInfo',
      ].toSorted(),
    );
    expect(lastCallback.data?.userInfo).toEqual({
      userId: user('grace@acme.example').id,
      tenantId: 'tenant-acme',
      applicationId: expect.any(String),
      identityProviderName: expect.any(String),
      email: 'grace@acme.example',
      emailVerified: true,
    });
  });

  it('says which customState is too large instead of starting a sign-in that cannot end (weakness 23)', async () => {
    authSettings.login = { customState: { blob: 'x'.repeat(3500) } };

    const response = await browser.get(`${app.origin}/api/auth/login?tenant_name=acme`, {
      redirect: 'manual',
    });

    expect(response.status).toBe(500);
    expect(response.json()).toMatchObject({
      code: 'login_state_too_large',
      message: expect.stringContaining('3511 bytes'),
    });
    expect(response.setCookies).toEqual([]);
  });

  it('drops a return URL that would make the login state too large, and says so', async () => {
    const returnUrl = `/orders?filter=${'x'.repeat(4000)}`;

    const landed = await signIn(
      browser,
      `${app.origin}/api/auth/login?tenant_name=acme&return_url=${encodeURIComponent(returnUrl)}`,
      user('grace@acme.example'),
    );

    expect(landed.url).toBe(`${app.origin}/api/auth/session`);
    expect(app.events).toContainEqual({ type: 'return_url.rejected', reason: 'too_long' });
  });

  it('never sends more than three login states, and the newest three still finish', async () => {
    for (let index = 0; index < 10; index += 1) {
      await browser.get(`${app.origin}/api/auth/login?tenant_name=acme`, { redirect: 'manual' });
    }

    const cookies = await browser.cookies(app.origin);
    const landed = await signIn(
      browser,
      `${app.origin}/api/auth/login?tenant_name=acme`,
      user('grace@acme.example'),
    );

    expect(cookies).toHaveLength(3);
    expect(landed.status).toBe(200);
  });

  it.each([
    ['a prefetch', 'GET', { 'sec-purpose': 'prefetch;prerender' }],
    ['an older prefetch', 'GET', { purpose: 'prefetch' }],
    ['HEAD', 'HEAD', {}],
  ])('does not start a sign-in for %s', async (_, method, headers) => {
    const response = await browser.request(`${app.origin}/api/auth/login?tenant_name=acme`, {
      method,
      headers,
    });

    expect(response.status).toBe(400);
    expect(response.setCookies).toEqual([]);
    expect(emulator.calls).toEqual([]);
  });

  it.each(['login', 'callback', 'logout'])('forbids caches to keep the answer of %s', async (endpoint) => {
    const url = `${app.origin}/api/auth/${endpoint}?tenant_name=acme&state=x`;

    const { status, headers } = await browser.get(url, { redirect: 'manual' });

    expect(status).toBe(302);
    expect(headers['cache-control']).toContain('no-store');
    expect(headers.pragma).toBe('no-cache');
  });

  it('refuses a blank redirect URL', async () => {
    const response = await browser.get(`${app.origin}/blank`);

    expect(response.status).toBe(500);
    expect(response.json()).toMatchObject({ code: 'invalid_argument' });
  });

  describe('logout', () => {
    const logout = async (query = '') => {
      const response = await browser.get(`${app.origin}/api/auth/logout?${query}`, { redirect: 'manual' });
      return response.location;
    };
    const customDomain = () => emulator.tenants.find(({ name }) => name === 'globex')!.customDomain!;

    it.each([
      [
        'the custom domain of its config',
        { tenantCustomDomain: 'a.example', tenantName: 'beta' },
        'a.example',
      ],
      ['the tenant name of its config', { tenantName: 'beta' }, 'beta-VANITY'],
      ['the custom domain of the request', {}, 'CUSTOM'],
    ])('takes %s before everything below it', async (_, config, expected) => {
      authSettings.logout = config;

      const { host, pathname } = await logout(`tenant_custom_domain=${customDomain()}&tenant_name=gamma`);

      expect(host).toBe(expected.replace('VANITY', emulator.vanityDomain).replace('CUSTOM', customDomain()));
      expect(pathname).toBe('/api/v1/logout');
    });

    it('takes the tenant name of the request last', async () => {
      expect((await logout('tenant_name=gamma')).host).toBe(`gamma-${emulator.vanityDomain}`);
    });

    it('sends state and redirect URL along', async () => {
      authSettings.logout = {
        tenantName: 'acme',
        state: 'by user & more',
        redirectUrl: `${app.origin}/bye?x=1&y=2`,
      };

      expect(Object.fromEntries((await logout()).searchParams)).toEqual({
        client_id: emulator.clientId,
        state: 'by user & more',
        redirect_url: `${app.origin}/bye?x=1&y=2`,
      });
    });

    it('goes to the redirect URL itself when no tenant is known, with the state', async () => {
      authSettings.logout = { state: 'by-user', redirectUrl: `${app.origin}/bye?x=1` };

      expect((await logout()).href).toBe(`${app.origin}/bye?x=1&state=by-user`);
    });

    it('goes to tenant discovery when nothing is known', async () => {
      const location = await logout();

      expect(location.pathname).toBe('/login');
      expect(location.searchParams.get('client_id')).toBe(emulator.clientId);
    });

    it('refuses a redirect URL that is none', async () => {
      authSettings.logout = { tenantName: 'acme', redirectUrl: 'javascript:alert(1)' };

      const response = await browser.get(`${app.origin}/api/auth/logout`);

      expect(response.status).toBe(500);
      expect(response.json()).toMatchObject({ code: 'invalid_argument' });
    });
  });
});
