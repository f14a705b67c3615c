import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Get, Param, Req, UseInterceptors } from '@nestjs/common';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  MemorySessionStore,
  RedisSessionStore,
  Session,
  SessionInterceptor,
  type SessionOptions,
  type SessionStore,
  WristbandSessions,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { CounterController } from '../support/counter.controller.js';
import { ObservedStore } from '../support/observed-store.js';
import { type RedisServer, startRedis } from '../support/redis.js';
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

  @Get('add/:name')
  async add(@Session() session: Session<Record<string, string>>, @Param('name') name: string) {
    await delay(50);
    session.set(name, name);
    return { ok: true };
  }

  /** Without `@Session()`. */
  @Get('property')
  property(@Req() request: { session: Session }) {
    return { size: request.session.size };
  }

  @Get('loaded')
  @UseInterceptors(SessionInterceptor)
  loaded(@Req() request: { session: Session }) {
    return { size: request.session.size };
  }
}

let redis: RedisServer;
let emulator: WristbandEmulator;
const closing: (() => unknown)[] = [];
beforeAll(async () => {
  redis = await startRedis();
  emulator = await startWristbandEmulator();
});
afterAll(async () => {
  await emulator.close();
  await redis.stop();
});
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closing.splice(0).toReversed()) await close();
});

async function redisStore(): Promise<SessionStore> {
  const client = createClient({ url: redis.url, socket: { reconnectStrategy: () => 50 } });
  await client.on('error', () => undefined).connect();
  closing.push(() => client.destroy());
  return new RedisSessionStore({ client, timeout: 1500 });
}

async function start(
  store: SessionStore,
  session: Partial<SessionOptions> = {},
  platform: Platform = 'express',
): Promise<TestApp> {
  const app = await startTestApp({
    emulator,
    platform,
    controllers: [CounterController, SlowController],
    options: { session: { secrets: SESSION_SECRET, secure: false, store, ...session } },
  });
  closing.push(() => app.close());
  return app;
}

const signInTo = (app: TestApp, browser: Browser) => {
  emulator.setApplication({ redirectUris: [`${app.origin}/api/auth/callback`] });
  const grace = emulator.users.find(({ email }) => email === 'grace@acme.example')!;
  return signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, grace);
};

/** The cookies that a browser would send, for another one to send them too. */
const cookiesOf = (browser: Browser, { origin }: TestApp) => browser.jar.getCookieString(origin);
const replay = (app: TestApp, path: string, cookie: string) =>
  new Browser().get(`${app.origin}${path}`, { headers: { cookie } });

