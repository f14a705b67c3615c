import {
  Body,
  Controller,
  Get,
  type INestApplication,
  type ModuleMetadata,
  Post,
  type Type,
  UseGuards,
} from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  MemorySessionStore,
  Public,
  Session,
  SessionAuthGuard,
  type SessionOptions,
} from '../../lib/index.js';
import { signInAs, startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser, type BrowserOptions, type BrowserResponse } from './browser.js';
import { signIn } from './sign-in.js';
import { type Platform, SESSION_SECRET, startTestApp, type TestApp } from './test-app.js';

interface CartSession {
  cart: string[];
}

/** What applications do with a session. Texts, since neighbours change the shape of objects. */
@Controller('visit')
@UseGuards(SessionAuthGuard)
export class VisitController {
  @Get('home')
  @Public()
  home() {
    return 'at home';
  }

  @Get('cart')
  cart(@Session() session: Session<CartSession>) {
    return text(session);
  }

  /** For neighbours that answer every GET from a cache. */
  @Post('cart/read')
  read(@Session() session: Session<CartSession>) {
    return text(session);
  }

  @Post('cart')
  add(@Session() session: Session<CartSession>, @Body() { item }: { item: string }) {
    session.cart = [...session.get('cart', []), item];
    return text(session);
  }
}

function text({ userId, cart = [] }: Session<CartSession>): string {
  return `${userId}: ${cart.join(' and ') || 'nothing'}`;
}

/** An application with something beside the library. */
export interface Neighbour {
  readonly title: string;
  /** @default both */
  readonly platforms?: readonly Platform[];
  /** @default both */
  readonly modes?: readonly Mode[];
  readonly imports?: () => ModuleMetadata['imports'];
  readonly providers?: () => ModuleMetadata['providers'];
  readonly controllers?: Type[];
  readonly adapter?: () => AbstractHttpAdapter;
  readonly configure?: (app: INestApplication, platform: Platform) => void | Promise<void>;
  readonly session?: Partial<SessionOptions>;
  /** What opens the application. */
  readonly browser?: (app: TestApp) => new (options?: BrowserOptions) => Browser;
  readonly requestHeaders?: Readonly<Record<string, string>>;
  /** Where the application is for browsers, if that is not where it listens. */
  readonly mount?: (app: TestApp) => Promise<{ readonly base: string; close(): Promise<void> }>;
  /** Whether every GET of the application comes from a cache. */
  readonly isCached?: boolean;
  /** What else holds beside this neighbour, for a user who is signed in. */
  readonly check?: (visit: Visit) => Promise<void>;
}

type Mode = 'cookie' | 'store';

export interface Visit {
  readonly platform: Platform;
  readonly app: TestApp;
  readonly base: string;
  readonly browser: Browser;
  /** Sends a form with the CSRF token, as a page of the application does. */
  readonly post: (path: string, body?: object) => Promise<BrowserResponse>;
}

/** Walks through each application in both modes and on both platforms: from the sign-in to the end of the session. */
export function describeNeighbours(neighbours: readonly Neighbour[]): void {
  let emulator: WristbandEmulator;
  beforeAll(async () => {
    emulator = await startWristbandEmulator();
  });
  afterAll(() => emulator.close());

  const rows = neighbours.flatMap((neighbour) =>
    (neighbour.platforms ?? (['express', 'fastify'] as const)).flatMap((platform) =>
      (neighbour.modes ?? (['cookie', 'store'] as const)).map((mode) => ({
        ...neighbour,
        neighbour,
        platform,
        mode,
      })),
    ),
  );
  describe('beside', () => {
    it.each(rows)('$title a session lives from sign-in to logout ($platform, $mode)', async (row) => {
      const started = await start(row.neighbour, row.platform, row.mode, emulator);
      try {
        await walk(row.neighbour, started, row.platform, emulator);
      } finally {
        await started.close();
      }
    });
  });
}

