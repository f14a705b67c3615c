import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Body, Controller, Get, type INestApplication, Post, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { SessionAuthGuard, type WristbandException, WristbandAuthService } from '../../lib/index.js';
import { signInAs, startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { type ProxyRule, type ReverseProxy, startReverseProxy } from '../support/reverse-proxy.js';
import {
  describePlatforms,
  optionsFor,
  type Platform,
  startTestApp,
  type TestApp,
  type TestAppOptions,
} from '../support/test-app.js';

@Controller()
@UseGuards(SessionAuthGuard)
class PagesController {
  @Get('page')
  page() {
    return {};
  }

  @Post('save')
  save(@Body() body: object) {
    return body;
  }
}

const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

/** An application behind a proxy, with a user who is signed in. */
class Site {
  private constructor(
    private readonly emulator: WristbandEmulator,
    readonly app: TestApp,
    readonly proxy: ReverseProxy,
    readonly cookies: Readonly<Record<string, string>>,
  ) {}

  static async start(setup: Partial<TestAppOptions>): Promise<Site> {
    const emulator = setup.emulator ?? (await startWristbandEmulator());
    const app = await startTestApp({
      controllers: [PagesController],
      ...setup,
      emulator,
      options: { ...optionsFor(emulator), redirectPagesToLogin: true, ...setup.options },
    });
    openSockets(app.app);
    const { headers } = await signInAs(app.app, { user: 'grace@acme.example' });
    return new Site(emulator, app, await startReverseProxy(app.port), headers);
  }

  /** What becomes of a socket and of a POST of a page, and where a visitor comes back to. */
  async try(origin: string, rule: ProxyRule, headers: Record<string, string> = {}) {
    this.proxy.rule = rule;
    const url = `http://localhost:${this.proxy.port}`;
    const sent = { ...this.cookies, origin, ...headers };
    const { status } = await new Browser().post(`${url}/shop/save`, { headers: sent });
    const socket = new WebSocket(`${url.replace('http', 'ws')}/shop/socket`, { headers: sent });
    const [message] = (await once(socket, 'message')) as [Buffer];
    const closed = once(socket, 'close');
    socket.close();
    await closed;
    return { socket: String(message), post: status };
  }

  /** Where a browser that opens a page without a session is sent to, and from there back to. */
  async wayBack(rule: ProxyRule, path = '/page?a=%2F') {
    this.proxy.rule = rule;
    const url = `http://localhost:${this.proxy.port}${path}`;
    const response = await new Browser().get(url, { headers: PAGE, redirect: 'manual' });
    const { searchParams, origin, pathname } = response.location;
    return { to: `${origin}${pathname}`, back: searchParams.get('return_url') };
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await this.app.close();
    await this.emulator.close();
  }
}

function openSockets(app: INestApplication): void {
  const server = new WebSocketServer({ noServer: true });
  const wristband = app.get(WristbandAuthService);
  app.getHttpServer().on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    server.handleUpgrade(request, socket, head, (client) => {
      void wristband.authenticateSocket(client, request).then(
        () => client.send('in'),
        ({ code }: WristbandException) => client.send(code),
      );
    }),
  );
}

const SHOP = 'https://shop.example.com';
const IN = { socket: 'in', post: 201 };
const OUT = { socket: 'csrf_failed', post: 403 };
const byHand = (origin: string, prefix = '') => ({
  autoConfigureEnabled: false,
  loginUrl: `${origin}${prefix}/api/auth/login`,
  redirectUri: `${origin}${prefix}/api/auth/callback`,
});

/** What proxies make of the host in front of them. */
const HOSTS: readonly (readonly [title: string, rule: ProxyRule])[] = [
  ['passes it on', { host: 'shop.example.com' }],
  ['writes the default port out', { host: 'shop.example.com:443' }],
  ['writes the default port of http out', { host: 'shop.example.com:80' }],
  ['writes it in capitals, with a trailing dot', { host: 'Shop.Example.COM.' }],
  ["puts the upstream's name there", { host: 'backend:3000' }],
  ["puts the upstream's address there", { host: '10.0.0.7' }],
  ["puts the upstream's IPv6 address there", { host: '[fd00::7]:3000' }],
  [
    'is one of several',
    { host: 'backend:3000', headers: { 'x-forwarded-host': 'shop.example.com, inner.example' } },
  ],
];