describePlatforms('a session in a store', (platform) => {
  let store: ObservedStore;
  let app: TestApp;
  let browser: Browser;
  const get = (path: string) => browser.get(`${app.origin}${path}`);
  beforeEach(async () => {
    store = new ObservedStore(new MemorySessionStore());
    app = await start(store, {}, platform);
    browser = new Browser();
  });

  it('has a small cookie that holds an ID, and nothing else', async () => {
    const { setCookies } = await get('/counter/up');

    expect(setCookies).toEqual([
      expect.stringMatching(/^sid=[\w.-]{60,300}; Max-Age=3600; Path=\/; HttpOnly/),
    ]);
  });

  it('has no limit of a cookie', async () => {
    expect((await get('/counter/blob/100000')).status).toBe(200);
    expect((await get('/counter/read')).json<{ blob: string }>().blob).toHaveLength(100_000);
  });

  it.each(['', 'sid=forged', 'sid=a..b.c.d', 'session=other'])(
    'does not trouble the store, and sets nothing, for the cookies %j',
    async (cookie) => {
      const response = await replay(app, '/counter/read', cookie);

      expect(response.json()).toEqual({});
      expect(response.setCookies).toEqual([]);
      expect(store.operations()).toEqual([]);
    },
  );

  it('takes a genuine ID that the store does not know for a visitor, and never uses it again', async () => {
    await get('/counter/up');
    const cookie = await cookiesOf(browser, app);
    await get('/counter/clear');
    const { setCookies } = await replay(app, '/counter/read', cookie);
    const before = (await replay(app, '/counter/id', cookie)).json().id;
    const after = (await replay(app, '/counter/id', cookie)).json().id;

    expect(setCookies).toEqual([]);
    expect(before).not.toBe(after);
  });

  it('gives the store no token, no ID and no user', async () => {
    await signInTo(app, browser);
    const { id } = (await get('/counter/id')).json<{ id: string }>();
    const { accessToken } = (await get('/api/auth/token')).json<{ accessToken: string }>();
    const { userId, tenantId } = (await get('/api/auth/session')).json<Record<string, string>>();

    const seen = JSON.stringify(store.calls);

    expect(seen).toContain('tags');
    for (const secret of [id, accessToken, userId!, tenantId!, 'acme']) expect(seen).not.toContain(secret);
  });

  it('is the same with new secrets, while the old one is listed', async () => {
    await get('/counter/up');
    const cookie = await cookiesOf(browser, app);

    const rotated = await start(store, { secrets: [OTHER_SECRET, SESSION_SECRET] }, platform);
    const foreign = await start(store, { secrets: OTHER_SECRET }, platform);

    expect((await replay(rotated, '/counter/up', cookie)).json()).toEqual({ count: 2 });
    expect((await replay(foreign, '/counter/read', cookie)).json()).toEqual({});
    expect((await replay(rotated, '/counter/read', cookie)).json()).toEqual({ count: 2 });
  });

  it('is not begun by a request that has none, by skipSessionHeader', async () => {
    app = await start(store, { skipSessionHeader: 'X-Health-Check' }, platform);
    const headers = { 'x-health-check': '1' };

    expect((await browser.get(`${app.origin}/counter/up`, { headers })).json()).toEqual({ count: 1 });
    expect(store.calls).toEqual([]);
  });

  it('is not read from a record that was put under another key', async () => {
    const thief = new Browser();
    await get('/counter/up');
    await thief.get(`${app.origin}/counter/up`);
    const writes = store.calls.filter(({ operation }) => operation === 'write');
    const [[, value], [key]] = writes.map(({ values }) => values) as [string[], string[]];
    const [record] = await store.read([key!]);
    await store.write(key!, value!, { expected: record!.version, ttl: 60 });

    expect((await thief.get(`${app.origin}/counter/read`)).json()).toEqual({});
  });

  it('tells who asks for it too early what to do', async () => {
    const response = await get('/slow/property');

    expect(response.status).toBe(500);
    expect(response.json()).toMatchObject({
      code: 'session_not_loaded',
      message: expect.stringContaining('@Session()'),
    });
    expect((await get('/slow/loaded')).json()).toEqual({ size: 0 });
  });

  it('is renewed when that is due, and read once per request', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await signInTo(app, browser);
    store.calls.length = 0;
    const early = await get('/api/auth/session');
    vi.setSystemTime(Date.now() + 61_000);
    const due = await get('/api/auth/session');

    expect(early.setCookies).toEqual([]);
    expect(due.setCookies).toEqual([expect.stringMatching(/^sid=.*Max-Age=3600/)]);
    expect(store.operations()).toEqual(['read', 'read', 'touch']);
  });

  it('serves a request whose session cannot be renewed', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await get('/counter/up');
    vi.setSystemTime(Date.now() + 61_000);
    store.failing.add('touch');

    const { status, setCookies } = await get('/counter/read');

    expect([status, setCookies]).toEqual([200, []]);
    expect(app.logs.join()).toContain('was not renewed');
  });

  it('lasts a day without a request when it is one of the browser', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    app = await start(store, { maxAge: 0 }, platform);
    const { setCookies } = await get('/counter/up');
    expect(setCookies).toEqual([expect.stringMatching(/^sid=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/)]);
    vi.setSystemTime(Date.now() + 86_000_000);
    expect((await get('/counter/read')).json()).toEqual({ count: 1 });
    vi.setSystemTime(Date.now() + 86_000_000);
    expect((await get('/counter/read')).json()).toEqual({ count: 1 });
    vi.setSystemTime(Date.now() + 87_000_000);
    expect((await get('/counter/read')).json()).toEqual({});
  });

  it('ends at its absolute age, however busy it is', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    app = await start(store, { absoluteMaxAge: 3600 }, platform);
    await get('/counter/up');
    vi.setSystemTime(Date.now() + 3_000_000);
    expect((await get('/counter/up')).setCookies).toEqual([expect.stringContaining('Max-Age=600;')]);
    vi.setSystemTime(Date.now() + 601_000);
    expect((await get('/counter/read')).json()).toEqual({});
  });

  it('has a new ID after the sign-in, and the old record is gone', async () => {
    await get('/counter/up');
    const before = await cookiesOf(browser, app);
    await signInTo(app, browser);

    expect((await get('/api/auth/session')).status).toBe(200);
    expect((await replay(app, '/counter/read', before)).json()).toEqual({});
    expect(store.operations().filter((operation) => operation === 'delete')).toHaveLength(1);
  });

  it('is 503 and sets no cookie when it cannot be written', async () => {
    store.failing.add('write');
    const response = await get('/counter/up');

    expect(response.status).toBe(503);
    expect(response.headers['retry-after']).toBe('1');
    expect(response.json()).toMatchObject({ code: 'session_store_unavailable', statusCode: 503 });
    expect(response.setCookies).toEqual([]);
    store.failing.clear();
    expect((await get('/counter/up')).json()).toEqual({ count: 1 });
  });

  it('stays when a logout cannot be written, and ends with the next try', async () => {
    await signInTo(app, browser);
    store.failing.add('delete');
    const failed = await browser.get(`${app.origin}/counter/clear`);
    store.failing.clear();
    const still = await get('/api/auth/session');
    const cookie = await cookiesOf(browser, app);
    await get('/counter/clear');

    expect([failed.status, failed.setCookies]).toEqual([503, []]);
    expect(still.status).toBe(200);
    expect((await replay(app, '/api/auth/session', cookie)).status).toBe(401);
  });
});

