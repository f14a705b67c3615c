import { Controller, Get, Header, UseGuards } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { Browser as Chromium, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CurrentUser, MemorySessionStore, SessionAuthGuard, type SessionOptions } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { userOf } from '../support/bearer-tokens.js';
import { Browser } from '../support/browser.js';
import { launchChromium } from '../support/chromium.js';
import { signIn } from '../support/sign-in.js';
import {
  describePlatforms,
  type Platform,
  SESSION_SECRET,
  startTestApp,
  type TestApp,
  type TestAppOptions,
} from '../support/test-app.js';

@Controller()
class PagesController {
  @Get('profile')
  @UseGuards(SessionAuthGuard)
  @Header('Content-Type', 'text/html')
  profile(@CurrentUser('userId') userId: string) {
    return `<h1>user ${userId}</h1>`;
  }
}

let emulator: WristbandEmulator;
let chromium: Chromium;
let app: TestApp;
beforeAll(async () => {
  emulator = await startWristbandEmulator();
  // Another site than that of Wristband, which is on localhost.
  chromium = await launchChromium('app.test', '*.app.test');
});
afterEach(() => app.close());
afterAll(async () => {
  await chromium.close();
  await emulator.close();
});

interface Setup extends Partial<TestAppOptions> {
  readonly session?: Partial<SessionOptions>;
  readonly endpoints?: 'ready-made' | 'hand-written';
  readonly subdomains?: boolean;
}

async function start(platform: Platform, setup: Setup = {}): Promise<string> {
  const { session, endpoints = 'ready-made', subdomains = false, ...rest } = setup;
  app = await startTestApp({
    emulator,
    platform,
    controllers: [PagesController],
    ...rest,
    options: {
      redirectPagesToLogin: true,
      routes: endpoints === 'ready-made' ? { path: 'api/auth' } : undefined,
      session: { secrets: SESSION_SECRET, secure: false, sameSite: 'strict', ...session },
    },
  });
  const host = `${subdomains ? '{tenant_name}.' : ''}app.test:${app.port}`;
  emulator.setApplication({
    loginUrl: `http://${host}/api/auth/login`,
    redirectUris: [`http://${host}/api/auth/callback`],
    rootDomain: subdomains ? 'app.test' : undefined!,
  });
  return `http://${subdomains ? 'acme.' : ''}app.test:${app.port}`;
}

/** Opens a page in a new window and signs in by hand, typing what the pages of Wristband ask for. */
async function visit(url: string): Promise<Page> {
  const page = await (await chromium.newContext({ javaScriptEnabled: false })).newPage();
  await page.goto(url);
  const { email, password } = userOf(emulator);
  if ((await page.locator('input[name=password]').count()) === 0) {
    await page.locator('input[name=email]').fill(email);
    await page.locator('button[type=submit]').first().click();
    await page.locator('input[name=password]').waitFor();
  }
  await page.locator('input[name=email]').fill(email);
  await page.locator('input[name=password]').fill(password);
  await page.locator('button[type=submit]').first().click();
  return page;
}

describePlatforms('a session cookie of SameSite=Strict', (platform) => {
  it.each<[string, Setup]>([
    ['ready-made endpoints', {}],
    ['endpoints by hand', { endpoints: 'hand-written' }],
    ['a store', { session: { store: new MemorySessionStore() } }],
    [
      'a store and endpoints by hand',
      { endpoints: 'hand-written', session: { store: new MemorySessionStore() } },
    ],
    ['subdomains of tenants', { subdomains: true }],
    ['subdomains and endpoints by hand', { subdomains: true, endpoints: 'hand-written' }],
  ])('reaches the page behind the sign-in: %s, without scripts', async (_title, setup) => {
    const origin = await start(platform, setup);

    const page = await visit(`${origin}/profile`);

    await page.locator('h1', { hasText: `user ${userOf(emulator).id}` }).waitFor();
    expect(page.url()).toBe(`${origin}/profile`);
    const { sameSite } = (await page.context().cookies()).find(({ name }) => /^(session|sid)$/.test(name))!;
    expect(sameSite).toBe('Strict');
    await page.context().close();
  });

  it('leads scripts on by a redirect, as without it', async () => {
    await start(platform);
    emulator.setApplication({
      loginUrl: `${app.origin}/api/auth/login`,
      redirectUris: [`${app.origin}/api/auth/callback`],
    });

    const landed = await signIn(
      new Browser(),
      `${app.origin}/api/auth/login?tenant_name=acme&return_url=/profile`,
      userOf(emulator),
    );

    expect(landed.url).toBe(`${app.origin}/profile`);
  });
});

/** As if the browser dropped the session cookie, but no other one. */
function withoutSession(nest: { use(middleware: unknown): unknown }): void {
  nest.use((_request: unknown, response: ServerResponse, next: () => void) => {
    const isDropped = (value: unknown) => String(value).startsWith('session=');
    const append = response.appendHeader.bind(response);
    const set = response.setHeader.bind(response);
    response.appendHeader = (name, value) => (isDropped(value) ? response : append(name, value));
    response.setHeader = (name, value) =>
      set(name, Array.isArray(value) ? value.filter((one) => !isDropped(one)) : value);
    next();
  });
}

describe('a browser that drops the session cookie', () => {
  it.each<[string, Partial<SessionOptions>]>([
    ['of SameSite=Lax', { sameSite: 'lax' }],
    ['of SameSite=Strict', { sameSite: 'strict' }],
  ])('ends at a page, not in sign-ins without an end: %s', async (_title, session) => {
    const origin = await start('express', { session, subdomains: true, configure: withoutSession });

    const page = await visit(`${origin}/profile`);

    await page.getByRole('heading', { name: 'You could not be signed in' }).waitFor();
    expect(await page.locator('code').textContent()).toBe('sign_in_loop');
    expect(app.events.filter(({ type }) => type === 'login.completed')).toHaveLength(3);
    expect(app.logs.join('\n')).toContain('the page behind them finds no session');
    await page.context().close();
  });
});
