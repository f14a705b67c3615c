import { All, Controller, Get, type INestApplication, UseGuards } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  Auth,
  CurrentUser,
  JwtAuthGuard,
  Roles,
  RolesGuard,
  Session,
  SessionAuthGuard,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { accessTokenOf, signedIn, userOf } from '../support/bearer-tokens.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { submitDiscovery, submitPassword } from '../support/sign-in.js';
import {
  describePlatforms,
  optionsFor,
  type Platform,
  startTestApp,
  type TestApp,
  type TestAppOptions,
} from '../support/test-app.js';

@Controller('pages')
@UseGuards(SessionAuthGuard)
class PagesController {
  @All('orders')
  orders(@CurrentUser('userId') userId: string) {
    return { page: 'orders', userId };
  }

  @Get('admin')
  @UseGuards(RolesGuard)
  @Roles(['app:emulator:admin'])
  admin() {
    return { page: 'admin' };
  }
}

@Controller('others')
class OtherPagesController {
  @Get('either')
  @Auth('JWT', 'SESSION')
  either() {
    return { page: 'either' };
  }

  @Get('api')
  @UseGuards(JwtAuthGuard)
  api() {
    return { page: 'api' };
  }

  @Get('both')
  @UseGuards(SessionAuthGuard, JwtAuthGuard)
  both() {
    return { page: 'both' };
  }

  @Get('nobody-asks')
  @UseGuards({ canActivate: () => true }, RolesGuard)
  @Roles(['app:emulator:admin'])
  nobodyAsks() {
    return { page: 'nobody asks' };
  }

  @Get('expire')
  expire(@Session() session: Session) {
    session.expiresAt = Date.now() - 1000;
  }
}

@Controller()
class EverythingController {
  @Get('*')
  @UseGuards(SessionAuthGuard)
  everything() {
    return { page: 'everything' };
  }
}

const GRACE = 'grace@acme.example';
const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html,*/*' };
const OLD_NAVIGATION = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

let emulator: WristbandEmulator;
let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
beforeEach(() => {
  browser = new Browser();
});
afterEach(async () => {
  emulator.heal();
  emulator.tamper();
  await app.close();
});
afterAll(() => emulator.close());

const open = (url: string, headers: Record<string, string> = NAVIGATION) =>
  browser.get(url, { headers, redirect: 'manual' });

async function start(platform: Platform, setup: Partial<TestAppOptions> = {}): Promise<TestApp> {
  app = await startTestApp({
    emulator,
    platform,
    controllers: [PagesController, OtherPagesController],
    ...setup,
    options: { redirectPagesToLogin: true, ...setup.options },
  });
  return app;
}

/** Opens a page as a visitor whose tenant nobody knows, and signs in on the way. */
async function visit(page: string): Promise<BrowserResponse> {
  const user = userOf(emulator);
  const discovery = await browser.get(page, { headers: NAVIGATION });
  return submitPassword(browser, await submitDiscovery(browser, discovery, user.email), user);
}