describe('two processes with one Redis', () => {
  let one: TestApp;
  let two: TestApp;
  let browser: Browser;
  beforeEach(async () => {
    one = await start(await redisStore());
    two = await start(await redisStore(), {}, 'fastify');
    browser = new Browser();
  });

  it('have the same sessions', async () => {
    await browser.get(`${one.origin}/counter/up`);
    const cookie = await cookiesOf(browser, one);

    expect((await replay(two, '/counter/up', cookie)).json()).toEqual({ count: 2 });
    expect((await replay(one, '/counter/read', cookie)).json()).toEqual({ count: 2 });
  });

  it('keep a logout, also against a request that is under way in the other one', async () => {
    await signInTo(one, browser);
    const cookie = await cookiesOf(browser, one);
    const slow = replay(two, '/slow/change', cookie);
    await delay(200);
    const logout = await browser.get(`${one.origin}/api/auth/logout`, { redirect: 'manual' });
    SlowController.release();
    const { status, setCookies } = await slow;

    expect(logout.setCookies).toContainEqual(expect.stringMatching(/^sid=; Max-Age=0/));
    expect([status, setCookies]).toEqual([200, []]);
    for (const app of [one, two]) {
      expect((await replay(app, '/api/auth/session', cookie)).status).toBe(401);
      expect((await replay(app, '/counter/read', cookie)).json()).toEqual({});
    }
  });

  it('keep every field that 20 requests at the same time set', async () => {
    await browser.get(`${one.origin}/counter/up`);
    const cookie = await cookiesOf(browser, one);
    const names = Array.from({ length: 20 }, (_, index) => `field${index}`);

    const responses = await Promise.all(
      names.map((name, index) => replay(index % 2 ? one : two, `/slow/add/${name}`, cookie)),
    );

    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    const read = (await replay(one, '/counter/read', cookie)).json();
    expect(read).toEqual({ count: 1, ...Object.fromEntries(names.map((name) => [name, name])) });
  });

  it.each<['session' | 'user' | 'tenant']>([['session'], ['user'], ['tenant']])(
    'end a session that is revoked in one of them, by %s',
    async (by) => {
      await signInTo(one, browser);
      const { userId, tenantId } = (await browser.get(`${one.origin}/api/auth/session`)).json<
        Record<string, string>
      >();
      const { id } = (await browser.get(`${one.origin}/counter/id`)).json<{ id: string }>();
      const cookie = await cookiesOf(browser, one);
      expect((await replay(two, '/api/auth/session', cookie)).status).toBe(200);

      const sessions = two.app.get(WristbandSessions);
      if (by === 'session') await sessions.revokeSession(id);
      if (by === 'user') await sessions.revokeUser(userId!);
      if (by === 'tenant') await sessions.revokeTenant(tenantId!);

      expect((await replay(one, '/api/auth/session', cookie)).status).toBe(401);
      expect((await replay(two, '/api/auth/session', cookie)).status).toBe(401);
      const again = new Browser();
      await signInTo(one, again);
      expect((await again.get(`${one.origin}/api/auth/session`)).status).toBe(200);
    },
  );
});

