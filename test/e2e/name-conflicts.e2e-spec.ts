import fastifyCookie from '@fastify/cookie';
import secureSession from '@fastify/secure-session';
import fastifySession from '@fastify/session';
import { Controller, Get, type INestApplication, Req, Res } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import cookieSession from 'cookie-session';
import expressSession from 'express-session';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendSetCookie } from '../../lib/http/http-response.js';
import { type HttpResponse, MemorySessionStore, Session, type SessionOptions } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { CounterController } from '../support/counter.controller.js';
import { type Platform, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

type Theirs = { views?: number };
type AnyRequest = { session: Theirs };

@Controller('pages')
class PagesController {
  @Get('both')
  both(@Req() req: AnyRequest, @Session() session: Session<{ count: number }>) {
    req.session.views = 1;
    session.count = session.get('count', 0) + 1;
    return { count: session.count };
  }

  @Get('theirs')
  theirs(@Req() req: AnyRequest) {
    req.session.views = (req.session.views ?? 0) + 1;
    return {};
  }

  @Get('csrf')
  csrf(@Session() session: Session<{ count: number }>, @Res({ passthrough: true }) res: HttpResponse) {
    appendSetCookie(res, 'CSRF-TOKEN=theirs; Path=/');
    session.count = 1;
    return {};
  }

  @Get('sign-out')
  signOut(@Session() session: Session<{ count: number }>, @Res({ passthrough: true }) res: HttpResponse) {
    appendSetCookie(res, 'session=; Path=/; Max-Age=0');
    return { size: session.size };
  }
}

const KEYS = ['some-key-of-the-neighbour-of-32-or-more-chars'];
const SECRET = KEYS[0]!;
const fastify = (app: INestApplication) => app as NestFastifyApplication;
const register = (app: INestApplication, plugin: unknown, options: object = {}) =>
  fastify(app).register(plugin as typeof fastifyCookie, options);
const secure = { key: Buffer.alloc(32, 7), cookie: { path: '/', secure: false } };
const stored = { secret: SECRET, cookieName: 'session', cookie: { secure: false } };

interface Neighbour {
  readonly title: string;
  readonly platform: Platform;
  /** How the warnings name it. */
  readonly name: string;
  readonly mount: (app: INestApplication) => unknown;
  /** Whether it has a cookie of the name of ours. */
  readonly hasCookie: boolean;
}

const NEIGHBOURS: readonly Neighbour[] = [
  {
    title: 'cookie-session',
    platform: 'express',
    name: 'cookie-session',
    mount: (app) => app.use(cookieSession({ keys: KEYS })),
    hasCookie: true,
  },
  {
    title: 'express-session with a cookie named session',
    platform: 'express',
    name: 'express-session',
    mount: (app) =>
      app.use(expressSession({ name: 'session', secret: SECRET, resave: false, saveUninitialized: false })),
    hasCookie: true,
  },
  {
    title: 'middleware that assigns',
    platform: 'express',
    name: 'Something else',
    mount: (app) =>
      app.use((req: AnyRequest, _: unknown, next: () => void) => {
        req.session = {};
        next();
      }),
    hasCookie: false,
  },
  {
    title: 'middleware that defines a property',
    platform: 'express',
    name: 'Something else',
    mount: (app) =>
      app.use((req: AnyRequest, _: unknown, next: () => void) => {
        Object.defineProperty(req, 'session', { value: {} });
        next();
      }),
    hasCookie: false,
  },
  {
    title: 'a getter on every request, from before',
    platform: 'express',
    name: 'Something else',
    mount: (app) => {
      const theirs = {};
      Object.defineProperty(app.getHttpAdapter().getInstance().request, 'session', { get: () => theirs });
    },
    hasCookie: false,
  },
  {
    title: 'a getter on every request, from later',
    platform: 'express',
    name: 'Something else',
    mount: async (app) => {
      await app.init();
      const theirs = {};
      Object.defineProperty(app.getHttpAdapter().getInstance().request, 'session', { get: () => theirs });
    },
    hasCookie: false,
  },
  ...[true, false].flatMap((isAwaited): Neighbour[] => {
    const how = isAwaited ? 'and awaited' : 'without await';
    return [
      {
        title: `@fastify/secure-session, registered ${how}`,
        platform: 'fastify',
        name: '@fastify/secure-session',
        mount: async (app) => {
          const registered = register(app, secureSession, secure);
          if (isAwaited) await registered;
        },
        hasCookie: true,
      },
      {
        title: `@fastify/session with a cookie named session, registered ${how}`,
        platform: 'fastify',
        name: '@fastify/session',
        mount: async (app) => {
          const registered = [register(app, fastifyCookie), register(app, fastifySession, stored)];
          if (isAwaited) for (const one of registered) await one;
        },
        hasCookie: true,
      },
      {
        title: `@fastify/secure-session, registered after the application began, ${how}`,
        platform: 'fastify',
        name: '@fastify/secure-session',
        mount: (app) => afterInit(() => [register(app, secureSession, secure)], isAwaited),
        hasCookie: true,
      },
      {
        title: `@fastify/session, registered after the application began, ${how}`,
        platform: 'fastify',
        name: '@fastify/session',
        mount: (app) =>
          afterInit(() => [register(app, fastifyCookie), register(app, fastifySession, stored)], isAwaited),
        hasCookie: true,
      },
    ];
  }),
  {
    title: 'a hook that assigns',
    platform: 'fastify',
    name: 'Something else',
    mount: (app) => {
      fastify(app)
        .getHttpAdapter()
        .getInstance()
        .addHook('preHandler', (request, _, done) => {
          (request as unknown as AnyRequest).session = {};
          done();
        });
    },
    hasCookie: false,
  },
  {
    title: 'a decorator of the application',
    platform: 'fastify',
    name: 'Something else',
    mount: (app) => {
      const instance = fastify(app).getHttpAdapter().getInstance();
      instance.decorateRequest('session', { getter: () => ({}) as never });
    },
    hasCookie: false,
  },
];

/** Between the start of the library and that of the server: where a module may register a plugin. */
function afterInit(mount: () => PromiseLike<unknown>[], isAwaited: boolean): void {
  hooks.push(async () => {
    const registered = mount();
    if (isAwaited) for (const one of registered) await one;
  });
}

const hooks: (() => Promise<void>)[] = [];

/** A provider of the application that is initialised after the library. */
class LateModule {
  async onApplicationBootstrap(): Promise<void> {
    for (const hook of hooks.splice(0)) await hook();
  }
}

describe.each<[mode: string, session: () => Partial<SessionOptions>]>([
  ['a cookie', () => ({})],
  ['a store', () => ({ store: new MemorySessionStore(), cookieName: 'session' })],
])('a session in %s', (_mode, sessionOptions) => {
  let emulator: WristbandEmulator;
  beforeAll(async () => {
    emulator = await startWristbandEmulator();
  });
  afterAll(() => emulator.close());

  const start = (platform: Platform, mount: Neighbour['mount'], session: Partial<SessionOptions> = {}) =>
    startTestApp({
      emulator,
      platform,
      controllers: [PagesController, CounterController],
      providers: [LateModule],
      options: { session: { secrets: SESSION_SECRET, secure: false, ...sessionOptions(), ...session } },
      configure: async (nest) => void (await mount(nest)),
    });
  const get = (browser: Browser, app: TestApp, path: string) => browser.get(`${app.origin}/${path}`);
  const warnings = (app: TestApp) => app.logs.filter((line) => /Set session\./.test(line)).toSorted();

  describe.each(NEIGHBOURS)('beside $title ($platform)', ({ platform, name, mount, hasCookie }) => {
    it('is written behind theirs, and one warning for each name says what to change', async () => {
      const app = await start(platform, mount);
      const browser = new Browser();

      const { status, setCookies } = await get(browser, app, 'pages/both');
      await get(browser, app, 'pages/both');

      expect(status).toBe(200);
      const names = setCookies.map((line) => line.split('=')[0]);
      expect(names.filter((one) => one === 'session')).toHaveLength(hasCookie ? 2 : 1);
      expect(setCookies.at(-1)).toMatch(/^session=[\w-]+(\.[\w-]*){4};/);
      expect((await get(browser, app, 'counter/read')).json()).toEqual({ count: 2 });
      expect(warnings(app)).toEqual([
        ...(hasCookie
          ? [expect.stringMatching(`^${name} .* cookie named session .*session.cookieName`)]
          : []),
        expect.stringMatching(`^${name} uses req.session .*session.requestProperty`),
      ]);
      await app.close();
    });

    it('gets on with it under other names, without a warning', async () => {
      const app = await start(platform, mount, { cookieName: 'mine', requestProperty: 'mine' });
      const browser = new Browser();

      await get(browser, app, 'pages/both');
      await get(browser, app, 'pages/theirs');
      const { setCookies } = await get(browser, app, 'pages/both');

      expect(setCookies.at(-1)).toMatch(/^mine=/);
      expect((await get(browser, app, 'counter/read')).json()).toEqual({ count: 2 });
      expect(warnings(app)).toEqual([]);
      await app.close();
    });
  });

  it.each(NEIGHBOURS.filter(({ hasCookie }) => hasCookie))(
    'tells of the cookie of $title also when it only came with a request',
    async ({ platform, name, mount }) => {
      const app = await start(platform, mount, { requestProperty: 'mine' });
      const browser = new Browser();

      await get(browser, app, 'pages/theirs');
      expect(warnings(app)).toEqual([]);
      await get(browser, app, 'counter/read');

      expect(warnings(app)).toEqual([
        expect.stringMatching(`^${name} .* cookie named session .*session.cookieName`),
      ]);
      await app.close();
    },
  );

  it.each<Platform>(['express', 'fastify'])('tells of a foreign CSRF cookie (%s)', async (platform) => {
    const app = await start(platform, () => undefined, { enableCsrfProtection: true });

    await get(new Browser(), app, 'pages/csrf');

    expect(warnings(app)).toEqual([expect.stringContaining('session.csrfCookieName')]);
    await app.close();
  });

  it.each<Platform>(['express', 'fastify'])(
    'leaves it to the application to remove the cookie, and strangers cannot cause a warning (%s)',
    async (platform) => {
      const app = await start(platform, () => undefined);
      const browser = new Browser();
      await get(browser, app, 'counter/up');

      const { setCookies } = await get(browser, app, 'pages/sign-out');
      await browser.get(`${app.origin}/counter/read`, { headers: { cookie: 'session=s%3Aforged.value' } });

      expect(setCookies).toEqual(['session=; Path=/; Max-Age=0']);
      expect(warnings(app)).toEqual([]);
      await app.close();
    },
  );
});
