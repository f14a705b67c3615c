import fastifyCompress from '@fastify/compress';
import fastifyCookie from '@fastify/cookie';
import fastifyHelmet from '@fastify/helmet';
import secureSession from '@fastify/secure-session';
import fastifySession from '@fastify/session';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  type INestApplication,
  Injectable,
  Module,
  Post,
  Render,
  Req,
  Res,
  Scope,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import {
  APP_GUARD,
  BaseExceptionFilter,
  ContextIdFactory,
  HttpAdapterHost,
  type HostComponentInfo,
  RouterModule,
} from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import compression from 'compression';
import cookieParser from 'cookie-parser';
import cookieSession from 'cookie-session';
import type { Request, Response } from 'express';
import expressSession from 'express-session';
import helmet from 'helmet';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClsModule, ClsService } from 'nestjs-cls';
import passport from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import { expect, onTestFinished } from 'vitest';
import { CurrentUser, Public, Session, SessionAuthGuard } from '../../lib/index.js';
import { signInAs, startWristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { describeNeighbours, type Neighbour, VisitController } from '../support/neighbours.js';
import { startTestApp } from '../support/test-app.js';

const SECRET = 'a-secret-of-the-neighbour-of-32-or-more-characters';
const express = { platforms: ['express'] } as const;
const fastify = { platforms: ['fastify'] } as const;
/** Names that leave those of the neighbour alone, as the README says. */
const otherNames = { cookieName: 'wristband', requestProperty: 'wristband' };
const register = async (app: INestApplication, plugin: unknown, options: object = {}) => {
  await (app as NestFastifyApplication).register(plugin as typeof fastifyCookie, options);
};

@Controller('preferences')
class PreferencesController {
  @Get('write')
  @Public()
  write(@Res({ passthrough: true }) res: Response) {
    res.cookie('size', 'large', { signed: true });
    res.cookie('bag', { colour: 'red' });
    return 'written';
  }

  @Get('read')
  @UseGuards(SessionAuthGuard)
  read(@Req() req: Request, @Session('userId') userId: string) {
    return JSON.stringify([req.signedCookies, (req.cookies as { bag: unknown }).bag, typeof userId]);
  }
}

const parsesCookies: Omit<Neighbour, 'title'> = {
  ...express,
  controllers: [PreferencesController],
  check: async ({ browser, base }) => {
    await browser.get(`${base}/preferences/write`);
    const read = await browser.get(`${base}/preferences/read`);
    expect(read.text).toBe('[{"size":"large"},{"colour":"red"},"string"]');
  },
};

@Module({})
class LateCookieParser {
  configure(consumer: { apply(middleware: unknown): { forRoutes(path: string): void } }) {
    consumer.apply(cookieParser(SECRET)).forRoutes('{*any}');
  }
}

/** Counts in the session of another library. */
@Controller('their')
class TheirSessionController {
  @Get('views')
  views(@Req() req: { session: { views?: number } }, @Session() ours: Session) {
    req.session.views = (req.session.views ?? 0) + 1;
    return `${req.session.views} and ${ours.userId === undefined ? 'nobody' : 'somebody'}`;
  }
}

const hasItsOwnSession: Partial<Neighbour> = {
  session: otherNames,
  controllers: [TheirSessionController],
  check: async ({ browser, base, app }) => {
    expect((await browser.get(`${base}/their/views`)).text).toBe('1 and somebody');
    expect((await browser.get(`${base}/their/views`)).text).toBe('2 and somebody');
    expect(app.logs.filter((line) => line.includes('Set session.'))).toEqual([]);
  },
};

@Controller('local')
class LocalController {
  @Post('login')
  async login(@Req() req: Request) {
    await new Promise<void>((resolve, reject) => {
      const done = (error: unknown) => (error ? reject(error as Error) : resolve());
      const signIn = passport.authenticate('local', (error: unknown, user: Express.User) =>
        error ? done(error) : req.logIn(user, done),
      ) as (...values: unknown[]) => void;
      signIn(req, {}, done);
    });
    return 'signed in locally';
  }

  @Get('user')
  user(@Req() req: Request, @Session() session: Session) {
    return JSON.stringify([req.user, req.isAuthenticated(), typeof session.userId]);
  }
}

const passportLocal: Neighbour = {
  title: 'express-session with passport-local',
  ...express,
  session: otherNames,
  controllers: [LocalController],
  configure: (app) => {
    const name = { name: 'local' };
    passport.use(
      'local',
      new LocalStrategy((username, _password, done) => done(null, { name: username } as Express.User)),
    );
    passport.serializeUser((user, done) => done(null, user));
    passport.deserializeUser((user: Express.User, done) => done(null, user));
    app.use(expressSession({ ...name, secret: SECRET, resave: false, saveUninitialized: false }));
    app.use(passport.initialize(), passport.session());
  },
  check: async ({ browser, base, post }) => {
    const answer = await post('/local/login', { username: 'carol', password: 'x' });
    expect(answer.text).toBe('signed in locally');
    expect((await browser.get(`${base}/local/user`)).text).toBe('[{"name":"carol"},true,"string"]');
  },
};

@Catch()
class CatchAll implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const status = error instanceof HttpException ? error.getStatus() : 500;
    const [, response] = host.getArgs<[unknown, object]>();
    this.host.httpAdapter.reply(response, { failed: true, status }, status);
  }
}