describePlatforms('an application behind a proxy', (platform: Platform) => {
  describe.each([
    ['URLs by hand', false],
    ['URLs by hand, and trusts the proxy', true],
  ] as const)('with %s', (_title, trustsProxies) => {
    let site: Site;

    beforeAll(async () => {
      site = await Site.start({ platform, trustsProxies, options: byHand(SHOP) });
    });
    afterAll(() => site.close());

    it.each(HOSTS)('that %s: knows its own pages, and no others', async (_name, rule) => {
      rule = { ...rule, strip: '/shop' };

      expect(await site.try(SHOP, rule)).toEqual(IN);
      expect(await site.try('https://evil.example', rule)).toEqual(OUT);
      expect(await site.try(`${SHOP}.evil.example`, rule)).toEqual(OUT);
      expect(await site.try('null', rule)).toEqual(OUT);
      expect(await site.wayBack(rule)).toEqual({ to: `${SHOP}/api/auth/login`, back: '/page?a=%2F' });
    });

    it('takes no header of the page for the host', async () => {
      const evil = 'https://evil.example';
      const headers = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' };

      // A proxy that is trusted overwrites these.
      if (!trustsProxies) expect(await site.try(evil, { strip: '/shop' }, headers)).toEqual(OUT);
      expect(await site.try(evil, { strip: '/shop' }, { 'sec-fetch-site': 'cross-site' })).toEqual(OUT);
      const { back } = await site.wayBack({ headers: { ...headers, host: 'evil.example' } });
      expect(back).toBe('/page?a=%2F');
    });

    it('says in the log which hosts differ, and what to do', async () => {
      site.app.logs.length = 0;

      await site.try('https://other.example', { host: 'backend:3000', strip: '/shop' });

      const [line] = site.app.logs.filter((one) => one.includes('foreign page'));
      expect(line).toMatch(/Origin https:\/\/other\.example, Host backend:3000/);
      expect(line).toContain('trustedOrigins');
    });

    it('does not believe a path prefix of a client', async () => {
      const headers = { 'x-forwarded-prefix': '/store' };
      const { back } = await site.wayBack({ headers });
      const evil = await site.wayBack({ headers: { 'x-forwarded-prefix': '//evil.example' } });

      expect(back).toBe(trustsProxies ? '/store/page?a=%2F' : '/page?a=%2F');
      expect(evil.back).toBe('/page?a=%2F');
    });
  });

  it('leaves a port out where the application is not on the default one', async () => {
    const own = `${SHOP}:8443`;
    const site = await Site.start({ platform, options: byHand(own) });

    for (const host of ['shop.example.com:8443', 'shop.example.com', 'shop.example.com:443']) {
      expect(await site.try(own, { host, strip: '/shop' })).toEqual(IN);
      expect(await site.try(`${SHOP}:9443`, { host, strip: '/shop' })).toEqual(OUT);
      expect((await site.wayBack({ host })).back).toBe('/page?a=%2F');
    }
    await site.close();
  });

  it('knows its origins from Wristband, and signs nobody out while it cannot ask', async () => {
    const emulator = await startWristbandEmulator();
    const site = await Site.start({ platform, emulator });
    emulator.setApplication({
      loginUrl: 'http://shop.localhost/api/auth/login',
      redirectUris: ['http://in.localhost:81/api/auth/callback'],
    });
    const rule = { host: 'backend:3000', strip: '/shop' };

    emulator.fail('sdkConfiguration', { kind: 'status', status: 503 });
    expect(await site.try('http://shop.localhost', rule)).toEqual({
      socket: 'wristband_unavailable',
      post: 503,
    });
    // What the browser says needs nobody else.
    expect(await site.try('http://evil.example', rule, { 'sec-fetch-site': 'cross-site' })).toEqual(OUT);
    emulator.heal();

    expect(await site.try('http://shop.localhost', rule)).toEqual(IN);
    expect(await site.try('http://in.localhost:81', rule)).toEqual(IN);
    expect(await site.try('http://in.localhost', rule)).toEqual(OUT);
    expect(await site.try('http://evil.localhost', rule)).toEqual(OUT);
    await site.close();
  });

  describe('that cuts a prefix off the path', () => {
    const PREFIXED = {
      loginUrl: `${SHOP}/shop/eu/api/auth/login`,
      redirectUri: `${SHOP}/shop/eu/api/auth/callback`,
    };
    const strip = '/shop/eu';

    it.each([
      ['an endpoint by hand', {}],
      ['a ready-made endpoint', { routes: { path: 'api/auth' } }],
    ])('leads back with the prefix: %s', async (_title, options) => {
      const site = await Site.start({ platform, options: { ...byHand(SHOP), ...PREFIXED, ...options } });

      expect(await site.wayBack({ strip, host: 'backend:3000' }, '/shop/eu/page?a=%2F')).toEqual({
        to: PREFIXED.loginUrl,
        back: '/shop/eu/page?a=%2F',
      });
      await site.close();
    });

    it('does not take a global prefix for one', async () => {
      const site = await Site.start({
        platform,
        options: { ...byHand(SHOP), ...PREFIXED, routes: { path: 'api/auth' } },
        configure: (nest) => void nest.setGlobalPrefix('eu'),
      });

      const { back } = await site.wayBack({ strip: '/shop' }, '/shop/eu/page');
      expect(back).toBe('/shop/eu/page');
      await site.close();
    });

    it('trusts X-Forwarded-Prefix of several proxies, in their order, before loginUrl', async () => {
      const site = await Site.start({
        platform,
        trustsProxies: true,
        options: { ...byHand(SHOP), ...PREFIXED, routes: { path: 'api/auth' } },
      });
      const backWith = async (prefix: string) =>
        (await site.wayBack({ headers: { 'x-forwarded-prefix': prefix } })).back;

      expect(await backWith('/store')).toBe('/store/page?a=%2F');
      expect(await backWith('/store/, /us')).toBe('/store/us/page?a=%2F');
      expect(await backWith('/')).toBe('/page?a=%2F');
      for (const wrong of ['//evil.example', 'store', '/a b', '/a?b', '/a\\b'])
        expect(await backWith(wrong)).toBe('/shop/eu/page?a=%2F');
      await site.close();
    });

    it('sees that the Login Endpoint itself is guarded, whatever the proxy made of host and path', async () => {
      const site = await Site.start({
        platform,
        options: { ...byHand(SHOP), ...PREFIXED },
        configure: (nest) => void nest.useGlobalGuards(nest.get(SessionAuthGuard)),
      });
      site.proxy.rule = { strip, host: 'backend:3000' };
      const open = (path: string) =>
        new Browser().get(`http://localhost:${site.proxy.port}${path}`, {
          headers: PAGE,
          redirect: 'manual',
        });

      expect((await open('/shop/eu/page')).status).toBe(302);
      expect((await open('/shop/eu/api/auth/login')).status).toBe(401);
      expect(site.app.logs.join()).toContain('the Login Endpoint is behind a guard');
      await site.close();
    });
  });
});

