import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { generate } from 'selfsigned';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { launchChromium } from '../support/chromium.js';
import { answers, npmStart, type RunningSample } from '../support/sample.js';

const root = new URL('../..', import.meta.url).pathname;
const PASSWORD = 'password';

let chromium: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  chromium = await launchChromium();
});
afterAll(() => chromium.close());
beforeEach(async () => {
  context = await chromium.newContext({ ignoreHTTPSErrors: true });
  page = await context.newPage();
  page.setDefaultTimeout(60_000);
});
afterEach(() => context.close());

async function typePassword(on: Page, email: string): Promise<void> {
  await on.locator('input[name=email]').fill(email);
  await on.locator('input[name=password]').fill(PASSWORD);
  await on.locator('button[type=submit]').first().click();
}

const textOf = (id: string, on = page) => on.getByTestId(id).textContent();

describe('npm start', () => {
  let sample: RunningSample;
  beforeAll(async () => {
    // What `npm start` runs after the build, which must not replace what other tests load at this moment.
    sample = await npmStart(join(root, 'sample/01-express-app'));
  }, 120_000);
  afterAll(() => sample.pressCtrlC());

  it('prints the address and the test users', () => {
    expect(sample.output()).toContain(sample.origin);
    expect(sample.output()).toContain('ada@example.com');
    expect(sample.output()).toContain(PASSWORD);
  });

  it('signs in by tenant name, serves the protected API and signs out', async () => {
    await page.goto(sample.origin);
    await page.getByTestId('tenant-name').fill('acme');
    await page.keyboard.press('Enter');
    await typePassword(page, 'grace@acme.example');

    await page.getByTestId('load-orders').click();
    await page.getByTestId('orders').getByRole('row').nth(1).waitFor();
    expect(await textOf('user')).toContain('Grace');
    expect(await textOf('tenant')).toMatch(/acme/i);
    expect(await textOf('session-expiry')).toMatch(/in (1 hour|59 min|60 min)/i);
    await page.getByTestId('density').click();
    await page.locator('.compact[data-testid=orders-card]').waitFor();
    expect(await textOf('user')).toContain('Grace');

    await page.getByTestId('sign-out').click();
    await page.locator('input[name=password]').waitFor();
    await page.goto(`http://acme.localhost:${sample.port}/`);
    expect(await page.getByTestId('user').count()).toBe(0);
    // Wristband's own session is over too: it asks for the password again.
    await page.goto(`http://acme.localhost:${sample.port}/api/auth/login`);
    await page.locator('input[name=password]').waitFor();
  });

  it('signs in by tenant subdomain', async () => {
    await page.goto(`http://acme.localhost:${sample.port}/api/auth/login`);
    await typePassword(page, 'grace@acme.example');

    expect(new URL(page.url()).host).toBe(`acme.localhost:${sample.port}`);
    expect(await textOf('tenant')).toMatch(/acme/i);
  });

  it('signs in by discovery, and the deep link survives', async () => {
    await page.goto(`http://globex.localhost:${sample.port}/`);
    const orderLink = await firstOrderOf('globex', 'linus@globex.example');

    await page.goto(`${sample.origin}/api/auth/login?return_url=${encodeURIComponent(orderLink)}`);
    await page.locator('input[name=email]').fill('linus@globex.example');
    await page.keyboard.press('Enter');
    await typePassword(page, 'linus@globex.example');

    expect(page.url()).toBe(`http://globex.localhost:${sample.port}${orderLink}`);
    expect(await page.textContent('body')).toContain(orderLink.split('/').at(-1));
  });

  it('sends a visitor of a deep link to sign in first', async () => {
    const orderLink = await firstOrderOf('globex', 'linus@globex.example');

    await page.goto(`http://globex.localhost:${sample.port}${orderLink}`);
    await typePassword(page, 'linus@globex.example');

    expect(new URL(page.url()).pathname).toBe(orderLink);
  });

  it('lets everybody in where the decorators say so, and nobody else', async () => {
    const answerOf = async (name: string) => {
      await page.getByTestId(`try-${name}`).click();
      const answer = page.getByTestId(`answer-${name}`);
      await answer.waitFor();
      const [head = '', ...body] = ((await answer.textContent()) ?? '').split('\n');
      return { status: Number(head.slice(0, 3)), ...(JSON.parse(body.join('\n')) as object) };
    };
    await page.goto(`http://acme.localhost:${sample.port}/api/auth/login`);
    await typePassword(page, 'ada@example.com');
    await page.getByTestId('access').click();

    const admin = { status: 200, tenantId: 'tenant-acme' };
    expect(await answerOf('session')).toMatchObject({ ...admin, strategy: 'SESSION', tenantName: 'acme' });
    expect(await answerOf('token')).toMatchObject({ ...admin, strategy: 'JWT' });
    expect(await answerOf('either')).toMatchObject({ ...admin, strategy: 'SESSION' });
    expect(await answerOf('admin')).toMatchObject({ ...admin, roles: ['app:emulator:admin'] });
    expect(await answerOf('optional')).toMatchObject({ status: 200, caller: { tenantId: 'tenant-acme' } });
    expect(await answerOf('public')).toMatchObject({ status: 200 });

    await context.clearCookies();
    expect(await answerOf('session')).toMatchObject({ status: 401, code: 'not_authenticated' });
    expect(await answerOf('token')).toMatchObject({ status: 401, code: 'not_authenticated' });
    expect(await answerOf('optional')).toMatchObject({ status: 200, caller: 'nobody' });
    expect(await answerOf('public')).toMatchObject({ status: 200 });
  });

  it('refuses the admin door to who is none, and serves a program with an access token', async () => {
    await page.goto(`http://acme.localhost:${sample.port}/api/auth/login?return_url=/access`);
    await typePassword(page, 'grace@acme.example');

    await page.getByTestId('try-admin').click();
    await page.getByTestId('answer-admin').waitFor();
    expect(await textOf('answer-admin')).toMatch(/^403 [^]*"code": "insufficient_role"/);

    await page.getByTestId('show-curl').click();
    const line = page.getByTestId('curl');
    await line.waitFor();
    const [, authorization = '', url = ''] = /-H "Authorization: (.*)" (\S+)/.exec(
      (await line.textContent()) ?? '',
    )!;
    const answer = await fetch(url.replace('acme.localhost', 'localhost'), { headers: { authorization } });
    expect(await answer.json()).toMatchObject({ strategy: 'JWT', tenantId: 'tenant-acme' });
    const orders = await fetch(`${sample.origin}/api/orders`, { headers: { authorization } });
    expect(await orders.json()).toContainEqual(expect.objectContaining({ tenantId: 'tenant-acme' }));
  });

  it('lets a second tab with its own sign-in land as well', async () => {
    const secondTab = await context.newPage();
    await page.goto(`${sample.origin}/api/auth/login?tenant_name=acme`);
    await secondTab.goto(`${sample.origin}/api/auth/login?tenant_name=globex`);

    await typePassword(secondTab, 'linus@globex.example');
    await typePassword(page, 'grace@acme.example');

    expect(await textOf('tenant')).toMatch(/acme/i);
    expect(await textOf('tenant', secondTab)).toMatch(/globex/i);
  });

  it('stops cleanly on Ctrl-C', async () => {
    const other = await npmStart(join(root, 'sample/01-express-app'));
    await page.goto(other.origin);
    const wristband = /localhost:(\d+)/g;
    const ports = [...new Set([...other.output().matchAll(wristband)].map(([, port]) => Number(port)))];

    await other.pressCtrlC();

    expect(ports.length).toBeGreaterThanOrEqual(2);
    expect(await answers(other.port)).toBe(false);
    const emulatorPorts = ports.filter(
      (port) => port !== other.port && !sample.output().includes(`localhost:${port}`),
    );
    for (const port of emulatorPorts) expect(await answers(port)).toBe(false);
  });

  /** The path of an order that a user sees, read in a browser context of its own. */
  async function firstOrderOf(tenant: string, email: string): Promise<string> {
    const visitor = await chromium.newContext();
    const tab = await visitor.newPage();
    await tab.goto(`http://${tenant}.localhost:${sample.port}/api/auth/login`);
    await typePassword(tab, email);
    await tab.getByTestId('load-orders').click();
    const href = await tab.getByTestId('orders').getByRole('link').first().getAttribute('href');
    await visitor.close();
    return new URL(href ?? '', sample.origin).pathname;
  }
});