describePlatforms('a page without a session', (platform) => {
  it('sends browsers to the Login Endpoint, with the way back', async () => {
    const { origin } = await start(platform);

    for (const headers of [NAVIGATION, OLD_NAVIGATION, { ...NAVIGATION, accept: '*/*' }]) {
      const response = await open(`${origin}/pages/orders?page=2&sort=a%20b`, headers);

      expect(response.status).toBe(302);
      expect(response.headers.location).toBe(
        `${origin}/api/auth/login?return_url=%2Fpages%2Forders%3Fpage%3D2%26sort%3Da%2520b`,
      );
      expect(response.json()).toEqual({
        statusCode: 302,
        error: 'Found',
        message: 'Sign in first',
        code: 'not_authenticated',
      });
      expect(response.headers['cache-control']).toBe('private, no-store');
      expect(response.headers.vary).toMatch(/cookie/i);
    }
  });

  it('does not send them in a circle when the Login Endpoint itself is guarded, and the log says what to do', async () => {
    const { origin, logs } = await start(platform, {
      configure: (nest) => void nest.useGlobalGuards(nest.get(SessionAuthGuard)),
    });

    const page = await open(`${origin}/pages/orders`);
    const login = await open(String(page.headers.location));

    expect([page.status, login.status]).toEqual([302, 401]);
    expect(login.json()).toMatchObject({ code: 'not_authenticated' });
    expect(logs.join()).toContain('the Login Endpoint is behind a guard; put @Public() on it');
  });

  it('sends browsers there also where a token would do, and says nothing about tokens', async () => {
    const { origin } = await start(platform);

    const response = await open(`${origin}/others/either`);

    expect(response.status).toBe(302);
    expect(response.headers['www-authenticate']).toBeUndefined();
  });

  it.each<[title: string, method: string, headers: Record<string, string>]>([
    ['fetch()', 'GET', { 'sec-fetch-mode': 'cors', accept: 'text/html' }],
    ['fetch() of the same origin', 'GET', { 'sec-fetch-mode': 'same-origin', accept: '*/*' }],
    ['an image', 'GET', { 'sec-fetch-mode': 'no-cors', accept: 'text/html' }],
    ['a WebSocket', 'GET', { 'sec-fetch-mode': 'websocket', accept: 'text/html' }],
    ['XMLHttpRequest', 'GET', { 'x-requested-with': 'XMLHttpRequest', accept: 'text/html' }],
    ['a script that asks for JSON', 'GET', { accept: 'application/json, text/html' }],
    ['a client that takes anything', 'GET', { accept: '*/*' }],
    ['a client that says nothing', 'GET', {}],
    ['a bearer token', 'GET', { authorization: 'Bearer a.b.c', accept: 'text/html' }],
    ['a form', 'POST', { ...NAVIGATION }],
    ['another method', 'DELETE', { ...OLD_NAVIGATION }],
  ])('answers 401 to %s', async (_title, method, headers) => {
    const { origin } = await start(platform);

    for (const path of ['pages/orders', 'others/either']) {
      if (method !== 'GET' && path === 'others/either') continue;
      const response = await browser.request(`${origin}/${path}`, { method, headers, redirect: 'manual' });

      expect(response.status).toBe(401);
      expect(response.headers.location).toBeUndefined();
    }
  });

  it('answers 401 to browsers when that is not asked for', async () => {
    const { origin } = await start(platform, { options: { redirectPagesToLogin: false } });

    const response = await open(`${origin}/pages/orders`);

    expect(response.status).toBe(401);
    expect(response.headers.location).toBeUndefined();
  });

  it('answers 401 where a sign-in would not help, instead of sending the browser in a circle', async () => {
    const { origin } = await start(platform);
    browser = await signedIn(app, emulator);

    for (const path of ['api', 'both', 'nobody-asks']) {
      const response = await open(`${origin}/others/${path}`);

      expect(response.status).toBe(401);
      expect(response.headers.location).toBeUndefined();
    }
  });

  it('answers 403 when a role is missing', async () => {
    const { origin } = await start(platform);
    browser = await signedIn(app, emulator);

    expect((await open(`${origin}/pages/admin`)).status).toBe(403);
  });

  it('sends browsers to sign in again when Wristband ended the sign-in, and removes the cookie', async () => {
    const { origin } = await start(platform);
    browser = await signedIn(app, emulator);
    await open(`${origin}/others/expire`);
    emulator.revokeAllGrants();

    const response = await open(`${origin}/pages/orders`);

    expect(response.status).toBe(302);
    expect(response.json()).toMatchObject({ code: 'token_refresh_failed' });
    expect(response.setCookies).toEqual(['session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax']);
  });

  it('answers 503 to browsers while Wristband is away, and nobody is sent to sign in', async () => {
    const { origin } = await start(platform);
    emulator.tamper({ accessTokenClaims: (claims) => ({ ...claims, exp: 1 }) });
    browser = await signedIn(app, emulator);
    await open(`${origin}/others/expire`);
    emulator.fail('token', { kind: 'status', status: 503 });

    const response = await open(`${origin}/pages/orders`);

    expect(response.status).toBe(503);
    expect(response.headers['retry-after']).toMatch(/^\d+$/);
    expect(response.headers.location).toBeUndefined();
  });

  it('answers 503 when it cannot be found out where the login is', async () => {
    const { origin } = await start(platform);
    emulator.fail('sdkConfiguration', { kind: 'status', status: 503 });

    const response = await open(`${origin}/pages/orders`);

    expect(response.status).toBe(503);
    expect(response.json()).toMatchObject({ code: 'wristband_unavailable' });
    expect(response.headers['retry-after']).toMatch(/^\d+$/);
    expect(response.headers.location).toBeUndefined();
  });

  describe('is where the visitor is in the end', () => {
    it('with a tenant that is asked for on the way', async () => {
      const { origin } = await start(platform);
      const landed = await visit(`${origin}/pages/orders?page=2`);

      expect(landed.url).toBe(`${origin}/pages/orders?page=2`);
      expect(landed.json()).toEqual({ page: 'orders', userId: userOf(emulator).id });
    });

    it('with a global prefix', async () => {
      const configure = (nest: INestApplication) => void nest.setGlobalPrefix('app/v1');
      const { origin } = await start(platform, { configure });
      emulator.setApplication({
        loginUrl: `${origin}/app/v1/api/auth/login`,
        redirectUris: [`${origin}/app/v1/api/auth/callback`],
      });

      const { headers } = await open(`${origin}/app/v1/pages/orders`);
      expect(headers.location).toBe(
        `${origin}/app/v1/api/auth/login?return_url=%2Fapp%2Fv1%2Fpages%2Forders`,
      );
      const landed = await visit(`${origin}/app/v1/pages/orders`);

      expect(landed.url).toBe(`${origin}/app/v1/pages/orders`);
      expect(landed.status).toBe(200);
    });
  });

  it.each([
    '//evil.example/pages/orders',
    '/\\evil.example',
    '/%2F%2Fevil.example',
    '/pages/orders?next=//evil.example',
  ])('never leads to another site: %s', async (path) => {
    const { origin } = await start(platform, { controllers: [EverythingController] });

    const landed = await visit(`${origin}${path}`);

    expect(new URL(landed.url).origin).toBe(origin);
    expect(landed.status).toBe(200);
  });

  it.runIf(platform === 'express')(
    'goes back to the address that was asked for, not to a rewritten one',
    async () => {
      const rewrite = (request: { url: string }, _response: unknown, next: () => void) => {
        request.url = request.url.replace('/old/', '/pages/');
        next();
      };
      const { origin } = await start(platform, { configure: (nest) => void nest.use(rewrite) });

      const { headers } = await open(`${origin}/old/orders`);

      expect(headers.location).toBe(`${origin}/api/auth/login?return_url=%2Fold%2Forders`);
    },
  );

  it('works without auto-configuration', async () => {
    const options = {
      ...optionsFor(emulator),
      autoConfigureEnabled: false,
      loginUrl: 'http://localhost:1/login?app=shop',
      redirectUri: 'http://localhost:1/callback',
    };
    const { origin } = await start(platform, { options });

    const { headers } = await open(`${origin}/pages/orders`);

    // The host is none of the application's: a proxy made it of that in loginUrl.
    expect(headers.location).toBe('http://localhost:1/login?app=shop&return_url=%2Fpages%2Forders');
  });

  it('says on which host the page is where that is another one of the application', async () => {
    const setUp = {
      ...optionsFor(emulator),
      autoConfigureEnabled: false,
      loginUrl: 'http://localhost:1/login',
      redirectUri: 'http://localhost:2/callback',
      trustedOrigins: ['https://shop.example', 'https://shop.example:8443'],
    };
    const { origin } = await start(platform, { options: setUp });
    const returnUrlFrom = async (host: string) => {
      const { headers } = await open(`${origin}/pages/orders`, { ...NAVIGATION, host });
      return new URL(String(headers.location)).searchParams.get('return_url');
    };

    expect(await returnUrlFrom('localhost:1')).toBe('/pages/orders');
    expect(await returnUrlFrom('localhost:2')).toBe('http://localhost:2/pages/orders');
    expect(await returnUrlFrom('Shop.example:443')).toBe('https://shop.example/pages/orders');
    expect(await returnUrlFrom('shop.example:8443')).toBe('https://shop.example:8443/pages/orders');
    expect(await returnUrlFrom('evil.example')).toBe('/pages/orders');
  });

  it('is nothing for somebody with a bearer token', async () => {
    const { origin } = await start(platform);
    const token = await accessTokenOf(app, emulator, { email: GRACE });

    const response = await open(`${origin}/others/either`, {
      ...OLD_NAVIGATION,
      authorization: `Bearer ${token}`,
    });

    expect(response.json()).toEqual({ page: 'either' });
  });
});