describePlatforms('an outage of Redis', (platform) => {
  it.each(['pause', 'stop'] as const)(
    'is 503 for sessions only, and over without a restart: %s',
    async (kind) => {
      const app = await start(await redisStore(), {}, platform);
      const browser = new Browser();
      await signInTo(app, browser);
      await (kind === 'pause' ? redis.pause() : redis.stop());

      const began = Date.now();
      const guarded = await browser.get(`${app.origin}/api/auth/session`);
      const injected = await browser.get(`${app.origin}/counter/read`);
      const took = Date.now() - began;
      const visitor = await new Browser().get(`${app.origin}/counter/read`);
      const stranger = await new Browser().get(`${app.origin}/api/auth/session`);
      await (kind === 'pause' ? redis.resume() : redis.start());

      for (const response of [guarded, injected]) {
        const { status, headers, setCookies } = response;
        expect([status, headers['retry-after'], setCookies]).toEqual([503, '1', []]);
        expect(response.json()).toMatchObject({ code: 'session_store_unavailable' });
      }
      expect(took).toBeLessThan(9000);
      expect([visitor.status, stranger.status]).toEqual([200, 401]);
      const told = app.logs.filter((line) => line.startsWith('The session store could not do read()'));
      expect(told).toEqual([expect.stringMatching(/read\(\): .+/)]);
      await vi.waitFor(
        async () => {
          // A Redis that keeps nothing on disk knows nobody after its end.
          const { status } = await browser.get(`${app.origin}/api/auth/session`);
          expect(status).toBe(kind === 'pause' ? 200 : 401);
        },
        { timeout: 20_000 },
      );
      expect(app.logs.filter((line) => line.includes('The session store answers again'))).toHaveLength(1);
    },
  );
});

