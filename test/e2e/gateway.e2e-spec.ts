import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { lastCallback } from '../support/auth.controller.js';
import { Browser } from '../support/browser.js';
import { CounterController } from '../support/counter.controller.js';
import { GuardedGateway, OpenGateway, RolesGateway } from '../support/gateway.js';
import { signIn } from '../support/sign-in.js';
import { describeSockets, type Socket } from '../support/sockets.js';
import { optionsFor, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

const ADMIN = { id: 'role-1', name: 'app:billing:admin', displayName: 'Billing' };
const TRUSTED = 'https://trusted.example';
/** Seconds. */
const LIFETIME = 1800;
const MAX_AGE = 7200;

let emulator: WristbandEmulator;
let app: TestApp;
let browser: Browser;
let sockets: Socket[] = [];

/** Only the clock: timers, and so every time-out, run on as usual. */
function advanceClock(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}

async function signInAs(email = 'ada@acme.example'): Promise<void> {
  browser = new Browser();
  const user = emulator.users.find((one) => one.email === email)!;
  await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, user);
  emulator.clearCalls();
}

async function handshake(origin: string = app.origin): Promise<Record<string, string>> {
  return { cookie: await browser.jar.getCookieString(app.origin), origin };
}

const refusal = (code: string) => ({ event: 'exception', data: expect.objectContaining({ code }) });

