import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WristbandModuleExtras, WristbandOptions } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { userOf } from '../support/bearer-tokens.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { formAction } from '../support/sign-in.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

describePlatforms('an attack on a sign-in', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    // Browsers take cookies that are Secure from http://localhost, so nothing is switched off here.
    app = await startTestApp({
      emulator,
      platform,
      options: {
        routes: { path: 'api/auth' },
        dangerouslyDisableSecureCookies: false,
        session: { secrets: SESSION_SECRET, cookieName: '__Host-session' },
      },
    });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });
  beforeEach(() => emulator.clearCalls());
  afterEach(() => emulator.tamper());

  const loginUrl = (query = '') => `${app.origin}/api/auth/login?tenant_name=acme${query}`;
  const visit = (browser: Browser, url: string, cookie?: string) =>
    browser.get(url, { redirect: 'manual', ...(cookie !== undefined && { headers: { cookie } }) });
  const isSignedIn = async (browser: Browser) =>
    (await browser.get(`${app.origin}/api/auth/session`)).status === 200;

  /** Signs in until the browser is about to come back. */
  async function untilCallback(browser: Browser): Promise<string> {
    const { email, password } = userOf(emulator);
    const action = formAction(await browser.get(loginUrl()));
    let { location } = await browser.submit(action, { email, password }, { redirect: 'manual' });
    while (location.origin !== app.origin) ({ location } = await visit(browser, location.href));
    return location.href;
  }

  function expectNobodySignedIn({ setCookies }: BrowserResponse): void {
    expect(setCookies.filter((line) => /session=[^;]/.test(line))).toEqual([]);
  }

  it('a sibling subdomain that tosses its own login state signs nobody in as the attacker', async () => {
    const attacker = new Browser();
    const callback = await untilCallback(attacker);
    const [own = ''] = (await attacker.jar.getCookieString(app.origin)).match(/__Host-login#[^;]+/) ?? [];
    expect(own).not.toBe('');

    // Only the host itself can set a cookie with the prefix, and without it this is none of ours.
    for (const name of ['login#', '__Secure-login#', '__host-login#', ' login#', '\u00a0__Host-login#']) {
      const tossed = own.replace('__Host-login#', name);
      const response = await visit(new Browser(), callback, tossed);

      expect(response.location.pathname, tossed).toBe('/api/auth/login');
      expectNobodySignedIn(response);
    }
    expect(emulator.callsTo('token')).toHaveLength(0);
    expect((await attacker.get(callback)).status).not.toBe(500);
    expect(await isSignedIn(attacker)).toBe(true);
    expect(await attacker.cookies(app.origin)).toEqual(['__Host-session']);
  });

  it('invented codes reach Wristband once for each sign-in that was started', async () => {
    const browser = new Browser();
    const started = await visit(browser, loginUrl());
    const state = started.location.searchParams.get('state') ?? '';
    const cookie = await browser.jar.getCookieString(app.origin);
    const callback = (code: string) => {
      const query = new URLSearchParams({ state, code, tenant_name: 'acme' });
      return visit(new Browser(), `${app.origin}/api/auth/callback?${query}`, cookie);
    };

    const atOnce = await Promise.all(Array.from({ length: 20 }, (_, index) => callback(`code-${index}`)));
    for (let index = 0; index < 10; index += 1) await callback(`later-${index}`);

    expect(emulator.callsTo('token')).toHaveLength(1);
    expect(new Set(atOnce.map(({ status }) => status))).toEqual(new Set([302]));
    for (const response of atOnce) expectNobodySignedIn(response);
  });

  it('a link to the callback with the code and the state of an attacker signs nobody in', async () => {
    const callback = await untilCallback(new Browser());
    const victim = new Browser();
    await visit(victim, loginUrl());

    const response = await visit(victim, callback);

    expect(response.location.pathname).toBe('/api/auth/login');
    expectNobodySignedIn(response);
    expect(emulator.callsTo('token')).toHaveLength(0);
  });

  it('the code of an attacker in the place of that of the user is not exchanged (PKCE)', async () => {
    const stolen = new URL(await untilCallback(new Browser())).searchParams.get('code')!;
    const victim = new Browser();
    const callback = new URL(await untilCallback(victim));
    callback.searchParams.set('code', stolen);

    const response = await visit(victim, callback.href);

    expect(emulator.callsTo('token').map(({ status }) => status)).toEqual([400]);
    expectNobodySignedIn(response);
  });

  it.each([
    ['another issuer', () => 'https://evil.example'],
    ['the issuer with a slash', () => `${emulator.issuer}/`],
    ['the issuer in capitals', () => emulator.issuer.toUpperCase()],
    ['the host of the tenant', () => `http://acme.${emulator.vanityDomain}`],
  ])('an answer that says it is of %s is not believed (RFC 9207)', async (_title, issuer) => {
    emulator.tamper({ callbackParams: (parameters) => parameters.set('iss', issuer()) });
    const browser = new Browser();

    const response = await visit(browser, await untilCallback(browser));

    expect(response.status).toBe(401);
    expect(response.json()).toMatchObject({ code: 'identity_not_verified' });
    expectNobodySignedIn(response);
    expect(emulator.callsTo('token')).toHaveLength(0);
    expect(await browser.cookies(app.origin)).toEqual([]);
  });

  it('an answer that says it is of two issuers is refused, one of the right issuer is taken', async () => {
    emulator.tamper({ callbackParams: (parameters) => parameters.set('iss', emulator.issuer) });
    const browser = new Browser();
    const callback = await untilCallback(browser);

    expect((await visit(browser, `${callback}&iss=https://evil.example`)).status).toBe(400);
    expect((await visit(browser, callback)).status).toBe(302);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('an error of another issuer does not end as one of Wristband', async () => {
    const browser = new Browser();
    const { location } = await visit(browser, loginUrl());
    const state = location.searchParams.get('state')!;
    const query = new URLSearchParams({ state, error: 'access_denied', iss: 'https://evil.example' });

    const response = await visit(browser, `${app.origin}/api/auth/callback?${query}`);

    expect(response.json()).toMatchObject({ code: 'identity_not_verified' });
  });

  it('a link to the login with OAuth parameters of its own changes nothing in what Wristband is asked', async () => {
    const own = (await visit(new Browser(), loginUrl())).location.searchParams;
    const forged = new URLSearchParams({
      client_id: 'evil',
      redirect_uri: 'https://evil.example/callback',
      response_type: 'token',
      response_mode: 'form_post',
      scope: 'everything',
      nonce: 'known',
      code_challenge: 'known',
      code_challenge_method: 'plain',
      code_verifier: 'known',
      request: 'e30.e30.',
      request_uri: 'https://evil.example/request',
      prompt: 'none',
      max_age: '999999',
    });

    const asked = (await visit(new Browser(), loginUrl(`&${forged}`))).location.searchParams;

    expect([...asked.keys()]).toEqual([...own.keys()]);
    for (const name of ['client_id', 'redirect_uri', 'response_type', 'scope', 'code_challenge_method']) {
      expect(asked.get(name)).toBe(own.get(name));
    }
    for (const name of ['nonce', 'code_challenge', 'state']) expect(asked.get(name)).toMatch(/^[\w-]{43}$/);
  });

  it.each(['POST', 'PUT', 'HEAD'])('a callback by %s signs nobody in', async (method) => {
    const browser = new Browser();
    const callback = await untilCallback(browser);

    const response = await browser.request(callback, { method, redirect: 'manual' });

    expectNobodySignedIn(response);
    expect(emulator.callsTo('token')).toHaveLength(0);
    expect((await visit(browser, callback)).status).toBe(302);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('what is loaded by the page of a failed callback is not told its address, code and state', async () => {
    const browser = new Browser();
    const callback = await untilCallback(browser);
    emulator.fail('userinfo', { kind: 'status', status: 503, headers: { 'retry-after': '60' }, times: 1 });

    const failed = await visit(browser, callback);

    expect(failed.status).toBe(503);
    expect(failed.headers['referrer-policy']).toBe('no-referrer');
  });
});

describe('the cookie of a login state', () => {
  const session = { secrets: SESSION_SECRET, cookieName: '__Host-session' };
  let emulator: WristbandEmulator;
  beforeAll(async () => {
    emulator = await startWristbandEmulator();
  });
  afterAll(() => emulator.close());

  it.each<[title: string, options: Partial<WristbandOptions & WristbandModuleExtras>, cookie: RegExp]>([
    [
      'has the prefix of the session',
      {},
      /^__Host-login#[^;]+; Max-Age=3600; Path=\/; HttpOnly; Secure; Same/,
    ],
    ['has it before the name of the application', { name: 'staff' }, /^__Host-staff-login#/],
    ['has none where the session has none', { session: { secrets: SESSION_SECRET } }, /^login#/],
    [
      'has none over http, where browsers would drop it',
      { dangerouslyDisableSecureCookies: true },
      /^login#/,
    ],
    [
      'has none where it has a domain, and browsers would drop it',
      { parseTenantFromRootDomain: 'app.localhost' },
      /^login#.*; Domain=app.localhost;/,
    ],
  ])('%s', async (_title, options, cookie) => {
    const loginUrl = `http://${options.parseTenantFromRootDomain ? '{tenant_name}.app.' : ''}localhost/login`;
    const app = await startTestApp({
      emulator,
      options: {
        routes: { path: 'api/auth' },
        dangerouslyDisableSecureCookies: false,
        session,
        ...options,
        loginUrl,
        redirectUri: loginUrl.replace('/login', '/callback'),
      },
    });
    emulator.setSdkConfiguration({
      applicationAuthorizationRequestsEnabled: true,
      fallbackLoginUrl: 'http://localhost/login',
    });

    const { setCookies } = await new Browser().get(`${app.origin}/api/auth/login`, { redirect: 'manual' });

    expect(setCookies).toEqual([expect.stringMatching(cookie)]);
    await app.close();
  });
});
