import { type CanActivate, Controller, Get, Module, Post, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { Browser as Chromium } from 'playwright-core';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type AuthenticatedUser,
  AuthStrategies,
  CurrentUser,
  JwtAuthGuard,
  MemorySessionStore,
  Public,
  Roles,
  RolesGuard,
  Session,
  SessionAuthGuard,
  type SessionOptions,
  WristbandAuthGuard,
  WristbandModule,
  type WristbandOptions,
  WristbandSessions,
} from '../../lib/index.js';
import {
  signedInGuard,
  signInAs,
  startWristbandEmulator,
  type WristbandEmulator,
} from '../../lib/testing/index.js';
import { signedIn } from '../support/bearer-tokens.js';
import { launchChromium } from '../support/chromium.js';
import {
  describePlatforms,
  optionsFor,
  SESSION_SECRET,
  startTestApp,
  type TestApp,
} from '../support/test-app.js';

const ALL_SCOPES = ['openid', 'offline_access', 'email', 'profile', 'phone', 'roles'];

@Controller()
class DeskController {
  @Get('fields')
  @UseGuards(SessionAuthGuard)
  fields(@Session() session: Session) {
    return session.toJSON();
  }

  @Post('orders')
  @UseGuards(SessionAuthGuard)
  order(@CurrentUser('tenantId') tenantId: string) {
    return { tenantId };
  }

  @Get('owners')
  @UseGuards(SessionAuthGuard, RolesGuard)
  @Roles(['owner'])
  owners(@CurrentUser('roles') roles: string[]) {
    return { roles };
  }

  @Get('api')
  @UseGuards(JwtAuthGuard)
  api(@CurrentUser() { userId, tenantId }: AuthenticatedUser) {
    return { userId, tenantId };
  }
}

const MODES: Record<string, () => Partial<SessionOptions>> = {
  'cookie sessions': () => ({}),
  'a store': () => ({ store: new MemorySessionStore() }),
  'a coordination store': () => ({ coordinationStore: new MemorySessionStore() }),
};

let emulator: WristbandEmulator;
const running: TestApp[] = [];

beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  emulator.heal();
  await Promise.all(running.splice(0).map((app) => app.close()));
});
afterAll(() => emulator.close());

async function start(
  options: Partial<WristbandOptions> = {},
  setup: Partial<Parameters<typeof startTestApp>[0]> = {},
): Promise<TestApp> {
  const merged = { scopes: ALL_SCOPES, ...options };
  const app = await startTestApp({ emulator, controllers: [DeskController], ...setup, options: merged });
  running.push(app);
  emulator.clearCalls();
  return app;
}

const sessionWith = (more: Partial<SessionOptions>): SessionOptions => ({
  secrets: SESSION_SECRET,
  secure: false,
  ...more,
});

describePlatforms('signInAs', (platform) => {
  describe.each(Object.entries(MODES))('with %s', (_mode, sessionOptions) => {
    const startDesk = (more: Partial<SessionOptions> = {}) =>
      start({ session: sessionWith({ ...sessionOptions(), ...more }) }, { platform });

    it('signs a user in without a network', async () => {
      const { app } = await startDesk();

      const ada = await signInAs(app, { user: 'ada@example.com', tenant: 'acme' });
      const { status, body } = await request(app.getHttpServer()).get('/fields').set(ada.headers);

      expect(status).toBe(200);
      expect(body).toMatchObject({ userId: ada.userId, tenantId: 'tenant-acme', tenantName: 'acme' });
      expect(ada).toMatchObject({ tenantId: 'tenant-acme', accessToken: body.accessToken });
      expect(emulator.calls).toEqual([]);
      await request(app.getHttpServer()).get('/fields').expect(401);
    });

    it('brings the CSRF header where the application wants one', async () => {
      const { app } = await startDesk({ enableCsrfProtection: true });
      const server = app.getHttpServer();

      const grace = await signInAs(app, 'grace@acme.example');

      await request(server).post('/orders').set(grace.headers).expect(201, { tenantId: 'tenant-acme' });
      await request(server).post('/orders').set('cookie', grace.headers.cookie!).expect(403);
    });

    it('can be renewed, like any session', async () => {
      const { app } = await startDesk();
      const server = app.getHttpServer();

      const grace = await signInAs(app, { user: 'grace@acme.example', expiresIn: 0 });
      const renewed = await request(server).get('/fields').set(grace.headers).expect(200);

      expect(emulator.callsTo('token')).toHaveLength(1);
      expect(renewed.body.accessToken).not.toBe(grace.accessToken);
      expect(renewed.body.expiresAt).toBeGreaterThan(Date.now());
    });

    it('ends with a logout', async () => {
      const { app } = await startDesk();
      const server = app.getHttpServer();
      const grace = await signInAs(app, 'grace@acme.example');

      await request(server).get('/api/auth/logout').set(grace.headers).expect(302);

      expect(emulator.callsTo('revoke')).toHaveLength(1);
      await request(server).get('/fields').set(grace.headers).expect(401);
    });
  });

  it('sees an application that only takes access tokens', async () => {
    @Controller()
    class ApiController {
      @Get('api')
      @UseGuards(JwtAuthGuard)
      api(@CurrentUser('userId') userId: string) {
        return { userId };
      }
    }
    const { app } = await start({ session: undefined } as never, { platform, controllers: [ApiController] });

    const grace = await signInAs(app, 'grace@acme.example');

    expect(grace.headers).toEqual({});
    expect(grace.cookies('http://localhost')).toEqual([]);
    await request(app.getHttpServer()).get('/api').set(grace.bearer).expect(200, { userId: grace.userId });
  });
});

