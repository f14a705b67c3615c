import { Controller, Get } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  MemorySessionStore,
  Session,
  type SessionOptions,
  type SessionStore,
  WristbandSessions,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { signedIn } from '../support/bearer-tokens.js';
import { Browser } from '../support/browser.js';
import { CounterController } from '../support/counter.controller.js';
import { ObservedStore } from '../support/observed-store.js';
import { signIn } from '../support/sign-in.js';
import {
  describePlatforms,
  type Platform,
  SESSION_SECRET,
  startTestApp,
  type TestApp,
} from '../support/test-app.js';

const OTHER_SECRET = 'another-session-secret-for-tests-of-32-or-more';

@Controller('slow')
class SlowController {
  static release = () => {};

  /** Changes the session after somebody else had the time to do something. */
  @Get('change')
  async change(@Session() session: Session<{ late: string }>) {
    await new Promise<void>((resolve) => (SlowController.release = resolve));
    session.set('late', 'yes');
    return { ok: true };
  }
}

let emulator: WristbandEmulator;
const apps: TestApp[] = [];
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());
afterEach(async () => {
  vi.useRealTimers();
  emulator.heal();
  for (const app of apps.splice(0)) await app.close();
});

async function start(
  coordinationStore: SessionStore,
  platform: Platform,
  session: Partial<SessionOptions> = {},
): Promise<TestApp> {
  const app = await startTestApp({
    emulator,
    platform,
    controllers: [CounterController, SlowController],
    options: {
      session: { secrets: SESSION_SECRET, secure: false, maxAge: 36_000, coordinationStore, ...session },
    },
  });
  apps.push(app);
  return app;
}

const signInTo = (app: TestApp, browser: Browser) => {
  emulator.setApplication({ redirectUris: [`${app.origin}/api/auth/callback`] });
  const grace = emulator.users.find(({ email }) => email === 'grace@acme.example')!;
  return signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, grace);
};
const cookiesOf = (browser: Browser, { origin }: TestApp) => browser.jar.getCookieString(origin);
const replay = (app: TestApp, path: string, cookie: string) =>
  new Browser().get(`${app.origin}${path}`, { headers: { cookie } });

