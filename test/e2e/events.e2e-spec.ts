import { channel } from 'node:diagnostics_channel';
import { Controller, Get, Logger, Post, UseGuards } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  MemorySessionStore,
  Public,
  Roles,
  RolesGuard,
  Session,
  SessionAuthGuard,
  WRISTBAND_EVENTS,
  type WristbandEvent,
  type WristbandOptions,
  WristbandSessions,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { CounterController } from '../support/counter.controller.js';
import { signIn } from '../support/sign-in.js';
import { SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

@Controller('orders')
@UseGuards(SessionAuthGuard, RolesGuard)
class OrdersController {
  @Get()
  list() {
    return [];
  }

  @Post()
  create() {}

  @Get('all')
  @Roles(['app:nobody'])
  all() {}

  @Get('expire')
  @Public()
  expire(@Session() session: Session) {
    session.expiresAt = Date.now() - 1000;
  }

  @Get('no-refresh-token')
  @Public()
  forget(@Session() session: Session) {
    session.expiresAt = Date.now() - 1000;
    session.delete('refreshToken');
  }
}

type Sessions = Partial<WristbandOptions['session']>;

const COOKIE: Sessions = {};
const stored = (): Sessions => ({ store: new MemorySessionStore() });
const coordinated = (): Sessions => ({ coordinationStore: new MemorySessionStore() });

let emulator: WristbandEmulator;
const apps: TestApp[] = [];
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());
afterEach(async () => {
  emulator.heal();
  for (const app of apps.splice(0)) await app.close();
});

async function start(session: Sessions = {}, options: Partial<WristbandOptions> = {}): Promise<TestApp> {
  const app = await startTestApp({
    emulator,
    controllers: [OrdersController, CounterController],
    options: { session: { secrets: SESSION_SECRET, secure: false, ...session }, ...options },
  });
  apps.push(app);
  return app;
}

async function signedIn(app: TestApp): Promise<Browser> {
  const browser = new Browser();
  await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, emulator.users[0]!);
  return browser;
}

/** What was told since the last time. */
function told(app: TestApp, ...prefixes: string[]): WristbandEvent[] {
  const events = app.events.splice(0);
  return events.filter(
    ({ type }) => prefixes.length === 0 || prefixes.some((prefix) => type.startsWith(prefix)),
  );
}

const who = () => {
  const { id: userId, tenant } = emulator.users[0]!;
  return { userId, tenantId: emulator.tenants.find(({ name }) => name === tenant)!.id };
};