describe('the session of signInAs', () => {
  it.each(['ada@example.com', 'grace@acme.example', 'linus@globex.example'])(
    'is the one that the login page gives (%s)',
    async (email) => {
      const { app, origin, ...rest } = await start();
      emulator.setApplication({ backChannelLogoutUri: `${origin}/api/auth/back-channel-logout` });
      const { tenant } = emulator.users.find((user) => user.email === email)!;

      const browser = await signedIn({ app, origin, ...rest }, emulator, email);
      const real = (await browser.get(`${origin}/fields`)).json();
      const user = await signInAs(app, { user: email, tenant });
      const { body } = await request(app.getHttpServer()).get('/fields').set(user.headers).expect(200);

      const unique = { accessToken: expect.any(String), refreshToken: expect.any(String) };
      expect(body).toEqual({
        ...real,
        ...unique,
        expiresAt: expect.any(Number),
        idpSessionId: expect.any(String),
      });
      expect(Math.abs(body.expiresAt - Number(real.expiresAt))).toBeLessThan(5000);
      expect(body.refreshToken).not.toBe(real.refreshToken);
    },
  );

  it('has fewer fields when the application asks for less', async () => {
    const { app } = await start({ scopes: ['openid'] });

    const grace = await signInAs(app, 'grace@acme.example');
    const { body } = await request(app.getHttpServer()).get('/fields').set(grace.headers);

    expect(body).not.toHaveProperty('roles');
    expect(body).not.toHaveProperty('refreshToken');
  });

  it('has what hooks.onCallback and the test add', async () => {
    const onCallback = vi.fn(() => ({ theme: 'dark', cart: 1 }));
    const { app } = await start({ hooks: { onCallback } });

    const grace = await signInAs(app, { user: 'grace@acme.example', fields: { cart: 2 } });
    const { body } = await request(app.getHttpServer()).get('/fields').set(grace.headers);

    expect(body).toMatchObject({ theme: 'dark', cart: 2 });
    expect(onCallback).toHaveBeenCalledWith(
      expect.objectContaining({
        tenantName: 'acme',
        userInfo: expect.objectContaining({ givenName: 'Grace' }),
      }),
      expect.objectContaining({ headers: {} }),
    );
  });

  it('is not there when hooks.onCallback denies the sign-in', async () => {
    const denied = new Error('closed');
    const { app } = await start({ hooks: { onCallback: () => Promise.reject(denied) } });

    await expect(signInAs(app, 'grace@acme.example')).rejects.toBe(denied);
  });

  it('has the roles that are asked for', async () => {
    const { app } = await start();
    const server = app.getHttpServer();
    const owner = { id: 'r1', name: 'owner', displayName: 'Owner' };

    const named = await signInAs(app, { user: 'grace@acme.example', roles: ['owner'] });
    const given = await signInAs(app, { user: 'grace@acme.example', roles: [owner] });
    const usual = await signInAs(app, 'grace@acme.example');

    await request(server)
      .get('/owners')
      .set(named.headers)
      .expect(200, { roles: ['owner'] });
    await request(server).get('/owners').set(given.headers).expect(200);
    await request(server).get('/owners').set(usual.headers).expect(403);
  });

  it('cannot have roles that the application would never be told', async () => {
    const { app } = await start({ scopes: ['openid'] });

    await expect(signInAs(app, { user: 'grace@acme.example', roles: ['owner'] })).rejects.toThrow(
      'option scopes of WristbandModule contains roles',
    );
  });

  it('is known to WristbandSessions', async () => {
    const { app } = await start({ session: sessionWith({ store: new MemorySessionStore() }) });
    const server = app.getHttpServer();
    const grace = await signInAs(app, 'grace@acme.example');
    const ada = await signInAs(app, { user: 'ada@example.com', tenant: 'acme' });

    await app.get(WristbandSessions).revokeUser(grace.userId);

    await request(server).get('/fields').set(grace.headers).expect(401);
    await request(server).get('/fields').set(ada.headers).expect(200);
  });

  it('stays through an outage until its access token has expired', async () => {
    const { app } = await start();
    const server = app.getHttpServer();
    emulator.fail('token', { kind: 'status', status: 503 });

    const expired = await signInAs(app, { user: 'grace@acme.example', expiresIn: -1 });
    const fresh = await signInAs(app, 'grace@acme.example');

    await request(server).get('/fields').set(expired.headers).expect(503);
    await request(server).get('/fields').set(fresh.headers).expect(200);
  });
});

