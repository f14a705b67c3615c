import { Controller, ForbiddenException, Get, type INestApplication, VersioningType } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  CurrentUser,
  withWristbandSecurity,
  WristbandConfigError,
  type WristbandHooks,
  type WristbandModuleExtras,
  WristbandModule,
  type WristbandRoutes,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import {
  describePlatforms,
  optionsFor,
  type Platform,
  startTestApp,
  type TestApp,
} from '../support/test-app.js';

@Controller()
class HomeController {
  @Get()
  home(@CurrentUser('userId') userId: string) {
    return { home: userId };
  }
}

let emulator: WristbandEmulator;
let app: TestApp;
let browser: Browser;
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());
beforeEach(() => {
  browser = new Browser();
});
afterEach(() => app?.close());

interface Setup {
  readonly routes?: Partial<WristbandRoutes>;
  readonly hooks?: WristbandHooks;
  readonly extras?: WristbandModuleExtras;
  readonly configure?: (nest: INestApplication) => void;
}

async function start(
  platform: Platform,
  { routes, hooks, extras, configure = () => undefined }: Setup = {},
): Promise<string> {
  app = await startTestApp({
    emulator,
    platform,
    controllers: [HomeController],
    configure,
    options: {
      globalGuard: true,
      routes: { path: 'api/auth', ...routes },
      ...extras,
      ...(hooks && { hooks }),
    },
  });
  return app.origin;
}

const grace = () => emulator.users.find(({ email }) => email === 'grace@acme.example')!;
const signInTo = (origin: string, query = '') =>
  signIn(browser, `${origin}/api/auth/login?tenant_name=acme${query}`, grace());

