import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WristbandAuthService, WristbandConfigError, type WristbandOptions } from '../../lib/index.js';
import {
  type EmulatorJson,
  startWristbandEmulator,
  type WristbandEmulator,
} from '../../lib/testing/index.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { signIn, submitDiscovery, submitPassword } from '../support/sign-in.js';
import { describePlatforms, type Platform, startTestApp, type TestApp } from '../support/test-app.js';

const REJECTED = {
  statusCode: 500,
  error: 'Internal Server Error',
  message: 'Sign-in is not configured correctly',
  code: 'configuration_rejected',
};

let emulator: WristbandEmulator;
let app: TestApp;
let browser: Browser;

beforeEach(async () => {
  emulator = await startWristbandEmulator();
  browser = new Browser();
});
afterEach(async () => {
  await app.close();
  await emulator.close();
});

async function start(options: Partial<WristbandOptions> = {}, platform: Platform = 'express'): Promise<void> {
  app = await startTestApp({ emulator, platform, options: { http: { timeout: 5000 }, ...options } });
}

const fetches = () => emulator.callsTo('sdkConfiguration').length;
const discover = () => app.app.get(WristbandAuthService).discover();
const grace = () => emulator.users.find(({ email }) => email === 'grace@acme.example')!;

function login(query = 'tenant_name=acme', origin = app.origin): Promise<BrowserResponse> {
  return browser.get(`${origin}/api/auth/login?${query}`, { redirect: 'manual' });
}

/** Where a callback without login state is sent: to the Login Endpoint of its tenant. */
function callback(query = 'tenant_name=acme', origin = app.origin): Promise<BrowserResponse> {
  return browser.get(`${origin}/api/auth/callback?state=unknown&code=unknown&${query}`, {
    redirect: 'manual',
  });
}

async function problemsOfDiscover(): Promise<string[]> {
  const error: unknown = await discover().catch((reason: unknown) => reason);
  if (!(error instanceof WristbandConfigError))
    throw new Error(`not a WristbandConfigError: ${String(error)}`);
  for (const { option } of error.problems) expect(error.message).toContain(`- ${option}: `);
  return error.problems.map(({ option }) => option);
}

describePlatforms('auto-configuration', (platform) => {
  it('asks nothing before it is needed', async () => {
    await start({}, platform);

    await browser.get(`${app.origin}/api/auth/session`);

    expect(emulator.calls).toEqual([]);
  });

  it('is fetched once by 100 first sign-ins at the same time', async () => {
    await start({}, platform);

    const responses = await Promise.all(Array.from({ length: 100 }, () => login()));

    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([302]));
    expect(fetches()).toBe(1);
  });

  it('is fetched no more once it is known', async () => {
    await start({}, platform);
    await login();

    await login();
    await callback();
    await browser.get(`${app.origin}/api/auth/logout?tenant_name=acme`, { redirect: 'manual' });

    expect(fetches()).toBe(1);
  });

  it('asks without credentials, by client ID', async () => {
    await start({}, platform);

    await login();

    const [call] = emulator.callsTo('sdkConfiguration');
    expect(call?.method).toBe('GET');
    expect(call?.path).toBe(`/api/v1/clients/${emulator.clientId}/sdk-configuration`);
    expect(call?.headers.authorization).toBeUndefined();
    expect(call?.headers.accept).toBe('application/json');
  });

  it('answers a stable error while it cannot be used, and tells the operator which option is missing', async () => {
    await start({}, platform);
    emulator.setSdkConfiguration({ loginUrl: null });

    const response = await login();

    expect(response.status).toBe(500);
    expect(response.json()).toEqual(REJECTED);
    expect(response.setCookies).toEqual([]);
    expect(response.headers['cache-control']).toContain('no-store');
    expect(app.logs.join('\n')).toContain(
      '- loginUrl: is set neither by hand nor in the Wristband dashboard',
    );
  });
});