// The last in this file: from here on the emulator's tenants have subdomains.
describePlatforms('a page without a session, where tenants have subdomains', (platform) => {
  it("on the tenant's subdomain: that page, after a sign-in there", async () => {
    await start(platform, { hasSubdomains: true });
    const page = `${app.tenantOrigin('acme')}/pages/orders?page=2`;

    expect((await open(page)).headers.location).toBe(
      `${app.tenantOrigin('acme')}/api/auth/login?return_url=%2Fpages%2Forders%3Fpage%3D2`,
    );
    const login = await browser.get(page, { headers: NAVIGATION });
    const landed = await submitPassword(browser, login, userOf(emulator));

    expect(landed.url).toBe(page);
    expect(landed.status).toBe(200);
  });

  it('on the root domain: the same page of the tenant that is asked for on the way', async () => {
    const { origin } = await start(platform, { hasSubdomains: true });

    const landed = await visit(`${origin}/pages/orders?page=2`);

    expect(landed.url).toBe(`${app.tenantOrigin('acme')}/pages/orders?page=2`);
    expect(landed.status).toBe(200);
  });

  it('on a host that is none of the application: the way back is dropped', async () => {
    const { port } = await start(platform, { hasSubdomains: true });

    const landed = await visit(`http://127.0.0.1:${port}/pages/orders`);

    expect(landed.url).toBe(`${app.tenantOrigin('acme')}/api/auth/session`);
  });
});