describe.each<[how: string, sessions: () => Sessions]>([
  ['in a cookie', () => COOKIE],
  ['in a cookie, with other processes', coordinated],
  ['in a store', stored],
])('events of a session %s', (_, sessions) => {
  it('tell of a sign-in, of nothing while it is used, and of the sign-out', async () => {
    const app = await start(sessions());

    const browser = await signedIn(app);
    const signInEvents = told(app);
    const { status } = await browser.get(`${app.origin}/orders`);
    const eventsOfUse = told(app);
    await browser.get(`${app.origin}/api/auth/logout`, { redirect: 'manual' });

    expect(signInEvents).toEqual([
      { type: 'login.started', tenantName: 'acme' },
      { type: 'jwks.fetched', keys: 1, isChanged: true },
      { type: 'login.completed', tenantName: 'acme', ...who() },
      { type: 'session.created', ...who() },
    ]);
    expect([status, eventsOfUse]).toEqual([200, []]);
    const end = { type: 'session.destroyed', reason: 'signed_out', ...who() };
    expect(told(app)).toEqual(expect.arrayContaining([{ type: 'logout.completed' }, end]));
  });

  it('tell of a session that is replaced by a new sign-in', async () => {
    const app = await start(sessions());
    const browser = await signedIn(app);
    told(app);

    await browser.get(`${app.origin}/api/auth/login?tenant_name=acme`);

    expect(told(app, 'session')).toEqual([
      { type: 'session.destroyed', reason: 'replaced', ...who() },
      { type: 'session.created', ...who() },
    ]);
  });

  it('tell of one refresh, and of those that shared it', async () => {
    const app = await start(sessions());
    const browser = await signedIn(app);
    await browser.get(`${app.origin}/orders/expire`);
    told(app);

    const answers = await Promise.all([1, 2, 3, 4].map(() => browser.get(`${app.origin}/orders`)));

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const refreshes = told(app, 'refresh');
    expect(refreshes).toHaveLength(4);
    expect(refreshes).toEqual(
      expect.arrayContaining([
        { type: 'refresh.completed', ...who() },
        { type: 'refresh.shared', ...who() },
      ]),
    );
    expect(refreshes.filter(({ type }) => type === 'refresh.completed')).toHaveLength(1);
  });

  it('tell of a refused refresh and of the session that ends with it', async () => {
    const app = await start(sessions());
    const browser = await signedIn(app);
    await browser.get(`${app.origin}/orders/expire`);
    emulator.revokeAllGrants();
    told(app);

    const { status } = await browser.get(`${app.origin}/orders`);

    expect(status).toBe(401);
    const problem = 'The sign-in has ended; sign in again';
    const events = told(app);
    expect(events).toHaveLength(3);
    expect(events).toEqual(
      expect.arrayContaining([
        { type: 'refresh.refused', reason: 'invalid_grant', ...who() },
        { type: 'session.destroyed', reason: 'refresh_refused', ...who() },
        { type: 'access.refused', reason: 'token_refresh_failed', oauthError: 'invalid_grant', problem },
      ]),
    );
  });

  it('tell why a session that seems to be there is none', async () => {
    const app = await start(sessions());
    const browser = await signedIn(app);
    const cookie = await browser.jar.getCookieString(app.origin);
    const ask = (headers: Record<string, string>) => new Browser().get(`${app.origin}/orders`, { headers });
    told(app);

    await app.app.get(WristbandSessions).revokeUser(who().userId);
    const revoked = told(app);
    await ask({ cookie });
    const ended = told(app, 'session');
    await ask({ cookie: cookie.replace(/=.*/, '=not-sealed-by-us') });
    const unreadable = told(app, 'session');
    await ask({});

    expect(revoked).toEqual([{ type: 'session.revoked', by: 'user', userId: who().userId }]);
    expect(ended).toEqual([expect.objectContaining({ type: 'session.rejected' })]);
    expect(ended[0]).toHaveProperty('reason', expect.stringMatching(/^(ended|not_found)$/));
    expect(unreadable).toEqual([{ type: 'session.rejected', reason: 'unreadable' }]);
    expect(told(app)).toEqual([
      { type: 'access.refused', reason: 'not_authenticated', problem: 'Sign in first' },
    ]);
  });

  it('tell that a session goes on, when it is renewed', async () => {
    const app = await start({ ...sessions(), touchAfter: 0 });
    const browser = await signedIn(app);
    told(app);

    await browser.get(`${app.origin}/orders`);

    expect(told(app)).toEqual([{ type: 'session.rolled', ...who() }]);
  });
});

