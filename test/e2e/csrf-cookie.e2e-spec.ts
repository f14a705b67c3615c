import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  MemorySessionStore,
  Public,
  SessionAuthGuard,
  type SessionOptions,
  type WristbandModuleExtras,
} from '../../lib/index.js';
import { signInAs, startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { ObservedStore } from '../support/observed-store.js';
import {
  describePlatforms,
  type Platform,
  SESSION_SECRET,
  startTestApp,
  type TestApp,
} from '../support/test-app.js';

@Controller('pages')
@UseGuards(SessionAuthGuard)
class PagesController {
  @Get()
  get() {
    return {};
  }

  @Post()
  post() {
    return {};
  }

  @Get('open')
  @Public()
  open() {
    return {};
  }
}

let emulator: WristbandEmulator;
let app: TestApp;
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterEach(() => app.close());
afterAll(() => emulator.close());

async function start(
  platform: Platform,
  session: Partial<SessionOptions> = {},
  extras: WristbandModuleExtras = {},
): Promise<{ cookies: Map<string, string>; send: Send }> {
  app = await startTestApp({
    emulator,
    platform,
    controllers: [PagesController],
    options: {
      routes: { path: 'api/auth' },
      session: { secrets: SESSION_SECRET, secure: false, enableCsrfProtection: true, ...session },
      ...extras,
    },
  });
  const { headers } = await signInAs(app.app, { user: 'grace@acme.example' });
  const cookies = new Map(headers.cookie!.split('; ').map((pair) => pair.split('=') as [string, string]));
  const send: Send = async (path, without = [], more = '', options = {}) => {
    const kept = [...cookies].filter(([name]) => !without.includes(name)).map((pair) => pair.join('='));
    const cookie = [...kept, ...(more === '' ? [] : [more])].join('; ');
    return new Browser().request(`${app.origin}/${path}`, {
      ...options,
      headers: { cookie, ...options.headers },
    });
  };
  return { cookies, send };
}

type Send = (
  path: string,
  without?: readonly string[],
  more?: string,
  options?: { method?: string; headers?: Record<string, string> },
) => ReturnType<Browser['request']>;

const CSRF = 'CSRF-TOKEN';
const MODES: [string, () => Partial<SessionOptions>][] = [
  ['in the cookie', () => ({})],
  ['in a store', () => ({ store: new MemorySessionStore() })],
  ['in the cookie, with a coordination store', () => ({ coordinationStore: new MemorySessionStore() })],
];

describePlatforms('the CSRF cookie', (platform) => {
  it.each(MODES)('of a session %s is set again where the browser lost it', async (_title, session) => {
    const { cookies, send } = await start(platform, session());
    const line = `${CSRF}=${cookies.get(CSRF)}; Max-Age=3600; Path=/; SameSite=Lax`;

    for (const path of ['api/auth/session', 'api/auth/token', 'pages']) {
      expect([path, (await send(path, [CSRF])).setCookies]).toEqual([path, [line]]);
      const foreign = await send(path, [CSRF], `${CSRF}=of-another-application`);
      expect([path, foreign.setCookies]).toEqual([path, [line]]);
      expect([path, (await send(path)).setCookies]).toEqual([path, []]);
      // Another host of the site has one as well, which no Set-Cookie of this one replaces.
      expect([path, (await send(path, [], `${CSRF}=of-another-host`)).setCookies]).toEqual([path, []]);
    }
    const refused = await send('pages', [CSRF], '', { method: 'POST' });
    expect([refused.status, refused.setCookies]).toEqual([403, [line]]);
    const headers = { 'X-CSRF-TOKEN': cookies.get(CSRF)! };
    expect((await send('pages', [], '', { method: 'POST', headers })).status).toBe(201);
  });

  it('is not set for visitors, on public pages, or for a session that is over', async () => {
    const { send } = await start(platform);

    expect((await send('pages', ['session', CSRF])).setCookies).toEqual([]);
    expect((await send('pages/open', [CSRF])).setCookies).toEqual([]);
    await send('api/auth/logout', [], '', {});
    expect((await send('pages', [CSRF])).setCookies.filter((line) => /^CSRF-TOKEN=[^;]/.test(line))).toEqual(
      [],
    );
  });

  it('is not set where there is no protection', async () => {
    const { send } = await start(platform, { enableCsrfProtection: false });

    expect((await send('pages')).setCookies).toEqual([]);
  });

  it('is set again with its own name and domain, and as long as the browser is open', async () => {
    emulator.setApplication({
      loginUrl: 'http://app.yourapp.localhost/login',
      redirectUris: ['http://app.yourapp.localhost/callback'],
    });
    const { cookies, send } = await start(platform, {
      csrfCookieName: 'MY-XSRF',
      csrfCookieDomain: 'localhost',
      maxAge: 0,
    });

    const { setCookies } = await send('pages', ['MY-XSRF']);

    expect(setCookies).toEqual([`MY-XSRF=${cookies.get('MY-XSRF')}; Domain=localhost; Path=/; SameSite=Lax`]);
  });

  it('costs no write of the session', async () => {
    const store = new ObservedStore(new MemorySessionStore());
    const { send } = await start(platform, { store });
    store.calls.length = 0;

    await send('pages', [CSRF]);

    expect(store.operations()).toEqual(['read']);
  });
});
