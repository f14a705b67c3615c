import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SessionOptions } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { CounterController } from '../support/counter.controller.js';
import { signIn, submitPassword } from '../support/sign-in.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

const OLDER_SECRET = 'an-older-secret-for-tests-of-32-or-more-chars';

describePlatforms('session options', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp | undefined;
  beforeAll(async () => {
    emulator = await startWristbandEmulator();
  });
  afterAll(() => emulator.close());
  afterEach(async () => {
    vi.useRealTimers();
    await app?.close();
    app = undefined;
  });

  const start = async (session: Partial<SessionOptions> = {}, port = 0) => {
    await app?.close();
    const options = { session: { secrets: SESSION_SECRET, secure: false, ...session } };
    app = await startTestApp({ emulator, platform, options, controllers: [CounterController], port });
    return app;
  };
  const signInToAcme = (browser: Browser, origin = app!.origin) => {
    emulator.setApplication({ redirectUris: [`${origin}/api/auth/callback`] });
    const grace = emulator.users.find(({ email }) => email === 'grace@acme.example')!;
    return signIn(browser, `${origin}/api/auth/login?tenant_name=acme`, grace);
  };
  const get = (browser: Browser, path: string, headers: Record<string, string> = {}) =>
    browser.get(`${app!.origin}/counter/${path}`, { headers });

  it.each<[options: Partial<SessionOptions>, cookie: RegExp]>([
    [{}, /^session=[\w.-]+; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/],
    [{ cookieName: 'my_session' }, /^my_session=/],
    [{ domain: 'localhost' }, /; Domain=localhost; Path=/],
    [{ path: '/counter' }, /; Path=\/counter; HttpOnly/],
    [{ sameSite: 'Strict' }, /; SameSite=Strict$/],
    [{ sameSite: 'none', secure: true }, /; HttpOnly; Secure; SameSite=None$/],
    [{ secure: true }, /; HttpOnly; Secure; SameSite=Lax$/],
    [
      { cookieName: '__Host-session', secure: true },
      /^__Host-session=[\w.-]+; Max-Age=3600; Path=\/; HttpOnly; Secure/,
    ],
    [{ maxAge: 60 }, /; Max-Age=60; /],
    [{ maxAge: 0 }, /^session=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/],
    [{ absoluteMaxAge: 600 }, /; Max-Age=600; /],
    [{ absoluteMaxAge: null as never }, /; Max-Age=3600; /],
  ])('%j are seen in the cookie', async (options, cookie) => {
    await start(options);

    const { setCookies } = await get(new Browser(), 'up');

    expect(setCookies).toEqual([expect.stringMatching(cookie)]);
  });

  it('repeats domain and path when it removes the cookie', async () => {
    await start({ domain: 'localhost', path: '/counter' });
    const browser = new Browser();
    const {
      setCookies: [line = ''],
    } = await get(browser, 'up');

    const { setCookies } = await get(new Browser(), 'clear', { cookie: line.split(';')[0]! });

    expect(setCookies).toEqual([
      'session=; Max-Age=0; Domain=localhost; Path=/counter; HttpOnly; SameSite=Lax',
      'session=; Max-Age=0; Path=/counter; HttpOnly; SameSite=Lax',
    ]);
  });

  it('does not come back from a cookie of the time before a domain was configured', async () => {
    const session = { enableCsrfProtection: true };
    const browser = new Browser();
    const { port } = await start(session);
    const origin = `http://app.yourapp.localhost:${port}`;
    await signInToAcme(browser, origin);
    await start({ ...session, domain: 'yourapp.localhost' }, port);
    await browser.get(`${origin}/counter/up`);
    const before = await browser.cookies(origin);

    await browser.get(`${origin}/counter/clear`);

    expect(before.toSorted()).toEqual(['CSRF-TOKEN', 'CSRF-TOKEN', 'session', 'session']);
    expect(await browser.cookies(origin)).toEqual([]);
    expect((await browser.get(`${origin}/counter/read`)).json()).toEqual({});
  });

  it('renews the cookie with every request when touchAfter is 0', async () => {
    await start({ touchAfter: 0 });
    const browser = new Browser();
    await get(browser, 'up');

    expect((await get(browser, 'read')).setCookies).toHaveLength(1);
    expect((await get(browser, 'read')).setCookies).toHaveLength(1);
  });

  it('ends a session at its absolute age, however busy it is', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await start({ maxAge: 900, absoluteMaxAge: 3600 });
    const browser = new Browser();
    await get(browser, 'up');

    for (let minute = 10; minute < 60; minute += 10) {
      vi.setSystemTime(Date.now() + 600_000);
      expect((await get(browser, 'read')).json(), `after ${minute} minutes`).toEqual({ count: 1 });
    }
    vi.setSystemTime(Date.now() + 600_000);

    expect((await get(browser, 'read')).json()).toEqual({});
  });

  it('holds shorter limits against cookies that are out already', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await start({ maxAge: 3600 });
    const {
      setCookies: [line = ''],
    } = await get(new Browser(), 'up');
    const cookie = line.split(';')[0]!;
    vi.setSystemTime(Date.now() + 120_000);
    expect((await get(new Browser(), 'read', { cookie })).json()).toEqual({ count: 1 });

    await start({ maxAge: 60 });

    expect((await get(new Browser(), 'read', { cookie })).json()).toEqual({});
  });

  it('holds a new absolute age against cookies that are out already', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await start();
    const browser = new Browser();
    await get(browser, 'up');
    vi.setSystemTime(Date.now() + 120_000);
    await get(browser, 'up');
    const cookie = await browser.jar.getCookieString(app!.origin);

    await start({ absoluteMaxAge: 180 });
    expect((await get(new Browser(), 'read', { cookie })).json()).toEqual({ count: 2 });
    vi.setSystemTime(Date.now() + 60_000);

    expect((await get(new Browser(), 'read', { cookie })).json()).toEqual({});
  });

  it('gives a CSRF token to a session from before the protection was switched on', async () => {
    const browser = new Browser();
    const { origin, port } = await start();
    await signInToAcme(browser);
    await start({ enableCsrfProtection: true }, port);

    const first = await browser.get(`${origin}/api/auth/session`);
    const second = await browser.get(`${origin}/api/auth/session`);

    const { csrfToken } = (await get(browser, 'read')).json();
    expect(csrfToken).toMatch(/^[\w-]{32}$/);
    expect(first.status).toBe(200);
    expect(first.setCookies).toEqual([
      expect.stringMatching(/^session=/),
      expect.stringContaining(`CSRF-TOKEN=${String(csrfToken)}; `),
    ]);
    expect(second.setCookies).toEqual([]);
  });

  it('gives no CSRF token to a session without a sign-in', async () => {
    const browser = new Browser();
    const { port } = await start();
    await get(browser, 'up');
    await start({ enableCsrfProtection: true }, port);

    const response = await get(browser, 'read');

    expect(response.json()).toEqual({ count: 1 });
    expect(response.setCookies).toEqual([]);
  });

  it('has a CSRF cookie of the name and the domain that are chosen', async () => {
    const browser = new Browser();
    const csrf = { csrfCookieName: 'MY-XSRF', csrfCookieDomain: '.yourapp.localhost' };
    const { port } = await start({ enableCsrfProtection: true, ...csrf });

    await signInToAcme(browser, `http://api.yourapp.localhost:${port}`);

    const seenBy = async (host: string) => (await browser.cookies(`http://${host}:${port}`)).toSorted();
    expect(await seenBy('api.yourapp.localhost')).toEqual(['MY-XSRF', 'session']);
    expect(await seenBy('app.yourapp.localhost')).toEqual(['MY-XSRF']);
  });

  it('keeps a browser session open on the server as long as it has no absolute age', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await start({ maxAge: 0 });
    const {
      setCookies: [line = ''],
    } = await get(new Browser(), 'up');
    vi.setSystemTime(Date.now() + 30 * 86_400_000);

    expect((await get(new Browser(), 'read', { cookie: line.split(';')[0]! })).json()).toEqual({ count: 1 });
  });

  it('has the session on the request, under the name of requestProperty, and writes it', async () => {
    await start({ requestProperty: 'wristbandSession' });
    const browser = new Browser();
    await get(browser, 'property/wristbandSession');

    expect((await get(browser, 'property/wristbandSession')).json()).toEqual({ count: 2 });
    expect((await get(browser, 'read')).json()).toEqual({ count: 2 });
    expect((await get(browser, 'property/session')).json()).toEqual({ count: null });
  });

  it('is not on the request yet when middleware runs', async () => {
    const seen: unknown[] = [];
    app = await startTestApp({
      emulator,
      platform,
      controllers: [CounterController],
      configure: (nest) => {
        nest.use((request: { session?: unknown }, _response: unknown, next: () => void) => {
          seen.push(request.session);
          next();
        });
      },
    });

    expect((await get(new Browser(), 'property/session')).json()).toEqual({ count: 1 });
    expect(seen).toEqual([undefined]);
  });

  it('is the same object on the request and in the handler', async () => {
    await start();
    const browser = new Browser();
    await get(browser, 'up');

    expect((await get(browser, 'property/session')).json()).toEqual({ count: 2 });
  });

  it('reads and writes no session for a request with skipSessionHeader', async () => {
    await start({ skipSessionHeader: 'X-Health-Check' });
    const browser = new Browser();
    await get(browser, 'up');

    const skipped = await get(browser, 'up', { 'x-health-check': '1' });

    expect(skipped.json()).toEqual({ count: 1 });
    expect(skipped.setCookies).toEqual([]);
    expect((await get(browser, 'read')).json()).toEqual({ count: 1 });
  });

  describe('secrets', () => {
    it('seal with the newest and open with all; an old session is sealed anew when it is written', async () => {
      await start({ secrets: OLDER_SECRET });
      const {
        setCookies: [line = ''],
      } = await get(new Browser(), 'up');
      const oldCookie = line.split(';')[0]!;

      await start({ secrets: [SESSION_SECRET, OLDER_SECRET] });
      expect((await get(new Browser(), 'read', { cookie: oldCookie })).json()).toEqual({ count: 1 });
      const renewed = (await get(new Browser(), 'up', { cookie: oldCookie })).setCookies[0]!.split(';')[0]!;

      await start({ secrets: SESSION_SECRET });
      expect((await get(new Browser(), 'read', { cookie: renewed })).json()).toEqual({ count: 2 });
      const removed = await get(new Browser(), 'read', { cookie: oldCookie });
      expect(removed.status).toBe(200);
      expect(removed.json()).toEqual({});
    });

    it('may be replaced while a sign-in is under way', async () => {
      const grace = emulator.users.find(({ email }) => email === 'grace@acme.example')!;
      const restart = async (secrets: string | string[], port?: number) => {
        await app?.close();
        const options = { loginStateSecret: secrets, session: { secrets, secure: false } };
        app = await startTestApp({ emulator, platform, options, ...(port !== undefined && { port }) });
        return app;
      };
      const { origin, port } = await restart(OLDER_SECRET);
      const browser = new Browser();
      const loginPage = await browser.get(`${origin}/api/auth/login?tenant_name=acme`);

      await restart([SESSION_SECRET, OLDER_SECRET], port);

      expect((await submitPassword(browser, loginPage, grace)).url).toBe(`${origin}/api/auth/session`);
    });
  });
});

describe('req.session beside another library', () => {
  it('leaves a property alone that something else assigns, and says which option helps', async () => {
    const emulator = await startWristbandEmulator();
    const app = await startTestApp({
      emulator,
      controllers: [CounterController],
      configure: (nest) => {
        nest.use((request: { session?: unknown }, _response: unknown, next: () => void) => {
          // As express-session does: look first, then assign.
          if (request.session === undefined) request.session = { count: 41 };
          next();
        });
      },
    });

    const response = await new Browser().get(`${app.origin}/counter/property/session`);

    expect(response.json()).toEqual({ count: 42 });
    expect(response.setCookies).toEqual([]);
    expect(app.logs.filter((line) => line.includes('requestProperty'))).toHaveLength(1);
    await app.close();
    await emulator.close();
  });
});