describe('events', () => {
  it('tell why a sign-in failed', async () => {
    const app = await start();
    const browser = new Browser();
    const callback = (query: string) =>
      browser.get(`${app.origin}/api/auth/callback?tenant_name=acme&${query}`, { redirect: 'manual' });

    await browser.get(`${app.origin}/api/auth/login?tenant_name=a_b`);
    await browser.get(`${app.origin}/api/auth/login?tenant_name=acme`, { redirect: 'manual' });
    await callback('state=unknown&code=x');
    const { location } = await browser.get(`${app.origin}/api/auth/login?tenant_name=acme`, {
      redirect: 'manual',
    });
    await callback(`state=${location.searchParams.get('state')}&error=access_denied&error_description=no`);

    expect(told(app)).toEqual([
      { type: 'login.failed', at: 'login', reason: 'invalid_tenant' },
      { type: 'login.started', tenantName: 'acme' },
      { type: 'login.failed', at: 'callback', reason: 'missing_login_state' },
      { type: 'login.started', tenantName: 'acme' },
      { type: 'login.failed', at: 'callback', reason: 'authorization_failed', oauthError: 'access_denied' },
    ]);
  });

  it('tell who was refused by a guard, and why', async () => {
    const app = await start({ enableCsrfProtection: true });
    const browser = await signedIn(app);
    const post = (headers: Record<string, string>) => browser.post(`${app.origin}/orders`, { headers });
    told(app);

    await browser.get(`${app.origin}/orders/all`);
    await post({ 'sec-fetch-site': 'cross-site' });
    await post({});
    await post({ 'x-csrf-token': 'a-wrong-one' });
    await browser.get(`${app.origin}/orders/no-refresh-token`);
    const refused = told(app, 'access', 'csrf');
    await browser.get(`${app.origin}/orders`);

    const roles = { reason: 'insufficient_role', problem: 'You may not do this: a role is missing' };
    const failed = expect.objectContaining({ type: 'access.refused', reason: 'csrf_failed' }) as unknown;
    expect(refused).toEqual([
      { type: 'access.refused', ...roles, ...who() },
      { type: 'csrf.refused', reason: 'foreign_site', ...who() },
      failed,
      { type: 'csrf.refused', reason: 'token_missing', ...who() },
      failed,
      { type: 'csrf.refused', reason: 'token_wrong', ...who() },
      failed,
    ]);
    expect(told(app)).toEqual([
      { type: 'refresh.refused', reason: 'no_refresh_token', ...who() },
      { type: 'access.refused', reason: 'not_authenticated', problem: 'Sign in first' },
    ]);
  });

  it('tell what Wristband did not do', async () => {
    const app = await start();
    const browser = await signedIn(app);
    await browser.get(`${app.origin}/orders/expire`);
    told(app);

    emulator.fail('token', { kind: 'status', status: 500 });
    emulator.fail('revoke', { kind: 'status', status: 500 });
    await browser.get(`${app.origin}/orders`);
    const refresh = told(app);
    await browser.get(`${app.origin}/api/auth/logout`, { redirect: 'manual' });

    expect(refresh).toEqual([
      { type: 'wristband.unavailable', path: '/oauth2/token', reason: 'answered 500' },
      { type: 'refresh.unavailable', ...who() },
    ]);
    expect(told(app, 'wristband', 'logout')).toEqual([
      { type: 'wristband.unavailable', path: '/oauth2/revoke', reason: 'answered 500' },
      { type: 'logout.not_revoked' },
      { type: 'logout.completed' },
    ]);
  });

  it('name the path of an answer that makes no sense as that of one that does not come', async () => {
    const app = await start();
    const browser = await signedIn(app);
    await browser.get(`${app.origin}/orders/expire`);
    told(app);

    emulator.fail('token', { kind: 'status', status: 200, body: ['unexpected'] });
    await browser.get(`${app.origin}/orders`);

    expect(told(app, 'wristband')).toEqual([
      { type: 'wristband.unavailable', path: '/oauth2/token', reason: 'gave an answer that cannot be used' },
    ]);
  });

  it('tell what the session store did not do, and when it does again', async () => {
    const store = new MemorySessionStore();
    const app = await start({ store });
    const browser = await signedIn(app);
    told(app);

    const reading = vi.spyOn(store, 'read').mockRejectedValue(new Error('a secret of the store'));
    const { status } = await browser.get(`${app.origin}/orders`);
    reading.mockRestore();
    await browser.get(`${app.origin}/orders`);

    const reason = 'The session store could not do read(): it failed';
    expect(status).toBe(503);
    expect(told(app)).toEqual([
      { type: 'store.unavailable', operation: 'read', reason },
      expect.objectContaining({ type: 'access.refused', reason: 'session_store_unavailable' }),
      { type: 'store.recovered' },
    ]);
  });

  it('tell once of a session that is too large', async () => {
    const app = await start();
    const browser = await signedIn(app);
    told(app);

    const { status } = await browser.get(`${app.origin}/counter/blob/5000`);

    expect(status).toBe(500);
    const problem = expect.stringContaining('blob (5002 bytes)') as unknown;
    expect(told(app)).toEqual([{ type: 'session.too_large', problem, ...who() }]);
  });

  it('name their application, if it has a name', async () => {
    const app = await startTestApp({
      emulator,
      options: {
        name: 'staff',
        routes: { path: 'api/auth' },
        session: { secrets: SESSION_SECRET, secure: false },
      },
    });
    apps.push(app);

    await new Browser().get(`${app.origin}/api/auth/login?tenant_name=a_b`);

    expect(told(app)).toEqual([
      { type: 'login.failed', at: 'login', reason: 'invalid_tenant', application: 'staff' },
    ]);
  });

  it('are published for whoever subscribes, and not for whoever does no more', async () => {
    const app = await start();
    const published: unknown[] = [];
    const listener = (event: unknown) => void published.push(event);

    channel(WRISTBAND_EVENTS).subscribe(listener);
    await new Browser().get(`${app.origin}/orders`);
    channel('nestjs-wristband:event').unsubscribe(listener);
    await new Browser().get(`${app.origin}/orders`);

    expect(published).toEqual([app.events[0]]);
  });

  it('are debug lines as well, beside one for each call to Wristband', async () => {
    const debug = vi.spyOn(Logger.prototype, 'debug').mockReturnValue(undefined);
    const app = await start({}, { logger: undefined });

    await new Browser().get(`${app.origin}/api/auth/login?tenant_name=acme`, { redirect: 'manual' });

    expect(debug.mock.calls.map(([line]) => String(line))).toEqual([
      `GET /clients/${emulator.clientId}/sdk-configuration answered 200`,
      'login.started {"tenantName":"acme"}',
    ]);
    expect(app.logs).toEqual([]);
  });

  it('are no debug lines for a logger that has none', async () => {
    const logger = { log: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const app = await start({}, { logger });

    const { status } = await new Browser().get(`${app.origin}/orders`);

    expect(status).toBe(401);
    expect(told(app)).toHaveLength(1);
    for (const write of Object.values(logger)) expect(write).not.toHaveBeenCalled();
  });
});