describe('a configuration that cannot be used (weakness 18)', () => {
  const broken: [string, EmulatorJson, string][] = [
    ['no loginUrl', { loginUrl: null }, 'loginUrl'],
    ['an empty loginUrl', { loginUrl: '' }, 'loginUrl'],
    ['a loginUrl that is a number', { loginUrl: 42 }, 'loginUrl'],
    ['a loginUrl that is no URL', { loginUrl: '/api/auth/login' }, 'loginUrl'],
    ['a loginUrl that is a script', { loginUrl: 'javascript:alert(1)' }, 'loginUrl'],
    ['a loginUrl with credentials', { loginUrl: 'https://user:pw@app.example/login' }, 'loginUrl'],
    ['no redirectUri', { redirectUri: null }, 'redirectUri'],
    ['a redirectUri with a fragment', { redirectUri: 'https://app.example/callback#x' }, 'redirectUri'],
    ['a placeholder without subdomains', { loginUrl: 'https://{tenant_name}.app.example/login' }, 'loginUrl'],
    ['subdomains without a placeholder', { loginUrlTenantDomainSuffix: 'app.example' }, 'loginUrl'],
    [
      'a root domain with a port',
      { loginUrlTenantDomainSuffix: 'app.example:8080' },
      'parseTenantFromRootDomain',
    ],
    [
      'a root domain with a dot in front',
      { loginUrlTenantDomainSuffix: '.app.example' },
      'parseTenantFromRootDomain',
    ],
    [
      'a login page that is no URL',
      { customApplicationLoginPageUrl: 'find' },
      'customApplicationLoginPageUrl',
    ],
    [
      'sign-ins at application level without a fallback',
      {
        loginUrl: 'https://{tenant_name}.app.example/login',
        redirectUri: 'https://{tenant_name}.app.example/callback',
        loginUrlTenantDomainSuffix: 'app.example',
        applicationAuthorizationRequestsEnabled: true,
      },
      'fallbackLoginUrl',
    ],
    [
      'a fallback with a placeholder',
      { fallbackLoginUrl: 'https://{tenant_name}.app.example/login' },
      'fallbackLoginUrl',
    ],
  ];

  it.each(broken)('is refused for %s, with the option in the message', async (_title, patch, option) => {
    await start();
    emulator.setSdkConfiguration(patch);

    const problems = await problemsOfDiscover();

    expect(problems).toContain(option);
    const response = await login();
    expect(response.status).toBe(500);
    expect(response.json()).toEqual(REJECTED);
  });

  it('names every mistake at once', async () => {
    await start();
    emulator.setSdkConfiguration({
      loginUrl: null,
      redirectUri: 'callback',
      customApplicationLoginPageUrl: 'find',
    });

    const problems = await problemsOfDiscover();

    expect(problems.toSorted()).toEqual(['customApplicationLoginPageUrl', 'loginUrl', 'redirectUri']);
  });

  it('is never kept: each request asks again and fails alike, until a good answer comes', async () => {
    await start();
    emulator.setSdkConfiguration({ loginUrl: null });

    const refused = [await login(), await login(), await callback()];
    emulator.setSdkConfiguration();
    const accepted = await login();

    expect(refused.map(({ status }) => status)).toEqual([500, 500, 500]);
    expect(accepted.status).toBe(302);
    expect(fetches()).toBe(4);
  });

  it('is refused for everybody who waited for it', async () => {
    await start();
    emulator.setSdkConfiguration({ redirectUri: null });

    const responses = await Promise.all(Array.from({ length: 10 }, () => login()));

    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 500));
  });

  it('does not stop those who are signed in', async () => {
    await start();
    await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, grace());
    const { port } = app;
    await app.close();
    await start();
    emulator.setSdkConfiguration({ loginUrl: null });

    const response = await browser.get(`${app.origin}/api/auth/session`);

    expect(app.port).not.toBe(port);
    expect(response.status).toBe(200);
  });
});