it('signInAs signs in to one of several Wristband applications', async () => {
  @Controller('office')
  @UseGuards(SessionAuthGuard.for('staff'))
  class OfficeController {
    @Get()
    me(@CurrentUser('userId') userId: string) {
      return { userId };
    }
  }
  const own = await startWristbandEmulator();
  const staff = WristbandModule.forRoot({ ...optionsFor(own), name: 'staff' });
  const { app } = await start({}, { imports: [staff], controllers: [DeskController, OfficeController] });
  const server = app.getHttpServer();

  const customer = await signInAs(app, 'grace@acme.example');
  const colleague = await signInAs(app, { user: 'linus@globex.example', application: 'staff', expiresIn: 0 });

  await request(server).get('/office').set(customer.headers).expect(401);
  await request(server).get('/fields').set(colleague.headers).expect(401);
  await request(server).get('/fields').set(customer.headers).expect(200);
  await request(server).get('/office').set(colleague.headers).expect(200, { userId: colleague.userId });
  expect([emulator.callsTo('token').length, own.callsTo('token').length]).toEqual([0, 1]);
  await expect(signInAs(app, { user: 'grace@acme.example', application: 'shop' })).rejects.toThrow(
    'imports WristbandModule with the name shop',
  );
  await own.close();
});

describe('the tokens of signInAs', () => {
  it('are accepted as bearer tokens, until they expire', async () => {
    const { app } = await start();
    const server = app.getHttpServer();

    const ada = await signInAs(app, { user: 'ada@example.com', tenant: 'globex' });
    // Beyond the clock tolerance.
    const late = await signInAs(app, { user: 'ada@example.com', tenant: 'globex', expiresIn: -60 });

    await request(server)
      .get('/api')
      .set(ada.bearer)
      .expect(200, { userId: ada.userId, tenantId: 'tenant-globex' });
    await request(server).get('/api').set(late.bearer).expect(401);
  });

  it('answer at the userinfo endpoint', async () => {
    const { app } = await start();
    const ada = await signInAs(app, { user: 'ada@example.com', tenant: 'acme' });

    const answer = await fetch(`${emulator.origin}/api/v1/oauth2/userinfo`, { headers: ada.bearer });

    expect(await answer.json()).toMatchObject({ sub: ada.userId, custom_claims: { plan: 'gold' } });
  });

  it('are refreshed once; a second use ends them', async () => {
    const { app } = await start();
    const ada = await signInAs(app, { user: 'ada@example.com', tenant: 'acme' });
    const { body } = await request(app.getHttpServer()).get('/fields').set(ada.headers);
    const refresh = (token: string) =>
      fetch(`${emulator.origin}/api/v1/oauth2/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${emulator.clientId}:${emulator.clientSecret}`)}` },
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token }),
      });

    const first = await refresh(body.refreshToken);
    const renewed = (await first.json()) as { refresh_token: string; scope: string };
    const second = await refresh(body.refreshToken);
    const third = await refresh(renewed.refresh_token);

    expect([first.status, second.status, third.status]).toEqual([200, 400, 400]);
    expect(renewed.scope.split(' ').toSorted()).toEqual(ALL_SCOPES.toSorted());
  });

  it('end when the emulator revokes everything', async () => {
    const { app } = await start();
    const ada = await signInAs(app, { user: 'ada@example.com', tenant: 'acme', expiresIn: 0 });

    emulator.revokeAllGrants();

    await request(app.getHttpServer()).get('/fields').set(ada.headers).expect(401);
  });
});

describe('whom signInAs takes', () => {
  it.each<[mistake: string, who: Parameters<typeof signInAs>[1], message: string]>([
    [
      'an unknown user',
      'nobody@example.com',
      'There is no user [nobody@example.com]. The users of the emulator are: ada@example.com (acme), ada@example.com (globex), grace@acme.example (acme), linus@globex.example (globex).',
    ],
    [
      'a user of another tenant',
      { user: 'grace@acme.example', tenant: 'globex' },
      'There is no user [grace@acme.example] in the tenant [globex]. The users',
    ],
    [
      'a user of several tenants',
      'ada@example.com',
      'The user [ada@example.com] is in several tenants, so name one: acme, globex.',
    ],
    [
      'an unknown tenant',
      { user: 'ada@example.com', tenant: 'umbrella' },
      'There is no tenant [umbrella]. The tenants of the emulator are: acme, globex.',
    ],
    [
      'a description without a tenant',
      { user: { email: 'new@acme.example' } },
      'Name a tenant. The tenants of the emulator are: acme, globex.',
    ],
  ])('is not %s', async (_mistake, who, message) => {
    const { app } = await start();

    await expect(signInAs(app, who)).rejects.toThrow(message);
  });

  it('is whoever is described, who is a user of the emulator from then on', async () => {
    const own = await startWristbandEmulator();
    try {
      const { app, ...rest } = await start(optionsFor(own), { emulator: own });
      const server = app.getHttpServer();
      const marie = { email: 'marie@acme.example', id: 'user-7', givenName: 'Marie' };

      const first = await signInAs(app, { user: marie, tenant: 'acme', expiresIn: 0 });
      const again = await signInAs(app, { user: { ...marie, givenName: 'Maria' }, tenant: 'acme' });

      expect([first.userId, again.userId]).toEqual(['user-7', 'user-7']);
      await request(server).get('/fields').set(first.headers).expect(200);
      await request(server)
        .get('/api')
        .set(again.bearer)
        .expect(200, { userId: 'user-7', tenantId: 'tenant-acme' });
      expect(own.users.filter(({ id }) => id === 'user-7')).toMatchObject([{ givenName: 'Maria' }]);
      const browser = await signedIn({ app, ...rest }, own, 'marie@acme.example');
      expect((await browser.get(`${rest.origin}/fields`)).json()).toMatchObject({ userId: 'user-7' });
    } finally {
      await own.close();
    }
  });
});

describe('signInAs without an emulator', () => {
  const OPTIONS: WristbandOptions = {
    clientId: 'client',
    clientSecret: 'a-client-secret-of-32-characters',
    wristbandApplicationVanityDomain: 'myapp-mycompany.us.wristband.dev',
    autoConfigureEnabled: false,
    loginUrl: 'https://app.example.com/login',
    redirectUri: 'https://app.example.com/callback',
    scopes: ALL_SCOPES,
    session: { secrets: SESSION_SECRET },
    // Nothing may leave this machine.
    http: { fetch: () => Promise.reject(new Error('no network')) },
  };

  async function desk() {
    const module = await Test.createTestingModule({
      imports: [WristbandModule.forRoot(OPTIONS)],
      controllers: [DeskController],
    }).compile();
    return module.createNestApplication({ logger: false });
  }

  it('makes sessions for whoever is named', async () => {
    const app = await desk();
    // Before init() and without listen().
    const ada = await signInAs(app, { user: 'ada@example.com', tenant: 'umbrella', roles: ['owner'] });
    await app.init();
    const server = app.getHttpServer();

    const { body } = await request(server).get('/fields').set(ada.headers).expect(200);

    expect(body).toMatchObject({ userId: ada.userId, tenantId: 'tenant-umbrella', tenantName: 'umbrella' });
    expect(body).not.toHaveProperty('refreshToken');
    expect(body.expiresAt - Date.now()).toBeGreaterThan(58 * 60_000);
    await request(server).get('/owners').set(ada.headers).expect(200);
    await app.close();
  });

  it('describes users with ids of their own', async () => {
    const app = await desk();
    const user = { id: 'user-7', email: 'ada@example.com' };

    const ada = await signInAs(app, { user, tenant: 'umbrella' });

    expect(ada.userId).toBe('user-7');
    await app.close();
  });

  it('has tokens that expire, and that nobody takes for real', async () => {
    const app = await desk();
    await app.init();
    const server = app.getHttpServer();

    const ada = await signInAs(app, { user: 'ada@example.com', tenant: 'umbrella', expiresIn: 0 });

    await request(server).get('/fields').set(ada.headers).expect(401);
    expect([401, 503]).toContain((await request(server).get('/api').set(ada.bearer)).status);
    await app.close();
  });

  it('needs the name of the tenant', async () => {
    const app = await desk();

    await expect(signInAs(app, 'ada@example.com')).rejects.toThrow(
      'Name a tenant: the emulator that the application is configured for does not run in this process.',
    );
    await app.close();
  });

  it('knows nothing of an emulator that has been closed', async () => {
    const own = await startWristbandEmulator();
    const { app } = await start(optionsFor(own), { emulator: own });
    await own.close();

    await expect(signInAs(app, 'grace@acme.example')).rejects.toThrow('does not run in this process');
  });
});

it('signInAs says when there is no WristbandModule', async () => {
  @Module({})
  class EmptyModule {}
  const app = await NestFactory.create(EmptyModule, { logger: false });

  await expect(signInAs(app, 'grace@acme.example')).rejects.toThrow('imports WristbandModule without a name');
  await app.close();
});

it('signInAs and signedInGuard refuse to work in production', async () => {
  const { app } = await start();
  vi.stubEnv('NODE_ENV', 'production');

  await expect(signInAs(app, 'grace@acme.example')).rejects.toThrow('NODE_ENV=production');
  expect(() => signedInGuard({ userId: 'user-1' })).toThrow('NODE_ENV=production');
});

describe.each([
  ...Object.entries(MODES),
  ['Secure cookies', (): Partial<SessionOptions> => ({ secure: true })] as const,
])('signInAs in Chromium, with %s', (_mode, sessionOptions) => {
  let chromium: Chromium;
  beforeAll(async () => {
    chromium = await launchChromium();
  });
  afterAll(() => chromium.close());

  it('opens pages as a user, changes something and signs out', async () => {
    const session = sessionWith({ ...sessionOptions(), enableCsrfProtection: true });
    const { app, origin } = await start({ session });
    const context = await chromium.newContext();
    const page = await context.newPage();

    const grace = await signInAs(app, 'grace@acme.example');
    await context.addCookies(grace.cookies(origin));
    await page.goto(`${origin}/fields`);

    expect(JSON.parse((await page.locator('body').textContent()) ?? '')).toMatchObject({
      userId: grace.userId,
    });
    const order = (headers: Record<string, string>) =>
      page.evaluate(
        async (sent) => (await fetch('/orders', { method: 'POST', headers: sent })).status,
        headers,
      );
    const token = await page.evaluate(() => /CSRF-TOKEN=([^;]+)/.exec(document.cookie)?.[1] ?? '');
    expect(await order({ 'X-CSRF-TOKEN': token })).toBe(201);
    expect(await order({})).toBe(403);

    await page.goto(`${origin}/api/auth/logout`);
    expect((await page.goto(`${origin}/fields`))?.status()).toBe(401);
    await context.close();
  });
});

describe('the cookies of signInAs', () => {
  it('are several when the session is large', async () => {
    const { app } = await start({ session: sessionWith({ maxCookies: 3 }) });
    const note = 'x'.repeat(5000);

    const grace = await signInAs(app, { user: 'grace@acme.example', fields: { note } });
    const { body } = await request(app.getHttpServer()).get('/fields').set(grace.headers).expect(200);

    expect(body.note).toBe(note);
    expect(grace.cookies('http://localhost')).toHaveLength(3);
  });

  it('do not come when the session is too large', async () => {
    const { app } = await start();
    const fields = { note: 'x'.repeat(5000) };

    await expect(signInAs(app, { user: 'grace@acme.example', fields })).rejects.toMatchObject({
      code: 'session_too_large',
    });
  });

  it('are for a browser what the application says they are', async () => {
    const session = sessionWith({
      enableCsrfProtection: true,
      secure: true,
      sameSite: 'Strict',
      domain: 'example.com',
      path: '/app',
      maxAge: 600,
    });
    const { app } = await start({ session });

    const [cookie, csrf] = (await signInAs(app, 'grace@acme.example')).cookies('https://acme.example.com');

    const shared = { domain: '.example.com', path: '/app', secure: true, sameSite: 'Strict' };
    expect(cookie).toMatchObject({ ...shared, name: 'session', httpOnly: true });
    expect(csrf).toMatchObject({ ...shared, name: 'CSRF-TOKEN', httpOnly: false });
    expect(Math.abs((cookie?.expires ?? 0) - Date.now() / 1000 - 600)).toBeLessThan(5);
  });
});

describe('signedInGuard', () => {
  @Controller('desk')
  @AuthStrategies('SESSION', 'JWT')
  class GuardedController {
    @Get()
    me(@CurrentUser() user: AuthenticatedUser | undefined) {
      return user ?? 'nobody';
    }

    @Get('owners')
    @UseGuards(RolesGuard)
    @Roles(['owner'])
    owners() {
      return { ok: true };
    }

    @Get('open')
    @Public()
    open(@CurrentUser() user: AuthenticatedUser | undefined) {
      return { user: user ?? 'nobody' };
    }
  }

  async function desk(guard: CanActivate) {
    const module = await Test.createTestingModule({
      imports: [WristbandModule.forRoot({ ...optionsFor(emulator), globalGuard: true })],
      controllers: [GuardedController],
    })
      .overrideProvider(WristbandAuthGuard)
      .useValue(guard)
      .compile();
    const app = module.createNestApplication({ logger: false });
    await app.init();
    return app;
  }

  it('stands in for a guard of a named application as well', async () => {
    @Controller('vault')
    @UseGuards(SessionAuthGuard.for('staff'), RolesGuard.for('staff'))
    @Roles(['owner'])
    class VaultController {
      @Get()
      open() {
        return { ok: true };
      }
    }
    const module = await Test.createTestingModule({
      imports: [WristbandModule.forRoot({ ...optionsFor(emulator), name: 'staff' })],
      controllers: [VaultController],
    })
      .overrideGuard(SessionAuthGuard.for('staff'))
      .useValue(signedInGuard({ userId: 'user-1', roles: ['owner'] }))
      .compile();
    const app = module.createNestApplication({ logger: false });
    await app.init();

    await request(app.getHttpServer()).get('/vault').expect(200);
    await app.close();
  });

  it('takes everybody for one user in the place of the global guard', async () => {
    const app = await desk(signedInGuard({ userId: 'user-1', tenantId: 'tenant-acme', roles: ['owner'] }));
    const server = app.getHttpServer();

    const user = { userId: 'user-1', tenantId: 'tenant-acme', roles: ['owner'], strategy: 'JWT' };
    const { body } = await request(server).get('/desk').expect(200);
    expect(body).toEqual(user);
    await request(server).get('/desk/owners').expect(200);
    await request(server).get('/desk/open').expect(200, { user: 'nobody' });
    await app.close();
  });

  it('gives no roles that are not asked for', async () => {
    const app = await desk(signedInGuard({ userId: 'user-1' }));

    await request(app.getHttpServer()).get('/desk/owners').expect(403);
    await app.close();
  });

  it('stands in for a guard of a controller, without WristbandModule', async () => {
    @Controller('alone')
    @UseGuards(SessionAuthGuard)
    class AloneController {
      @Get()
      me(@CurrentUser('tenantId') tenantId: string) {
        return { tenantId };
      }
    }
    const module = await Test.createTestingModule({ controllers: [AloneController] })
      .overrideGuard(SessionAuthGuard)
      .useValue(signedInGuard({ userId: 'user-1', tenantId: 'tenant-acme' }))
      .compile();
    const app = module.createNestApplication({ logger: false });
    await app.init();

    await request(app.getHttpServer()).get('/alone').expect(200, { tenantId: 'tenant-acme' });
    await app.close();
  });
});