describePlatforms('sessions in cookies, with a store that two processes share', (platform) => {
  let store: ObservedStore;
  let one: TestApp;
  let two: TestApp;
  let browser: Browser;
  beforeEach(async () => {
    store = new ObservedStore(new MemorySessionStore(), 4);
    one = await start(store, platform);
    two = await start(store, platform);
    browser = new Browser();
  });
  const get = (app: TestApp, path: string) => browser.get(`${app.origin}${path}`);

  it('stay in their cookies, and are looked up once per request', async () => {
    await signInTo(one, browser);
    store.calls.length = 0;
    const { setCookies } = await get(two, '/counter/up');

    expect(setCookies).toEqual([expect.stringMatching(/^session=[\w.-]{300,}; Max-Age=36000/)]);
    expect((await get(one, '/counter/read')).json()).toMatchObject({ count: 1 });
    expect(store.operations()).toEqual(['read', 'read', 'read']);
  });

  it.each(['', 'session=forged', 'sid=other'])('ask the store nothing for the cookies %j', async (cookie) => {
    expect((await replay(one, '/counter/read', cookie)).json()).toEqual({});
    expect(store.operations()).toEqual([]);
  });

  it.each(['/api/auth/logout', '/counter/clear'])('end in both: %s', async (path) => {
    await signInTo(one, browser);
    const cookie = await cookiesOf(browser, one);
    const { setCookies } = await browser.get(`${two.origin}${path}`, { redirect: 'manual' });

    expect(setCookies).toContainEqual(expect.stringMatching(/^session=; Max-Age=0/));
    for (const app of [one, two]) expect((await replay(app, '/api/auth/session', cookie)).status).toBe(401);
  });

  it('end in both when the user signs in anew', async () => {
    await signInTo(one, browser);
    const cookie = await cookiesOf(browser, one);
    emulator.setApplication({ redirectUris: [`${two.origin}/api/auth/callback`] });
    // Wristband still knows the user.
    await get(two, '/api/auth/login?tenant_name=acme');

    for (const app of [one, two]) expect((await replay(app, '/api/auth/session', cookie)).status).toBe(401);
    expect((await get(one, '/api/auth/session')).status).toBe(200);
  });

  it.each(['session', 'user', 'tenant'] as const)('are revoked in both, by %s', async (by) => {
    await signInTo(one, browser);
    const { userId, tenantId } = (await get(one, '/api/auth/session')).json<Record<string, string>>();
    const { id } = (await get(one, '/counter/id')).json<{ id: string }>();
    const cookie = await cookiesOf(browser, one);

    const sessions = two.app.get(WristbandSessions);
    if (by === 'session') await sessions.revokeSession(id);
    if (by === 'user') await sessions.revokeUser(userId!);
    if (by === 'tenant') await sessions.revokeTenant(tenantId!);

    for (const app of [one, two]) expect((await replay(app, '/api/auth/session', cookie)).status).toBe(401);
    const again = new Browser();
    await signInTo(one, again);
    expect((await again.get(`${two.origin}/api/auth/session`)).status).toBe(200);
  });

  it('are revoked in a process that has no new secret yet, and in one that has', async () => {
    const rotated = await start(store, platform, { secrets: [OTHER_SECRET, SESSION_SECRET] });
    for (const [revoking, other] of [
      [rotated, one],
      [one, rotated],
    ] as const) {
      browser = new Browser();
      await signInTo(one, browser);
      const { userId } = (await get(one, '/api/auth/session')).json<{ userId: string }>();
      await revoking.app.get(WristbandSessions).revokeUser(userId);

      expect((await get(other, '/api/auth/session')).status).toBe(401);
    }
  });

  it('do not come back by a slow response, which does not replace the next one either', async () => {
    await signInTo(one, browser);
    const cookie = await cookiesOf(browser, one);
    const slow = replay(one, '/slow/change', cookie);
    await vi.waitFor(() => expect(SlowController.release).not.toBe(undefined), 20_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await get(two, '/counter/clear');
    SlowController.release();

    const { status, setCookies } = await slow;
    expect([status, setCookies]).toEqual([200, []]);
  });

  it('give the store no token, no ID and no user', async () => {
    await signInTo(one, browser);
    const { id } = (await get(one, '/counter/id')).json<{ id: string }>();
    const { userId, tenantId } = (await get(one, '/api/auth/session')).json<Record<string, string>>();
    const { accessToken } = (await get(one, '/api/auth/token')).json<{ accessToken: string }>();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_000_000 });
    const renewed = (await get(one, '/api/auth/token')).json<{ accessToken: string }>().accessToken;
    await get(two, '/counter/clear');
    await two.app.get(WristbandSessions).revokeUser(userId!);

    const seen = JSON.stringify(store.calls);
    expect(store.operations()).toEqual(expect.arrayContaining(['read', 'write', 'lock', 'unlock']));
    expect(renewed).not.toBe(accessToken);
    for (const secret of [id, accessToken, renewed, userId!, tenantId!]) expect(seen).not.toContain(secret);
  });

  describe('when the access token has expired', () => {
    let cookie: string;
    beforeEach(async () => {
      await signInTo(one, browser);
      cookie = await cookiesOf(browser, one);
      emulator.clearCalls();
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_000_000 });
    });
    const tokenOf = async (app: TestApp, from = cookie) =>
      (await replay(app, '/api/auth/token', from)).json<{ accessToken: string }>().accessToken;

    it('renew it once, also for those who come late with the old cookie', async () => {
      emulator.fail('token', { kind: 'delay', ms: 300 });
      const tokens = await Promise.all(
        Array.from({ length: 12 }, (_, index) => tokenOf(index % 2 ? one : two)),
      );
      const late = [await tokenOf(one), await tokenOf(two), await tokenOf(await start(store, platform))];

      expect(new Set([...tokens, ...late]).size).toBe(1);
      expect(tokens[0]).toEqual(expect.any(String));
      expect(emulator.callsTo('token')).toHaveLength(1);
    });

    it('lose no tokens when the store cannot keep them at that moment', async () => {
      store.failing.add('write');
      const token = await tokenOf(one);
      expect(await tokenOf(one)).toBe(token);
      const waiting = tokenOf(two);
      await new Promise((resolve) => setTimeout(resolve, 300));
      store.failing.clear();

      expect(await waiting).toBe(token);
      expect(token).toEqual(expect.any(String));
      expect(emulator.callsTo('token')).toHaveLength(1);
    });

    it('renew it again by the tokens of the first renewal', async () => {
      const first = await tokenOf(one);
      vi.setSystemTime(Date.now() + 3_000_000);
      const second = await tokenOf(two);

      expect(second).not.toBe(first);
      expect(emulator.callsTo('token')).toHaveLength(2);
      expect(await tokenOf(one)).toBe(second);
      expect(emulator.callsTo('token')).toHaveLength(2);
    });

    it('find no tokens of somebody else, wherever these were put in the store', async () => {
      const linus = await signedIn(one, emulator, 'linus@globex.example');
      const other = await cookiesOf(linus, one);
      vi.setSystemTime(Date.now() + 3_000_000);
      store.calls.length = 0;
      const token = await tokenOf(one);
      await tokenOf(one, other);
      const writes = store.calls.filter(({ operation }) => operation === 'write');
      const [from, to] = writes.map(({ values }) => String(values[0])) as [string, string];
      const [record, replaced] = await store.read([from, to]);
      await store.write(to, record!.value, { expected: replaced!.version, ttl: 3600 });

      // A process that did not renew them itself.
      const theirs = await tokenOf(await start(store, platform), other);

      expect(token).toEqual(expect.any(String));
      expect(theirs).not.toBe(token);
    });

    it('are over when Wristband refuses, and their cookies are told so again', async () => {
      emulator.revokeAllGrants();

      for (const app of [one, two]) {
        const response = await replay(app, '/api/auth/token', cookie);
        expect([response.status, response.json().code]).toEqual([401, 'token_refresh_failed']);
        expect(response.setCookies).toEqual([expect.stringMatching(/^session=; Max-Age=0/)]);
      }
    });

    it('stay when Wristband is down', async () => {
      emulator.fail('token', { kind: 'status', status: 500 });
      expect((await replay(one, '/api/auth/token', cookie)).status).toBe(503);
      emulator.heal();

      expect((await replay(two, '/api/auth/token', cookie)).status).toBe(200);
    });
  });

  describe('when the store is down', () => {
    beforeEach(() => signInTo(one, browser));

    it('are 503, while visitors are served, and nobody is signed out', async () => {
      store.failing.add('read');
      const response = await get(one, '/api/auth/session');
      const { status, headers, setCookies } = response;
      expect([status, headers['retry-after'], setCookies]).toEqual([503, '1', []]);
      expect(response.json().code).toBe('session_store_unavailable');
      expect((await new Browser().get(`${one.origin}/counter/up`)).json()).toEqual({ count: 1 });
      store.failing.clear();

      expect((await get(two, '/api/auth/session')).status).toBe(200);
    });

    it('do not pretend that they have ended', async () => {
      store.failing.add('write');
      const { status, setCookies } = await get(one, '/counter/clear');
      store.failing.clear();

      expect([status, setCookies]).toEqual([503, []]);
      for (const app of [one, two]) expect((await get(app, '/api/auth/session')).status).toBe(200);
    });

    it('are written all the same when it goes down during the request', async () => {
      const slow = get(one, '/slow/change');
      await new Promise((resolve) => setTimeout(resolve, 100));
      store.failing.add('read');
      SlowController.release();

      expect((await slow).setCookies).toEqual([expect.stringMatching(/^session=/)]);
    });
  });
});
