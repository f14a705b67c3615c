import expressSession from 'express-session';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { fromExpressSessionStore, WristbandSessions } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { signedIn } from '../support/bearer-tokens.js';
import { Browser } from '../support/browser.js';
import { CounterController } from '../support/counter.controller.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

let emulator: WristbandEmulator;
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());

describePlatforms('a session in a store of express-session', (platform) => {
  let memory: expressSession.MemoryStore;
  let app: TestApp;
  let browser: Browser;
  beforeEach(async () => {
    memory = new expressSession.MemoryStore();
    const store = fromExpressSessionStore(memory, { timeout: 1500 });
    app = await startTestApp({
      emulator,
      platform,
      controllers: [CounterController],
      options: { session: { secrets: SESSION_SECRET, secure: false, store, maxAge: 36_000 } },
    });
    browser = await signedIn(app, emulator);
  });
  afterEach(async () => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    await app.close();
  });
  const get = (path: string, from = browser) => from.get(`${app.origin}${path}`, { redirect: 'manual' });
  const kept = async () => {
    const cookie = await browser.jar.getCookieString(app.origin);
    return async () =>
      (await new Browser().get(`${app.origin}/api/auth/session`, { headers: { cookie } })).status;
  };

  it('keeps what parallel requests change', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `field${index}`);
    await Promise.all(names.map((name) => get(`/counter/set/${name}?value=${name}`)));

    const fields = (await get('/counter/read')).json();
    expect(names.filter((name) => fields[name] !== name)).toEqual([]);
  });

  it('renews an expired access token once', async () => {
    emulator.clearCalls();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_000_000 });

    const answers = await Promise.all(Array.from({ length: 6 }, () => get('/api/auth/token')));

    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(emulator.callsTo('token')).toHaveLength(1);
  });

  it('is over after a logout, and after a revocation of its tenant', async () => {
    const first = await kept();
    await get('/api/auth/logout');
    browser = await signedIn(app, emulator);
    const second = await kept();
    expect([await first(), await second()]).toEqual([401, 200]);

    await app.app.get(WristbandSessions).revokeTenant('tenant-acme');

    expect(await second()).toBe(401);
  });

  it.each<[string, (...values: unknown[]) => unknown]>([
    ['never answers', () => undefined],
    [
      'throws',
      () => {
        throw new Error('no connection');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no connection'))],
    ['fails', (...values) => (values.at(-1) as (error: Error) => void)(new Error('no connection'))],
  ])('is 503 and stays while the store %s', async (_, answer) => {
    const isKept = await kept();
    const failing = (['get', 'set', 'touch', 'destroy'] as const).map((name) =>
      vi.spyOn(memory, name).mockImplementation(answer as never),
    );

    for (const path of ['/api/auth/session', '/counter/up', '/api/auth/logout']) {
      const response = await get(path);
      expect([path, response.status, response.setCookies]).toEqual([path, 503, []]);
    }
    for (const spy of failing) spy.mockRestore();
    expect(await isKept()).toBe(200);
  });
});