@Catch()
class CatchAndPassOn extends BaseExceptionFilter {}

@Controller('cls')
class ClsController {
  constructor(private readonly cls: ClsService) {}

  @Get()
  @UseGuards(SessionAuthGuard)
  async get(@CurrentUser('userId') userId: string) {
    this.cls.set('user', userId);
    await new Promise((resolve) => setImmediate(resolve));
    return `${this.cls.get<string>('user')} ${typeof this.cls.getId()}`;
  }
}

/** One for each tenant. */
@Injectable({ scope: Scope.REQUEST, durable: true })
class TenantService {
  static made = 0;
  readonly number = (TenantService.made += 1);
}

@Controller('tenant')
class TenantController {
  constructor(private readonly service: TenantService) {}

  @Get()
  @UseGuards(SessionAuthGuard)
  get(@CurrentUser('tenantId') tenantId: string) {
    return `${tenantId} ${this.service.number}`;
  }
}

const durableProviders: Neighbour = {
  title: 'durable providers by tenant',
  // The session of a store is not there before a guard has asked for it.
  modes: ['cookie'],
  controllers: [TenantController],
  providers: () => [TenantService],
  configure: () => {
    const trees = new Map<string, ReturnType<typeof ContextIdFactory.create>>();
    ContextIdFactory.apply({
      attach: (contextId, request: { session?: { tenantId?: string } }) => {
        const tenant = request.session?.tenantId ?? 'none';
        const tree = trees.get(tenant) ?? ContextIdFactory.create();
        trees.set(tenant, tree);
        return {
          resolve: (info: HostComponentInfo) => (info.isTreeDurable ? tree : contextId),
          payload: { tenant },
        };
      },
    });
    // It holds for the whole process.
    onTestFinished(() => ContextIdFactory.apply(undefined as never));
  },
  check: async ({ browser, base }) => {
    const first = (await browser.get(`${base}/tenant`)).text;
    expect(first).toMatch(/^tenant-acme \d+$/);
    expect((await browser.get(`${base}/tenant`)).text).toBe(first);
  },
};

@Controller('page')
class PageController {
  @Get()
  @Render('page')
  page(@Session() session: Session<{ seen: number }>) {
    session.seen = session.get('seen', 0) + 1;
    return { user: session.userId, seen: session.seen };
  }
}

@Controller('routed')
class RoutedController {
  @Get()
  @UseGuards(SessionAuthGuard)
  get(@Session('userId') userId: string) {
    return `routed ${userId}`;
  }
}

@Module({ controllers: [RoutedController] })
class RoutedModule {}

@Controller('hints')
class HintsController {
  @Get()
  @UseGuards(SessionAuthGuard)
  hints(
    @Session() session: Session<{ hinted: number }>,
    @Res({ passthrough: true }) response: ServerResponse | { readonly raw: ServerResponse },
  ) {
    const raw = 'raw' in response ? response.raw : response;
    raw.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    session.hinted = session.get('hinted', 0) + 1;
    return `hinted ${session.hinted}`;
  }
}

