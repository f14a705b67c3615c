import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { sendBytes } from '../support/raw-http.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let emulator: WristbandEmulator;
let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  emulator = await startWristbandEmulator();
  app = await startTestApp({ emulator });
});
afterAll(async () => {
  await app.close();
  await emulator.close();
});
beforeEach(() => {
  browser = new Browser();
});

describe('sign-up at the emulator', () => {
  const account = { email: 'mary@initech.example', password: 'secret', given_name: 'Mary' };
  const signupUrl = (query = '') => `${emulator.origin}/signup${query}`;

  it('makes a tenant and its first user, and ends at the Login Endpoint with the state', async () => {
    const url = signupUrl(`?client_id=${emulator.clientId}&state=a%26b`);
    expect((await browser.get(url)).text).toContain('name="company"');

    const form = { ...account, company: 'Inîtech & Söhne GmbH' };
    const submitted = await browser.submit(url, form, { redirect: 'manual' });

    expect(submitted.status).toBe(302);
    expect(submitted.location.href).toBe(
      `${app.origin}/api/auth/login?tenant_name=initech-sohne-gmbh&state=a%26b`,
    );
    const loginPage = await browser.get(submitted.location.href);
    expect(loginPage.text).toContain('Log in to Inîtech &#38; Söhne GmbH');
    await browser.submit(loginPage.url, account);
    const session = await browser.get(`${app.origin}/api/auth/session`);
    expect(session.json()).toMatchObject({ tenantId: 'tenant-initech-sohne-gmbh' });
    expect(emulator.users).toContainEqual(
      expect.objectContaining({
        email: 'mary@initech.example',
        givenName: 'Mary',
        roles: [expect.objectContaining({ name: 'app:emulator:admin' })],
      }),
    );
    expect(emulator.callsTo('signup').map(({ method, status }) => [method, status])).toEqual([
      ['GET', 200],
      ['POST', 302],
    ]);
  });

  it('adds a user to the tenant of its host, also without a query', async () => {
    const url = `http://acme.${emulator.vanityDomain}/signup`;
    expect((await browser.get(url)).text).not.toContain('name="company"');

    const submitted = await browser.submit(url, account, { redirect: 'manual' });

    expect(submitted.location.href).toBe(`${app.origin}/api/auth/login?tenant_name=acme`);
    const loginPage = await browser.get(submitted.location.href);
    await browser.submit(loginPage.url, account);
    const session = await browser.get(`${app.origin}/api/auth/session`);
    expect(session.json()).toMatchObject({ tenantId: 'tenant-acme' });
  });

  it.each([
    ['an account that exists', { email: 'Grace@acme.example', company: '' }, 'acme.', 'already'],
    ['a company that exists', { company: 'ACME' }, '', 'already'],
    ['a company whose name is no tenant name', { company: '<b>' }, '', 'at least 3'],
    ['an address that is none', { company: 'New', email: '<b>' }, '', 'e-mail'],
    ['no password', { company: 'New', password: '' }, '', 'password'],
  ])('rejects %s, and keeps what was typed', async (_, fields, subdomain, message) => {
    const url = `http://${subdomain}${emulator.vanityDomain}/signup`;
    const before = [emulator.users.length, emulator.tenants.length];

    const { status, text } = await browser.submit(url, { ...account, ...fields });

    expect(status).toBe(422);
    expect(text).toContain(message);
    expect(text).toContain('value="Mary"');
    expect(text).not.toContain('<b>');
    expect([emulator.users.length, emulator.tenants.length]).toEqual(before);
  });

  it('rejects a client that it does not know', async () => {
    expect((await browser.get(signupUrl('?client_id=other'))).status).toBe(400);
  });

  it('is linked from the login pages', async () => {
    const discovery = await browser.get(`${app.origin}/api/auth/login`);
    const login = await browser.get(`${app.origin}/api/auth/login?tenant_name=acme`);

    for (const { text, url } of [discovery, login]) {
      const [, path = ''] = /href="(\/signup[^"]*)"/.exec(text) ?? [];
      expect((await browser.get(new URL(path, url).href)).status).toBe(200);
    }
  });
});

describe('the hosts of the emulator', () => {
  const get = (host: string | undefined, { origin } = emulator) =>
    sendBytes(
      Number(new URL(origin).port),
      `GET /login?client_id=${emulator.clientId} HTTP/1.${host === undefined ? 0 : 1}\r\n${
        host === undefined ? '' : `Host: ${host}\r\n`
      }Connection: close\r\n\r\n`,
    );

  it.each(['localhost', '127.0.0.1', '[::1]', '127.0.0.1:1', 'LOCALHOST:80'])('include %s', async (host) => {
    expect((await get(host)).status).toBe(200);
  });

  it.each([
    'rebound.example',
    'acme.evil.example',
    'localhost.evil.example',
    'localhost@evil.example',
    '',
    undefined,
  ])('do not include %s, which a page of a foreign site may have as its name', async (host) => {
    const { status, body } = await get(host);

    expect(status).toBe(421);
    expect(body).not.toMatch(/acme|ada@|name="email"/);
  });

  it('include the vanity host and the custom domains that its options name', async () => {
    const own = await startWristbandEmulator({
      vanityHost: 'auth.test',
      tenants: [{ name: 'acme', customDomain: 'login.acme.test' }],
    });
    onTestFinished(() => own.close());

    expect((await get('auth.test', own)).status).toBe(200);
    expect((await get('login.acme.test:80', own)).status).toBe(302);
    expect((await get('acme-auth.test', own)).status).not.toBe(421);
    expect((await get('other.test', own)).status).toBe(421);
  });
});