describePlatforms('tenants with subdomains', (platform: Platform) => {
  const TENANTS = {
    ...byHand('https://{tenant_name}.app.example'),
    parseTenantFromRootDomain: 'app.example',
  };
  const acme = 'https://acme.app.example';
  let site: Site;

  beforeAll(async () => {
    site = await Site.start({ platform, options: TENANTS });
  });
  afterAll(() => site.close());

  it.each(['acme.app.example', 'acme.app.example:443', 'ACME.app.example.', 'backend:3000'])(
    'keeps pages of other tenants away, with Host %s',
    async (host) => {
      const rule = { host, strip: '/shop' };
      const sameSite = { 'sec-fetch-site': 'same-site' };

      expect(await site.try(acme, rule)).toEqual(IN);
      for (const origin of ['https://globex.app.example', 'https://x.globex.app.example', 'null']) {
        expect(await site.try(origin, rule)).toEqual(OUT);
        expect(await site.try(origin, rule, sameSite)).toEqual(OUT);
      }
      // The root domain belongs to no tenant; a socket is judged by its origin alone.
      expect(await site.try('https://app.example', rule, sameSite)).toEqual({ ...OUT, post: 201 });
      expect(await site.try(acme, rule, { 'sec-fetch-site': 'same-origin' })).toEqual(IN);
    },
  );

  it('lets the pages of a tenant call an API on another subdomain', async () => {
    const rule = { host: 'api.app.example', strip: '/shop' };

    expect(await site.try(acme, rule, { 'sec-fetch-site': 'same-site' })).toEqual(IN);
    expect(await site.try('https://globex.app.example', rule, { 'sec-fetch-site': 'same-site' })).toEqual(
      OUT,
    );
  });
});