const plain: Neighbour = {
  title: 'nothing but early hints, HEAD, OPTIONS and conditional requests',
  controllers: [HintsController],
  check: async ({ browser, base }) => {
    expect((await browser.get(`${base}/hints`)).text).toBe('hinted 1');
    expect((await browser.get(`${base}/hints`)).text).toBe('hinted 2');
    const head = await browser.request(`${base}/visit/cart`, { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
    const options = await browser.request(`${base}/visit/cart`, { method: 'OPTIONS' });
    expect(options.status).toBe(404);
    const { headers } = await browser.get(`${base}/visit/cart`);
    const again = await browser.get(`${base}/visit/cart`, {
      headers: { 'if-none-match': headers.etag ?? '"none"' },
    });
    expect(again.status).toBe(headers.etag === undefined ? 200 : 304);
    expect((await browser.get(`${base}/hints`)).text).toBe('hinted 3');
  },
};

const secondApplication: Neighbour = {
  title: 'a second application in the process',
  check: async ({ browser, base, platform }) => {
    const emulator = await startWristbandEmulator();
    const session = { secrets: SECRET, secure: false };
    const options = { session };
    const second = await startTestApp({ emulator, platform, options, controllers: [VisitController] });
    const { headers, userId } = await signInAs(second.app, { user: 'linus@globex.example' });
    expect((await new Browser({ headers }).get(`${second.origin}/visit/cart`)).text).toContain(userId);
    expect((await browser.get(`${second.origin}/visit/cart`)).status).toBe(401);
    await second.close();
    await emulator.close();
    expect((await browser.get(`${base}/visit/cart`)).status).toBe(200);
  },
};

const everything = { transform: true, whitelist: true, validateCustomDecorators: true };

describeNeighbours([
  plain,
  secondApplication,
  ...[
    {},
    { transform: true },
    { whitelist: true },
    { ...everything },
    { ...everything, transformOptions: { enableImplicitConversion: true, excludeExtraneousValues: true } },
  ].map((options): Neighbour => ({
    title: `ValidationPipe(${JSON.stringify(options)})`,
    configure: (app) => void app.useGlobalPipes(new ValidationPipe(options)),
  })),
  {
    title: 'a filter that catches everything',
    configure: (app) => void app.useGlobalFilters(new CatchAll(app.get(HttpAdapterHost))),
  },
  {
    title: 'a filter that extends BaseExceptionFilter',
    configure: (app) => void app.useGlobalFilters(new CatchAndPassOn(app.get(HttpAdapterHost).httpAdapter)),
  },
  {
    title: 'throttler',
    imports: () => [ThrottlerModule.forRoot([{ ttl: 60_000, limit: 20 }])],
    providers: () => [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
    check: async ({ browser, base }) => {
      const statuses: number[] = [];
      for (let count = 0; count < 21; count += 1) {
        const { status } = await browser.get(`${base}/api/auth/login?tenant_name=acme`, {
          redirect: 'manual',
        });
        statuses.push(status);
      }
      expect([...new Set(statuses)]).toEqual([302, 429]);
    },
  },
  { title: 'helmet', ...express, configure: (app) => void app.use(helmet()) },
  { title: '@fastify/helmet', ...fastify, configure: (app) => register(app, fastifyHelmet) },
  {
    title: 'compression',
    ...express,
    requestHeaders: { 'accept-encoding': 'gzip' },
    configure: (app) => void app.use(compression({ threshold: 0 })),
    check: async ({ browser, base }) => {
      const { headers } = await browser.get(`${base}/visit/cart`);
      expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: expect.stringContaining('Cookie') });
    },
  },
  {
    title: '@fastify/compress',
    ...fastify,
    requestHeaders: { 'accept-encoding': 'gzip' },
    configure: (app) => register(app, fastifyCompress, { threshold: 0, encodings: ['gzip'] }),
    check: async ({ browser, base }) => {
      const { headers } = await browser.get(`${base}/visit/cart`);
      expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: expect.stringMatching(/cookie/i) });
    },
  },
  {
    title: 'cookie-parser with a secret, before',
    ...parsesCookies,
    configure: (app) => void app.use(cookieParser(SECRET)),
  },
  { title: 'cookie-parser with a secret, after', ...parsesCookies, imports: () => [LateCookieParser] },
  {
    title: 'cookie-session',
    ...express,
    ...hasItsOwnSession,
    configure: (app) => void app.use(cookieSession({ keys: [SECRET] })),
  },
  passportLocal,
  {
    title: '@fastify/cookie',
    ...fastify,
    configure: (app) => register(app, fastifyCookie, { secret: SECRET }),
  },
  {
    title: '@fastify/session',
    ...fastify,
    ...hasItsOwnSession,
    configure: async (app) => {
      await register(app, fastifyCookie);
      await register(app, fastifySession, { secret: SECRET, cookie: { secure: false } });
    },
  },
  {
    title: '@fastify/secure-session',
    ...fastify,
    ...hasItsOwnSession,
    configure: (app) =>
      register(app, secureSession, { key: Buffer.alloc(32, 7), cookie: { path: '/', secure: false } }),
  },
  {
    title: 'nestjs-cls',
    imports: () => [ClsModule.forRoot({ global: true, middleware: { mount: true, generateId: true } })],
    controllers: [ClsController],
    check: async ({ browser, base }) => {
      expect((await browser.get(`${base}/cls`)).text).toMatch(/^user-\S+ string$/);
    },
  },
  durableProviders,
  {
    title: 'views of hbs',
    ...express,
    controllers: [PageController],
    configure: (app) => {
      const folder = mkdtempSync(join(tmpdir(), 'views-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      writeFileSync(join(folder, 'page.hbs'), '<p>{{user}} {{seen}}</p>');
      const views = app as INestApplication &
        Record<'setBaseViewsDir' | 'setViewEngine', (value: string) => void>;
      views.setBaseViewsDir(folder);
      views.setViewEngine('hbs');
    },
    check: async ({ browser, base }) => {
      await browser.get(`${base}/page`);
      expect((await browser.get(`${base}/page`)).text).toMatch(/^<p>user-\S+ 2<\/p>$/);
    },
  },
  {
    title: 'RouterModule',
    imports: () => [RoutedModule, RouterModule.register([{ path: 'below', module: RoutedModule }])],
    check: async ({ browser, base }) => {
      expect((await browser.get(`${base}/below/routed`)).text).toMatch(/^routed user-/);
    },
  },
]);