describePlatforms('a store that is no good', (platform) => {
  const broken = (read: () => never | Promise<never>) =>
    start(Object.assign(new MemorySessionStore(), { read }), {}, platform);
  const openSession = async (app: TestApp) => {
    const browser = new Browser();
    await browser.get(`${app.origin}/counter/up`);
    return browser.get(`${app.origin}/counter/read`);
  };

  it.each<[string, () => never | Promise<never>, string]>([
    ['throws', () => expect.unreachable('of the store'), 'of the store'],
    ['answers nothing', () => undefined as never, 'as many records as keys'],
    ['answers records without a text', () => [{ version: 1 }] as never, 'as many records as keys'],
    // oxlint-disable-next-line typescript/only-throw-error -- stores of somebody else do
    ['throws what cannot become a text', () => Promise.reject(Object.create(null)), 'it failed: object'],
    ['was never connected', () => Promise.reject(new Error('The client is closed')), 'client is closed'],
  ])('%s: is an outage, and the log says why', async (_, read, reason) => {
    const app = await broken(read);

    expect((await openSession(app)).json()).toMatchObject({ code: 'session_store_unavailable' });
    expect(app.logs.join()).toContain(reason);
  });

  it('never answers: is one too', { timeout: 15_000 }, async () => {
    const app = await broken(() => new Promise<never>(() => undefined));

    expect((await openSession(app)).json()).toMatchObject({ code: 'session_store_unavailable' });
    expect(app.logs.join()).toContain('no answer within 5000 ms');
  });
});

describe('an access token that has expired, in two processes', () => {
  const expired = async (latency = 0, given?: SessionStore) => {
    const store = given ?? (await redisStore());
    const one = await start(store);
    const two = await start(await redisStore(), {}, 'fastify');
    const browser = new Browser();
    await signInTo(one, browser);
    emulator.clearCalls();
    if (latency > 0) emulator.fail('token', { kind: 'delay', ms: latency });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_000_000 });
    return { one, two, store, browser, cookie: await cookiesOf(browser, one) };
  };
  afterEach(() => emulator.heal());

  it('is renewed once, and all get the same', async () => {
    const { one, two, cookie } = await expired(500);

    const responses = await Promise.all(
      Array.from({ length: 12 }, (_, index) => replay(index % 2 ? one : two, '/api/auth/token', cookie)),
    );

    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(responses.map(({ text }) => text)).size).toBe(1);
    expect(emulator.callsTo('token')).toHaveLength(1);
    expect((await replay(two, '/api/auth/token', cookie)).text).toBe(responses[0]!.text);
  });

  it('is renewed by the next one when its holder is gone', async () => {
    const { two, store, cookie } = await expired();
    const locks: string[] = [];
    const lock = store.lock.bind(store);
    vi.spyOn(RedisSessionStore.prototype, 'lock').mockImplementation((key, lease) => {
      locks.push(key);
      // Somebody else was first, and did not live to give it back.
      return locks.length === 1 ? lock(key, 700).then(() => undefined) : lock(key, lease);
    });

    const { status } = await replay(two, '/api/auth/token', cookie);

    expect(status).toBe(200);
    expect(locks.length).toBeGreaterThan(3);
    expect(emulator.callsTo('token')).toHaveLength(1);
  });

  it('is not lost when Redis cannot keep it at that moment', async () => {
    const store = new ObservedStore(await redisStore());
    const { one, two, cookie } = await expired(0, store);
    store.failing.add('write');
    const first = await replay(one, '/api/auth/token', cookie);
    const waiting = replay(two, '/api/auth/token', cookie);
    await delay(300);
    store.failing.clear();

    expect([first.status, (await waiting).status]).toEqual([503, 200]);
    expect((await replay(one, '/api/auth/token', cookie)).text).toBe((await waiting).text);
    expect(emulator.callsTo('token')).toHaveLength(1);
  });

  it('ends the session for both when Wristband refuses', async () => {
    const { one, two, cookie } = await expired();
    emulator.revokeAllGrants();

    const refused = await replay(one, '/api/auth/token', cookie);

    expect(refused.status).toBe(401);
    expect(refused.json()).toMatchObject({ code: 'token_refresh_failed' });
    expect((await replay(two, '/api/auth/token', cookie)).json()).toMatchObject({
      code: 'not_authenticated',
    });
    expect(emulator.callsTo('token')).toHaveLength(1);
  });
});
