import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Header, Post, UseGuards } from '@nestjs/common';
import type { Browser as Chromium, Cookie, Frame, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { Session, SessionAuthGuard, type SessionOptions } from '../../lib/index.js';
import { signInAs, startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { launchChromium } from '../support/chromium.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

@Controller()
@UseGuards(SessionAuthGuard)
class PagesController {
  @Get('page')
  @Header('Content-Type', 'text/html')
  page(@Session() { csrfToken }: Session) {
    return `<!doctype html><form method="post" action="/save"><input type="hidden" name="_csrf" value="${csrfToken}"><button id="save">Save</button></form><a href="/api/auth/logout">Log out</a>`;
  }

  @Post('save')
  @Header('Content-Type', 'text/html')
  save() {
    return '<p id="saved">saved</p>';
  }
}

/** The site around the frame: to browsers `portal.localhost` and `app.localhost` are two sites. */
let portal: Server;
let chromium: Chromium;

beforeAll(async () => {
  chromium = await launchChromium();
  portal = createServer((request, response) => {
    const target = new URL(request.url ?? '/', 'http://portal.localhost').searchParams.get('frame') ?? '';
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><iframe name="app" src="${target}" width="800" height="600"></iframe>`);
  });
  await new Promise<void>((resolve) => portal.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await chromium.close();
  portal.close();
});

describePlatforms('in a frame of a foreign site', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let origin: string;

  async function start(session: Partial<SessionOptions>): Promise<void> {
    emulator = await startWristbandEmulator({ vanityHost: 'auth.localhost' });
    app = await startTestApp({
      emulator,
      platform,
      controllers: [PagesController],
      options: {
        routes: { path: 'api/auth' },
        dangerouslyDisableSecureCookies: false,
        session: { secrets: SESSION_SECRET, enableCsrfProtection: true, ...session },
      },
    });
    origin = `http://app.localhost:${app.port}`;
    emulator.setApplication({
      loginUrl: `${origin}/api/auth/login`,
      redirectUris: [`${origin}/api/auth/callback`],
    });
  }
  afterEach(async () => {
    await app.close();
    await emulator.close();
  });

  /** Signs in inside the frame. */
  async function signIn(page: Page): Promise<Frame> {
    const { port } = portal.address() as AddressInfo;
    const login = `${origin}/api/auth/login?tenant_name=acme&return_url=/page`;
    await page.goto(`http://portal.localhost:${port}/?frame=${encodeURIComponent(login)}`);
    const frame = page.frame('app')!;
    await frame.locator('input[name=email]').fill('grace@acme.example');
    await frame.locator('input[name=password]').fill('password');
    await frame.locator('button[type=submit]').first().click();
    return frame;
  }

  it('users sign in, post a form and sign out, with cookies in partitions', async () => {
    await start({ sameSite: 'none', partitioned: true });
    const context = await chromium.newContext();
    const page = await context.newPage();
    const frame = await signIn(page);
    await frame.locator('#save').click();
    await frame.locator('#saved').waitFor();

    const cookies = (await context.cookies(`${origin}/`)) as (Cookie & { partitionKey?: string })[];
    await frame.goto(`${origin}/page`);
    await frame.locator('a').click();
    await frame.locator('input[name=email]').waitFor();
    const left = await context.cookies(`${origin}/`);

    expect(cookies.map(({ name }) => name).toSorted()).toEqual(['CSRF-TOKEN', 'session', 'sign-in-count']);
    for (const { partitionKey } of cookies) expect(partitionKey).toContain('portal.localhost');
    expect(left.filter(({ name }) => !/^(login#|sign-in-count$)/.test(name))).toEqual([]);
    await context.close();
  });

  it('a browser that blocks third-party cookies keeps no others', async () => {
    await start({ sameSite: 'none' });
    const context = await chromium.newContext();
    const page = await context.newPage();
    await signIn(page);

    await vi.waitFor(
      () =>
        expect(app.events).toContainEqual(
          expect.objectContaining({ type: 'login.failed', reason: 'missing_login_state' }),
        ),
      30_000,
    );
    expect(app.events.map(({ type }) => type)).not.toContain('login.completed');
    await context.close();
  });

  it.each([
    [{ sameSite: 'none' }, 'Secure; SameSite=None', undefined],
    [{ sameSite: 'None', partitioned: true }, 'Secure; Partitioned; SameSite=None', 'Secure; SameSite=None'],
    [{ sameSite: 'strict' }, 'Secure; SameSite=Strict', undefined],
  ] as const)('cookies are written and removed alike: %j', async (session, attributes, before) => {
    await start(session);
    const { headers } = await signInAs(app.app, { user: 'grace@acme.example' });
    const browser = new Browser();
    const ofLogin = session.sameSite === 'strict' ? 'Secure; SameSite=Lax' : attributes;

    const login = await browser.get(`${origin}/api/auth/login?tenant_name=acme`, { redirect: 'manual' });
    const logout = await browser.get(`${origin}/api/auth/logout`, { redirect: 'manual', headers });

    expect(login.setCookies).toEqual([
      expect.stringMatching(new RegExp(`^login#.*; Max-Age=3600; Path=/; HttpOnly; ${ofLogin}$`)),
    ]);
    // Cookies from before the option was set, too.
    const all = [attributes, ...(before === undefined ? [] : [before])];
    expect(logout.setCookies).toEqual([
      ...all.map((one) => `session=; Max-Age=0; Path=/; HttpOnly; ${one}`),
      ...all.map((one) => `CSRF-TOKEN=; Max-Age=0; Path=/; ${one}`),
    ]);
  });
});