describe('a client that Wristband does not know (weakness 18)', () => {
  beforeEach(() => start({ clientId: 'unknown-client' }));

  it('is asked for once for each request', async () => {
    const response = await login();

    expect(response.status).toBe(500);
    expect(response.json()).toEqual(REJECTED);
    expect(emulator.callsTo('sdkConfiguration').map(({ status }) => status)).toEqual([404]);
    await login();
    expect(fetches()).toBe(2);
  });

  it('makes discover() fail with the option in the message', async () => {
    const problems = await problemsOfDiscover();

    expect(problems).toEqual(['clientId']);
    expect(fetches()).toBe(1);
  });
});

describe('discover()', () => {
  it('fetches the configuration for the sign-ins that follow', async () => {
    await start();

    await discover();
    await login();

    expect(fetches()).toBe(1);
  });

  it('fails with an error that says it may work later when Wristband is in trouble, and works later', async () => {
    await start();
    emulator.fail('sdkConfiguration', { kind: 'status', status: 429, headers: { 'retry-after': '60' } });

    await expect(discover()).rejects.toMatchObject({ code: 'wristband_unavailable', retryAfter: 60 });

    emulator.heal();
    await expect(discover()).resolves.toBeUndefined();
  });

  it.each([
    ['an array', '[]'],
    ['null', 'null'],
    ['a text', '"ok"'],
    ['an HTML page', '<html>'],
  ])('takes %s for trouble, not for a configuration', async (_title, body) => {
    await start();
    emulator.fail('sdkConfiguration', { kind: 'status', status: 200, body });

    await expect(discover()).rejects.toMatchObject({ code: 'wristband_unavailable' });
  });

  it('is a mistake when auto-configuration is off', async () => {
    await start({
      autoConfigureEnabled: false,
      loginUrl: 'https://a.example/in',
      redirectUri: 'https://a.example/cb',
    });

    const problems = await problemsOfDiscover();

    expect(problems).toEqual(['autoConfigureEnabled']);
    expect(fetches()).toBe(0);
  });
});

describe('values that are set by hand', () => {
  it('stand in for a redirectUri that Wristband does not tell because there are several (weakness 18)', async () => {
    const redirectUri = 'https://second.example/callback';
    await start({ redirectUri });
    emulator.setApplication({ redirectUris: [`${app.origin}/api/auth/callback`, redirectUri] });

    const { location } = await login();

    expect(location.searchParams.get('redirect_uri')).toBe(redirectUri);
  });

  it('are needed when Wristband has several redirect URIs', async () => {
    await start();
    const redirectUris = [`${app.origin}/api/auth/callback`, 'https://second.example/callback'];
    emulator.setApplication({ redirectUris });

    expect(await problemsOfDiscover()).toEqual(['redirectUri']);
  });

  it('win over a loginUrl of Wristband', async () => {
    await start({ loginUrl: 'https://by-hand.example/in?x=1' });

    const { location } = await callback();

    expect(location.href).toBe('https://by-hand.example/in?x=1&tenant_name=acme');
  });

  it('win over a loginUrl of Wristband that is broken', async () => {
    await start({ loginUrl: 'https://by-hand.example/in' });
    emulator.setSdkConfiguration({ loginUrl: 'broken' });

    expect((await login()).status).toBe(302);
  });

  it('win over a redirectUri of Wristband', async () => {
    await start({ redirectUri: 'https://by-hand.example/cb' });

    const { location } = await login();

    expect(location.searchParams.get('redirect_uri')).toBe('https://by-hand.example/cb');
  });

  it('leave the other values to Wristband', async () => {
    await start({ redirectUri: 'https://by-hand.example/cb' });

    const { location } = await callback();

    expect(location.href).toBe(`${app.origin}/api/auth/login?tenant_name=acme`);
  });

  it('win over a login page of Wristband', async () => {
    await start({ customApplicationLoginPageUrl: 'https://by-hand.example/find?lang=en' });
    emulator.setSdkConfiguration({ customApplicationLoginPageUrl: 'https://dashboard.example/find' });

    const { location } = await login('');

    expect(location.href).toBe(`https://by-hand.example/find?lang=en&client_id=${emulator.clientId}`);
  });

  it.each([
    { byHand: false, remote: true, separator: '-' },
    { byHand: true, remote: false, separator: '.' },
  ])(
    'win when isApplicationCustomDomainActive is $byHand by hand and $remote there',
    async ({ byHand, remote, separator }) => {
      await start({ isApplicationCustomDomainActive: byHand });
      emulator.setSdkConfiguration({ isApplicationCustomDomainActive: remote });

      const { location } = await login();

      expect(location.host).toBe(`acme${separator}${emulator.vanityDomain}`);
    },
  );

  it('win over a root domain of Wristband', async () => {
    await start({
      parseTenantFromRootDomain: 'localhost',
      loginUrl: 'http://{tenant_name}.localhost/in',
      redirectUri: 'http://{tenant_domain}.localhost/cb',
    });
    emulator.setSdkConfiguration({ loginUrlTenantDomainSuffix: 'dashboard.example' });

    const { location } = await login('', app.tenantOrigin('globex'));

    expect(location.host).toBe(`globex.${emulator.vanityDomain}`);
  });

  it('win when sign-ins at application level are off by hand', async () => {
    await start({ applicationAuthorizationRequestsEnabled: false });
    emulator.setSdkConfiguration({ applicationAuthorizationRequestsEnabled: true });

    const { location } = await login('');

    expect(location.pathname).toBe('/login');
  });

  it('win over a fallback of Wristband', async () => {
    await start({ fallbackLoginUrl: 'https://by-hand.example/start' });
    emulator.setSdkConfiguration({
      applicationAuthorizationRequestsEnabled: true,
      fallbackLoginUrl: 'https://dashboard.example/start',
    });

    const { location } = await callback('');

    expect(location.href).toBe('https://by-hand.example/start');
  });

  it('are all there is when auto-configuration is off: Wristband is never asked', async () => {
    const loginUrl = 'https://by-hand.example/in';
    await start({ autoConfigureEnabled: false, loginUrl, redirectUri: 'https://by-hand.example/cb' });

    const begun = await login();
    const back = await callback();
    const out = await browser.get(`${app.origin}/api/auth/logout?tenant_name=acme`, { redirect: 'manual' });

    expect(begun.location.searchParams.get('redirect_uri')).toBe('https://by-hand.example/cb');
    expect(begun.location.host).toBe(`acme-${emulator.vanityDomain}`);
    expect(back.location.href).toBe(`${loginUrl}?tenant_name=acme`);
    expect(out.status).toBe(302);
    expect(emulator.calls).toEqual([]);
  });
});