describeSockets('a gateway', (kind, platform) => {
  beforeAll(async () => {
    emulator = await startWristbandEmulator({
      accessTokenTtl: LIFETIME,
      users: [
        { email: 'grace@acme.example', password: 'password', tenant: 'acme', roles: [ADMIN] },
        { email: 'ada@acme.example', password: 'password', tenant: 'acme' },
      ],
    });
    const options = {
      ...optionsFor(emulator),
      http: { timeout: 5000 },
      authStrategies: ['SESSION', 'JWT'] as const,
      scopes: ['openid', 'offline_access', 'email', 'roles'],
      trustedOrigins: [TRUSTED],
      session: { secrets: SESSION_SECRET, secure: false, enableCsrfProtection: true, maxAge: MAX_AGE },
    };
    app = await startTestApp({
      emulator,
      platform,
      options,
      providers: [GuardedGateway, OpenGateway, RolesGateway],
      controllers: [CounterController],
      configure: (nest) => void nest.useWebSocketAdapter(kind.adapter(nest)),
    });
  });
  beforeEach(() => signInAs());
  afterEach(() => {
    vi.useRealTimers();
    for (const socket of sockets) socket.close();
    sockets = [];
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  const open = async (headers: Record<string, string>, path = '/guarded') => {
    const socket = await kind.open(app.origin, path, headers);
    sockets.push(socket);
    return socket;
  };

  it('lets nobody in who is not signed in', async () => {
    const socket = await open({ origin: app.origin });

    await expect(socket.refusal).resolves.toBe('not_authenticated');
  });

  it('knows who opened the socket, and with which tenant', async () => {
    const { userInfo, accessToken } = lastCallback.data!;
    const socket = await open(await handshake());

    expect(await socket.ask('me')).toEqual({ event: 'me', data: { userId: userInfo.userId, accessToken } });
    expect(await socket.ask('read')).toEqual({
      event: 'read',
      data: { tenantName: 'acme', userId: userInfo.userId, count: 0 },
    });
  });

  it.each(['https://evil.example', 'null', 'http://localhost:1'])(
    'refuses a page of %s, which comes with the cookie of the user',
    async (origin) => {
      const socket = await open(await handshake(origin));

      await expect(socket.refusal).resolves.toBe('csrf_failed');
    },
  );

  it('does not believe a page of a foreign site whatever else is in the handshake', async () => {
    const headers = await handshake('https://evil.example');

    const socket = await open({ ...headers, 'sec-fetch-site': 'same-origin' });

    await expect(socket.refusal).resolves.toBe('csrf_failed');
  });

  it('lets trusted origins in, and programs, which name none', async () => {
    const trusted = await open(await handshake(TRUSTED));
    const { cookie } = await handshake();
    const program = await open({ cookie: cookie! });

    expect((await trusted.ask('me')).event).toBe('me');
    expect((await program.ask('me')).event).toBe('me');
  });

  it('asks for roles', async () => {
    const ada = await open(await handshake());
    await signInAs('grace@acme.example');
    const grace = await open(await handshake());

    expect(await ada.ask('bills')).toEqual(refusal('insufficient_role'));
    expect(await grace.ask('bills')).toEqual({ event: 'bills', data: 'many' });
  });

  it('asks for roles with every message, whoever the user was once', async () => {
    await signInAs('grace@acme.example');
    const grace = await open(await handshake(), '/roles');
    const nobody = await open({ origin: app.origin }, '/roles');
    expect(await grace.ask('bills')).toEqual({ event: 'bills', data: 'many' });

    advanceClock(MAX_AGE + 1);

    expect(await grace.ask('bills')).toEqual(refusal('not_authenticated'));
    expect(await grace.ask('bills')).toEqual(refusal('not_authenticated'));
    expect(await nobody.ask('bills')).toEqual(refusal('not_authenticated'));
  });

  it.each(['assign', 'set', 'remove', 'clear', 'save'])(
    'says that a session cannot be changed on a socket: %s',
    async (how) => {
      const socket = await open(await handshake());

      expect(await socket.ask('write', how)).toMatchObject({ data: { code: 'session_read_only' } });
      expect(await socket.ask('read')).toMatchObject({
        event: 'read',
        data: { count: 0, tenantName: 'acme' },
      });
    },
  );

  it('takes a bearer token of the handshake, for as long as it is good', async () => {
    const { userInfo, accessToken } = lastCallback.data!;
    const socket = await open({ authorization: `Bearer ${accessToken}` });
    const bad = await open({ authorization: `Bearer ${accessToken}x` });

    expect(await socket.ask('token')).toEqual({ event: 'token', data: userInfo.userId });
    expect(await socket.ask('me')).toEqual({ event: 'me', data: { userId: userInfo.userId, accessToken } });
    await expect(bad.refusal).resolves.toBe('invalid_token');

    advanceClock(LIFETIME + 60);

    expect(await socket.ask('me')).toEqual(refusal('invalid_token'));
  });

  it('says with the next message that the session has ended by its idle limit', async () => {
    const socket = await open(await handshake());
    expect((await socket.ask('me')).event).toBe('me');

    advanceClock(MAX_AGE + 1);

    expect(await socket.ask('me')).toEqual({
      event: 'exception',
      data: { statusCode: 401, error: 'Unauthorized', message: 'Sign in first', code: 'not_authenticated' },
    });
    expect(await socket.ask('visitor')).toEqual({ event: 'visitor', data: 'a visitor' });
    expect(await socket.ask('open')).toEqual({ event: 'open', data: 'open' });
  });

  it('says with the next message that the user has signed out', async () => {
    const socket = await open(await handshake());
    expect((await socket.ask('me')).event).toBe('me');

    await browser.get(`${app.origin}/api/auth/logout`, { redirect: 'manual' });

    expect(await socket.ask('me')).toEqual(refusal('not_authenticated'));
  });

  it('never spends the refresh token, and goes on when an HTTP request has', async () => {
    const { accessToken } = lastCallback.data!;
    const socket = await open(await handshake());
    advanceClock(LIFETIME + 1);

    const expired = await socket.ask('me');
    const callsOfSocket = emulator.calls.length;
    const renewed = (await browser.get(`${app.origin}/api/auth/token`)).json();
    const goesOn = await socket.ask('me');

    expect(expired).toEqual(refusal('not_authenticated'));
    expect(callsOfSocket).toBe(0);
    expect(renewed.accessToken).not.toBe(accessToken);
    expect(goesOn).toMatchObject({ event: 'me', data: { accessToken: renewed.accessToken } });
    expect(emulator.callsTo('token')).toHaveLength(1);
  });

  it('goes on after garbage', async () => {
    const socket = await open(await handshake());

    socket.sendGarbage();

    const next = kind.name === 'ws' ? socket : await open(await handshake());
    expect((await next.ask('echo', 'still there')).data).toBe('still there');
  });

  it('guards its messages also when it lets everybody in', async () => {
    const nobody = await open({ origin: app.origin }, '/open');
    const somebody = await open(await handshake(), '/open');

    expect(await nobody.ask('open')).toEqual({ event: 'open', data: 'open' });
    expect(await nobody.ask('me')).toEqual(refusal('not_authenticated'));
    if (kind.name === 'ws') {
      // This kind of socket does not know who opened it.
      const message = expect.stringContaining('call authenticateSocket(client, request) in handleConnection');
      const told = {
        event: 'exception',
        data: expect.objectContaining({ code: 'not_authenticated', message }),
      };
      for (const event of ['me', 'bills', 'visitor']) expect(await somebody.ask(event)).toEqual(told);
    } else {
      expect((await somebody.ask('me')).event).toBe('me');
      expect(await nobody.ask('visitor')).toEqual({ event: 'visitor', data: 'a visitor' });
    }
  });
});