async function start(
  neighbour: Neighbour,
  platform: Platform,
  mode: Mode,
  emulator: WristbandEmulator,
): Promise<{ app: TestApp; base: string; close(): Promise<void> }> {
  const store = mode === 'store' ? { store: new MemorySessionStore() } : {};
  const session = { secrets: SESSION_SECRET, secure: false, enableCsrfProtection: true, ...store };
  const app = await startTestApp({
    emulator,
    platform,
    ...(neighbour.adapter && { adapter: neighbour.adapter() }),
    options: { routes: { path: 'api/auth' }, session: { ...session, ...neighbour.session } },
    imports: neighbour.imports?.() ?? [],
    providers: neighbour.providers?.() ?? [],
    controllers: [VisitController, ...(neighbour.controllers ?? [])],
    configure: (nest) => neighbour.configure?.(nest, platform),
  });
  const mounted = await neighbour.mount?.(app);
  const base = mounted?.base ?? app.origin;
  emulator.setApplication({
    loginUrl: `${base}/api/auth/login`,
    redirectUris: [`${base}/api/auth/callback`],
  });
  const close = async () => {
    await mounted?.close();
    await app.close();
  };
  return { app, base, close };
}

async function walk(
  { browser: browserOf = () => Browser, requestHeaders = {}, isCached = false, check }: Neighbour,
  { app, base }: { app: TestApp; base: string },
  platform: Platform,
  emulator: WristbandEmulator,
): Promise<void> {
  const grace = emulator.users.find(({ email }) => email === 'grace@acme.example')!;
  const BrowserType = browserOf(app);
  const browser = new BrowserType({ headers: requestHeaders });
  const post = async (path: string, body: object = {}, headers: Record<string, string> = {}) => {
    const cookies = await browser.jar.getCookies(base);
    const token = cookies.find(({ key }) => key === 'CSRF-TOKEN')?.value ?? '';
    const own = { 'Content-Type': 'application/json', Origin: new URL(base).origin };
    const all = { ...own, 'X-CSRF-TOKEN': token, ...headers };
    return browser.post(`${base}${path}`, { headers: all, body: JSON.stringify(body) });
  };
  const read = async () => (isCached ? post('/visit/cart/read') : browser.get(`${base}/visit/cart`));

  expect((await read()).status, 'signed out').toBe(401);

  const path = new URL(base).pathname.replace(/\/$/, '');
  const login = `${base}/api/auth/login?tenant_name=acme&return_url=${path}/visit/home`;
  const home = await signIn(browser, login, grace);
  expect([home.url, home.status], 'after the sign-in').toEqual([`${base}/visit/home`, 200]);
  expect(home.text).toContain('at home');
  const session = await browser.get(`${base}/api/auth/session`);
  expect(session.json(), 'the Session Endpoint').toMatchObject({ userId: grace.id, tenantId: 'tenant-acme' });
  expect(session.headers['cache-control']).toContain('no-store');
  const token = await browser.get(`${base}/api/auth/token`);
  expect(token.json(), 'the Token Endpoint').toMatchObject({ accessToken: expect.any(String) });

  expect((await post('/visit/cart', { item: 'pen' })).status, 'a POST').toBe(201);
  expect((await post('/visit/cart', { item: 'ink' })).text).toContain(`${grace.id}: pen and ink`);
  const cart = await read();
  expect(cart.text, 'what was written').toContain(`${grace.id}: pen and ink`);
  const foreign = await post('/visit/cart', { item: 'stolen' }, { 'sec-fetch-site': 'cross-site' });
  expect(foreign.status, 'a POST of a foreign page').toBe(403);
  const forged = await post('/visit/cart', { item: 'forged' }, { 'X-CSRF-TOKEN': 'guessed' });
  expect(forged.status, 'a POST without the token').toBe(403);
  const elsewhere = await post('/visit/cart', { item: 'sent' }, { Origin: 'http://evil.localhost' });
  expect(elsewhere.status, 'a POST of a foreign origin').toBe(403);
  expect((await read()).text).toBe(cart.text);

  // The next user is somebody else, and an address is not signed in because another one is.
  const linus = await signInAs(app.app, { user: 'linus@globex.example' });
  const stranger = new BrowserType({ headers: { ...requestHeaders, ...linus.headers } });
  expect((await stranger.get(`${base}/api/auth/session`)).json()).toMatchObject({ userId: linus.userId });
  expect((await new BrowserType().get(`${base}/api/auth/token`)).status, 'a visitor').toBe(401);

  await check?.({ platform, app, base, browser, post });

  const kept = await browser.jar.getCookieString(base);
  const out = await browser.get(`${base}/api/auth/logout`, { redirect: 'manual' });
  expect(out.location.pathname, 'the way out').toBe('/api/v1/logout');
  expect((await read()).status, 'after the logout').toBe(401);
  const replayed = new BrowserType({ headers: { ...requestHeaders, cookie: kept } });
  expect((await replayed.get(`${base}/api/auth/session`)).status, 'a cookie that was kept').toBe(401);
}