describe('values that Wristband tells', () => {
  it('are the login page of the application', async () => {
    await start();
    emulator.setApplication({ customApplicationLoginPageUrl: 'https://find.example/tenant?lang=en' });

    const { location } = await login('return_url=/orders');

    expect(location.origin + location.pathname).toBe('https://find.example/tenant');
    expect(Object.fromEntries(location.searchParams)).toEqual({
      lang: 'en',
      client_id: emulator.clientId,
      state: '/orders',
    });
  });

  it('are the root domain, so the tenant comes from the subdomain', async () => {
    await start();
    emulator.setSdkConfiguration({
      loginUrl: 'http://{tenant_name}.localhost/in',
      redirectUri: 'http://{tenant_name}.localhost/cb',
      loginUrlTenantDomainSuffix: 'localhost',
    });

    const { location } = await login('', app.tenantOrigin('acme'));

    expect(location.host).toBe(`acme.${emulator.vanityDomain}`);
    expect(location.searchParams.get('redirect_uri')).toBe('http://{tenant_name}.localhost/cb');
  });

  it('are the root domain for a loginUrl with a placeholder that is set by hand', async () => {
    await start({ loginUrl: 'http://{tenant_name}.localhost/by-hand' });
    emulator.setSdkConfiguration({
      redirectUri: 'http://{tenant_name}.localhost/cb',
      loginUrlTenantDomainSuffix: 'localhost',
    });

    const { location } = await callback('', app.tenantOrigin('acme'));

    expect(location.href).toBe('http://acme.localhost/by-hand');
  });

  it('are checked together with a placeholder that is set by hand', async () => {
    await start({ loginUrl: 'http://{tenant_name}.localhost/by-hand' });

    expect(await problemsOfDiscover()).toEqual(['loginUrl']);
  });

  it.each([null, '', undefined])('are defaults when they are %j', async (absent) => {
    await start();
    emulator.setSdkConfiguration({
      customApplicationLoginPageUrl: absent,
      isApplicationCustomDomainActive: absent,
      loginUrlTenantDomainSuffix: absent,
      applicationAuthorizationRequestsEnabled: absent,
      fallbackLoginUrl: absent,
    });

    const withTenant = await login();
    const withoutTenant = await login('');

    expect(withTenant.location.host).toBe(`acme-${emulator.vanityDomain}`);
    expect(withoutTenant.location.host + withoutTenant.location.pathname).toBe(
      `${emulator.vanityDomain}/login`,
    );
  });
});