describe('the Fastify sample', () => {
  it('signs in and out', async () => {
    const sample = await npmStart(join(root, 'sample/02-fastify-app'));
    await page.goto(`${sample.origin}/api/auth/login?tenant_name=acme`);
    await typePassword(page, 'grace@acme.example');
    expect(page.url()).toBe(`${sample.origin}/`);
    expect(await page.textContent('body')).toContain('"tenantId":"tenant-acme"');

    await page.goto(`${sample.origin}/api/auth/logout`);
    await page.locator('input[name=password]').waitFor();
    await page.goto(sample.origin);

    expect(await page.textContent('body')).toContain('not_authenticated');
    await sample.pressCtrlC();
  });
});

describe('the sample against a Wristband over TLS', () => {
  let emulator: WristbandEmulator;
  let sample: RunningSample;
  let folder: string;

  beforeAll(async () => {
    const certificate = await generate([{ name: 'commonName', value: 'localhost' }], {
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: 'localhost' },
            { type: 2, value: '*.localhost' },
          ],
        },
      ],
    });
    folder = mkdtempSync(join(tmpdir(), 'wristband-ca-'));
    writeFileSync(join(folder, 'ca.pem'), certificate.cert);
    emulator = await startWristbandEmulator({ tls: { key: certificate.private, cert: certificate.cert } });
    sample = await npmStart(join(root, 'sample/01-express-app'), {
      CLIENT_ID: emulator.clientId,
      CLIENT_SECRET: emulator.clientSecret,
      APPLICATION_VANITY_DOMAIN: emulator.vanityDomain,
      SESSION_SECRET: 'a-session-secret-for-the-tls-test-of-the-sample',
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    });
    // No tenant subdomains this time: one host, the tenant by name.
    emulator.setApplication({
      loginUrl: `${sample.origin}/api/auth/login`,
      redirectUris: [`${sample.origin}/api/auth/callback`],
    });
  }, 120_000);
  afterAll(async () => {
    await sample.pressCtrlC();
    await emulator.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('signs in, serves the protected API, and signs out for good', async () => {
    await page.goto(`${sample.origin}/api/auth/login?tenant_name=acme`);
    expect(page.url()).toMatch(/^https:\/\/acme\.localhost:/);
    await typePassword(page, 'grace@acme.example');
    await page.getByTestId('load-orders').click();
    await page.getByTestId('orders').getByRole('row').nth(1).waitFor();

    await page.getByTestId('sign-out').click();
    await page.locator('input[name=password]').waitFor();

    const refreshToken = emulator.callsTo('revoke')[0]?.form.token;
    expect(emulator.callsTo('revoke')).toHaveLength(1);
    expect(emulator.callsTo('logout')[0]).toMatchObject({ status: 302 });
    expect(await refreshWith(refreshToken!)).toMatchObject({ error: 'invalid_grant' });
  });

  /** Asks for new tokens with a refresh token, as a thief of it would. */
  async function refreshWith(refreshToken: string): Promise<unknown> {
    const { request } = context;
    const basic = Buffer.from(`${emulator.clientId}:${emulator.clientSecret}`).toString('base64');
    const answer = await request.post(`${emulator.origin}/api/v1/oauth2/token`, {
      form: { grant_type: 'refresh_token', refresh_token: refreshToken },
      headers: { Authorization: `Basic ${basic}` },
    });
    return answer.json();
  }
});