describePlatforms('ready-made endpoints', (platform) => {
  it('sign in, serve front ends, and sign out, in an application that is closed otherwise', async () => {
    const origin = await start(platform);
    expect((await browser.get(`${origin}/`)).status).toBe(401);

    const landed = await signInTo(origin);
    expect(landed.url).toBe(`${origin}/`);
    expect(landed.json()).toEqual({ home: grace().id });

    const session = await browser.get(`${origin}/api/auth/session`);
    expect(session.json()).toEqual({ userId: grace().id, tenantId: 'tenant-acme', metadata: {} });
    expect(session.headers['cache-control']).toBe('private, no-store');
    const token = await browser.get(`${origin}/api/auth/token`);
    expect(token.json()).toEqual({ accessToken: expect.any(String), expiresAt: expect.any(Number) });

    const out = await browser.get(`${origin}/api/auth/logout`, { redirect: 'manual' });
    expect(out.status).toBe(302);
    expect(out.headers.location).toContain('/api/v1/logout?client_id=');
    expect((await browser.get(`${origin}/api/auth/session`)).status).toBe(401);
  });

  it('lead back to the page that was asked for', async () => {
    const origin = await start(platform, { hooks: { landingUrl: '/elsewhere' } });

    expect((await signInTo(origin, '&return_url=/%3Fpage=2')).url).toBe(`${origin}/?page=2`);
  });

  it('ask hooks for fields, the landing page and metadata', async () => {
    const origin = await start(platform, {
      hooks: {
        onCallback: async ({ userInfo }, request) => ({
          greeting: `Hello ${userInfo.email}`,
          had: 'headers' in request,
        }),
        landingUrl: ({ tenantName }) => `/?tenant=${tenantName}`,
        sessionMetadata: async ({ tenantName, ...session }) => ({
          tenantName,
          greeting: (session as { greeting?: string }).greeting,
        }),
      },
    });

    const landed = await signInTo(origin);

    expect(landed.url).toBe(`${origin}/?tenant=acme`);
    expect((await browser.get(`${origin}/api/auth/session`)).json()).toMatchObject({
      metadata: { tenantName: 'acme', greeting: 'Hello grace@acme.example' },
    });
  });

  it('sign nobody in whom a hook denies that', async () => {
    const origin = await start(platform, {
      hooks: {
        onCallback: () => {
          throw new ForbiddenException('Your account is closed');
        },
      },
    });

    const landed = await signInTo(origin);

    expect(landed.json()).toMatchObject({ statusCode: 403, message: 'Your account is closed' });
    expect(landed.setCookies.some((line) => line.startsWith('session='))).toBe(false);
    expect((await browser.get(`${origin}/api/auth/session`)).status).toBe(401);
  });

  it('start over when the callback comes again, and end signed in', async () => {
    const origin = await start(platform);
    const landed = await signInTo(origin);
    const callback = landed.trail.find((url) => url.includes('/api/auth/callback'))!;

    expect((await browser.get(callback)).url).toBe(`${origin}/`);
  });

  it('have the paths that are chosen, and can be left out', async () => {
    const origin = await start(platform, {
      routes: { path: '/auth/', login: 'in', session: 'me/now', token: false, logout: false },
    });
    const statusOf = async (path: string) =>
      (await browser.get(`${origin}/${path}`, { redirect: 'manual' })).status;

    expect(await statusOf('auth/in?tenant_name=acme')).toBe(302);
    expect(await statusOf('auth/me/now')).toBe(401);
    for (const path of ['auth/login', 'auth/session', 'auth/token', 'auth/logout', 'auth/backchannel'])
      expect(await statusOf(path)).toBe(404);
  });

  it('have the usual paths where an environment says nothing', async () => {
    const origin = await start(platform, { routes: { path: 'auth', login: undefined } as WristbandRoutes });

    const login = await browser.get(`${origin}/auth/login?tenant_name=acme`, { redirect: 'manual' });
    expect(login.status).toBe(302);
  });

  it('are below the global prefix, have no version, and take tokens by the back channel', async () => {
    const origin = await start(platform, {
      routes: { path: 'auth', backChannelLogout: 'backchannel-logout' },
      configure: (nest) => {
        nest.setGlobalPrefix('api');
        nest.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      },
    });

    await signIn(browser, `${origin}/api/auth/login?tenant_name=acme&return_url=/api/auth/session`, grace());
    expect((await browser.get(`${origin}/api/auth/session`)).status).toBe(200);

    const body = `logout_token=${await emulator.signLogoutToken({ sub: grace().id })}`;
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const told = await new Browser().post(`${origin}/api/auth/backchannel-logout`, { body, headers });

    expect(told.status).toBe(200);
    expect((await browser.get(`${origin}/api/auth/session`)).status).toBe(401);
  });

  it('are documented as what they are', async () => {
    await start(platform);
    const { paths } = withWristbandSecurity(app.app, () =>
      SwaggerModule.createDocument(app.app, new DocumentBuilder().build()),
    );

    expect(paths['/api/auth/login']?.get?.security).toEqual([]);
    expect(paths['/api/auth/session']?.get?.security).toEqual([{ wristbandSession: [] }]);
    expect(Object.keys(paths['/api/auth/session']?.get?.responses ?? {})).toContain('401');
  });
});

describe('routes', () => {
  const routed = (routes: object) => () =>
    WristbandModule.forRoot({ ...optionsFor(emulator), routes: routes as WristbandRoutes });

  it.each<[object, RegExp]>([
    [{}, /routes\.path: must be a path such as api\/auth/],
    [{ path: '' }, /routes\.path/],
    [{ path: 'https://a.example' }, /routes\.path/],
    [{ path: 'auth', login: true }, /routes\.login: must be a path below routes\.path, or false/],
    [{ path: 'auth', logn: 'login' }, /routes\.logn: is no endpoint; there are login, callback/],
    [{ path: 'auth', login: 'x', logout: 'x' }, /routes: two endpoints have the path x/],
  ])('are refused when they are %j', (routes, problem) => {
    expect(routed(routes)).toThrow(WristbandConfigError);
    expect(routed(routes)).toThrow(problem);
  });
});