describe('sign-ins at application level', () => {
  it('begin without a tenant, with a login state, on the vanity domain', async () => {
    await start();
    emulator.setSdkConfiguration({ applicationAuthorizationRequestsEnabled: true });

    const { location, setCookies } = await login('return_url=/orders');

    expect(location.host).toBe(emulator.vanityDomain);
    expect(location.pathname).toBe('/api/v1/oauth2/authorize');
    expect(location.searchParams.get('code_challenge_method')).toBe('S256');
    expect(setCookies).toHaveLength(1);
  });

  it('do not care for the login page of the application', async () => {
    await start();
    emulator.setSdkConfiguration({
      applicationAuthorizationRequestsEnabled: true,
      customApplicationLoginPageUrl: 'https://find.example/tenant',
    });

    expect((await login('')).location.host).toBe(emulator.vanityDomain);
  });

  it('begin at the tenant when it is known', async () => {
    await start();
    emulator.setSdkConfiguration({ applicationAuthorizationRequestsEnabled: true });

    expect((await login()).location.host).toBe(`acme.${emulator.vanityDomain}`);
  });

  it('end in a session of the tenant that was found, with the deep link', async () => {
    await start();
    emulator.setSdkConfiguration({ applicationAuthorizationRequestsEnabled: true });
    const question = await browser.get(`${app.origin}/api/auth/login?return_url=/api/auth/session?deep`);

    const loginPage = await submitDiscovery(browser, question, grace().email);
    const landed = await submitPassword(browser, loginPage, grace());

    expect(landed.url).toBe(`${app.origin}/api/auth/session?deep`);
    expect(landed.json()).toMatchObject({ tenantId: 'tenant-acme', metadata: { tenantName: 'acme' } });
  });

  it('end in a session on the subdomain of the tenant that was found', async () => {
    await start();
    const root = `app.localhost:${app.port}`;
    emulator.setApplication({
      loginUrl: `http://{tenant_name}.${root}/api/auth/login`,
      redirectUris: [`http://{tenant_name}.${root}/api/auth/callback`],
      rootDomain: 'app.localhost',
    });
    emulator.setSdkConfiguration({
      applicationAuthorizationRequestsEnabled: true,
      fallbackLoginUrl: `http://${root}/api/auth/login`,
    });
    const question = await browser.get(`http://${root}/api/auth/login`);

    const loginPage = await submitDiscovery(browser, question, grace().email);
    const landed = await submitPassword(browser, loginPage, grace());

    expect(landed.url).toBe(`http://acme.${root}/api/auth/session`);
    expect(landed.json()).toMatchObject({ metadata: { tenantName: 'acme' } });
    expect(await browser.cookies(`http://acme.${root}/`)).toEqual(['session']);
  });

  it('start over at the fallback when the callback tells no tenant', async () => {
    await start();
    emulator.setSdkConfiguration({
      applicationAuthorizationRequestsEnabled: true,
      fallbackLoginUrl: 'https://app.example/start',
    });

    expect((await callback('')).location.href).toBe('https://app.example/start');
  });

  it('start over at the Login Endpoint when there is no fallback', async () => {
    await start();
    emulator.setSdkConfiguration({ applicationAuthorizationRequestsEnabled: true });

    expect((await callback('')).location.href).toBe(`${app.origin}/api/auth/login`);
  });
});
