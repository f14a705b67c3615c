import {
  type CanActivate,
  Controller,
  type DynamicModule,
  Get,
  type INestApplication,
  Inject,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  type Type,
  UseGuards,
  VersioningType,
} from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import {
  Auth,
  CurrentUser,
  type HttpRequest,
  type HttpResponse,
  JwtAuthGuard,
  Public,
  Roles,
  RolesGuard,
  Session,
  SessionAuthGuard,
  WristbandAuthGuard,
  WristbandAuthService,
  WristbandModule,
  type WristbandModuleExtras,
  type WristbandOptions,
} from '../../lib/index.js';
import { CsrfVerifier } from '../../lib/csrf/csrf.verifier.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { accessTokenOf, signedIn } from '../support/bearer-tokens.js';
import { Browser } from '../support/browser.js';
import { describePlatforms, optionsFor, startTestApp, type TestApp } from '../support/test-app.js';

interface Wrapper {
  readonly name: string;
  readonly scope?: number;
  readonly isDependencyTreeStatic: () => boolean;
}

interface Container {
  getModules(): Map<
    string,
    Record<'providers' | 'controllers' | 'injectables', ReadonlyMap<unknown, Wrapper>>
  >;
}

@Controller('plain')
class PlainController {
  @Get()
  closed() {
    return { ok: true };
  }

  @Get('open')
  @Public()
  open() {
    return { ok: true };
  }
}

@Controller('feature')
class FeatureController {
  @Get()
  @UseGuards(SessionAuthGuard, RolesGuard)
  session(@CurrentUser('userId') userId: string, @Session('userId') same: string) {
    return { userId, same };
  }

  @Get('jwt')
  @UseGuards(JwtAuthGuard)
  jwt(@CurrentUser('userId') userId: string) {
    return { userId };
  }

  @Get('auth')
  @Auth('SESSION', 'JWT')
  auth(@CurrentUser('userId') userId: string) {
    return { userId };
  }

  @Get('admin')
  @UseGuards(SessionAuthGuard, RolesGuard)
  @Roles(['app:emulator:admin'])
  admin() {
    return { ok: true };
  }
}

@Controller({ path: 'versioned', version: '2' })
class VersionedController {
  @Get()
  @Auth()
  anyVersion() {
    return { ok: true };
  }
}

@Injectable()
class AllowAllGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

let emulator: WristbandEmulator;
/** Where sessions and tokens come from; the applications under test know the same secrets. */
let signInApp: TestApp;
let member: Browser;
let token = '';
const apps: INestApplication[] = [];

beforeAll(async () => {
  emulator = await startWristbandEmulator();
  signInApp = await startTestApp({ emulator });
  member = await signedIn(signInApp, emulator);
  token = await accessTokenOf(signInApp, emulator);
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});
afterAll(async () => {
  await signInApp.close();
  await emulator.close();
});

const wristband = (extras: WristbandModuleExtras & Partial<WristbandOptions> = {}) =>
  WristbandModule.forRoot({ ...optionsFor(emulator), ...extras });

function moduleOf(imports: (Type | DynamicModule)[], controllers: Type[] = []): Type {
  class AppModule {}
  Module({ imports, controllers })(AppModule);
  return AppModule;
}

describePlatforms('guards in modules', (platform) => {
  async function boot(
    root: Type,
    change: (builder: TestingModuleBuilder) => TestingModuleBuilder = (builder) => builder,
    configure: (app: INestApplication) => void = () => undefined,
  ) {
    const compiled = await change(Test.createTestingModule({ imports: [root] })).compile();
    const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
    const app = compiled.createNestApplication(adapter, { logger: false });
    configure(app);
    await app.listen(0, '127.0.0.1');
    apps.push(app);
    const { port } = app.getHttpServer().address() as { port: number };
    const send = async (path: string, headers: Record<string, string> = {}) =>
      new Browser().get(`http://localhost:${port}/${path}`, { headers });
    return { app, send };
  }

  const bySession = async () => ({ cookie: await member.jar.getCookieString(signInApp.origin) });
  const byToken = () => ({ authorization: `Bearer ${token}` });

  it('globalGuard closes everything that is not @Public', async () => {
    const { send } = await boot(moduleOf([wristband({ globalGuard: true })], [PlainController]));

    expect((await send('plain')).json()).toMatchObject({ statusCode: 401, code: 'not_authenticated' });
    expect((await send('plain', await bySession())).status).toBe(200);
    expect((await send('plain', byToken())).status).toBe(401);
    expect((await send('plain/open')).status).toBe(200);
    expect((await send('nowhere')).status).toBe(404);
  });

  it('globalGuard tries the strategies of the module', async () => {
    const root = moduleOf([wristband({ globalGuard: true, authStrategies: ['JWT', 'SESSION'] })]);
    const { send } = await boot(moduleOf([root, moduleOf([], [PlainController])]));

    expect((await send('plain', byToken())).status).toBe(200);
    expect((await send('plain', await bySession())).status).toBe(200);
    expect((await send('plain')).headers['www-authenticate']).toBe('Bearer');
  });

  it('globalGuard works with options that come from elsewhere', async () => {
    const asynchronous = WristbandModule.forRootAsync({
      useFactory: () => optionsFor(emulator),
      globalGuard: true,
    });
    const { send } = await boot(moduleOf([asynchronous], [PlainController]));

    expect((await send('plain')).status).toBe(401);
    expect((await send('plain', await bySession())).status).toBe(200);
  });

  it('globalGuard is off by default', async () => {
    const { send } = await boot(moduleOf([wristband()], [PlainController]));

    expect((await send('plain')).status).toBe(200);
  });

  it('globalGuard and guards of a handler do the work once', async () => {
    const csrf = vi.spyOn(CsrfVerifier.prototype, 'verify');
    const { send } = await boot(moduleOf([wristband({ globalGuard: true })], [FeatureController]));

    expect((await send('feature', await bySession())).status).toBe(200);
    expect(csrf).toHaveBeenCalledTimes(1);
  });

  it('a test can override the global guard', async () => {
    const root = moduleOf([wristband({ globalGuard: true })], [PlainController]);
    const byValue = await boot(root, (builder) =>
      builder.overrideProvider(WristbandAuthGuard).useValue({ canActivate: () => true }),
    );
    const byClass = await boot(root, (builder) =>
      builder.overrideProvider(WristbandAuthGuard).useClass(AllowAllGuard),
    );

    for (const { send } of [byValue, byClass]) expect((await send('plain')).status).toBe(200);
  });

  it('a test can override the guard of a handler', async () => {
    const { send } = await boot(moduleOf([wristband()], [FeatureController]), (builder) =>
      builder.overrideGuard(JwtAuthGuard).useClass(AllowAllGuard),
    );

    expect((await send('feature/jwt')).status).toBe(200);
    expect((await send('feature')).status).toBe(401);
  });

  it.each<[title: string, root: () => Type]>([
    ['the root module', () => moduleOf([wristband()], [FeatureController])],
    ['another module', () => moduleOf([wristband(), moduleOf([], [FeatureController])])],
    ['a module that comes first', () => moduleOf([moduleOf([], [FeatureController]), wristband()])],
    ['a module in a module', () => moduleOf([moduleOf([moduleOf([], [FeatureController])]), wristband()])],
    [
      'a dynamic module',
      () => {
        const feature: DynamicModule = { module: class Feature {}, controllers: [FeatureController] };
        return moduleOf([wristband(), feature]);
      },
    ],
    ['the importer, without isGlobal', () => moduleOf([wristband({ isGlobal: false })], [FeatureController])],
    [
      'a module that gets it from another, without isGlobal',
      () => {
        class SharedModule {}
        Module({ imports: [wristband({ isGlobal: false })], exports: [WristbandModule] })(SharedModule);
        return moduleOf([moduleOf([SharedModule], [FeatureController])]);
      },
    ],
  ])('work in %s', async (_title, root) => {
    const { send } = await boot(root());

    for (const path of ['feature', 'feature/jwt', 'feature/auth', 'feature/admin']) {
      expect((await send(path)).status).toBe(401);
    }
    const { userId, same } = (await send('feature', await bySession())).json();
    expect(userId).toBeTypeOf('string');
    expect(same).toBe(userId);
    expect((await send('feature/jwt', byToken())).json()).toEqual({ userId });
    expect((await send('feature/auth', byToken())).json()).toEqual({ userId });
    expect((await send('feature/admin', await bySession())).status).toBe(403);
  });

  it('work in a module that is imported when the application starts', async () => {
    const loaded = Promise.resolve({ module: class Feature {}, controllers: [FeatureController] });
    class AppModule {}
    Module({ imports: [wristband(), loaded] })(AppModule);
    const { send } = await boot(AppModule);

    expect((await send('feature')).status).toBe(401);
    expect((await send('feature', await bySession())).status).toBe(200);
  });

  it('work with versions and a global prefix', async () => {
    const { send } = await boot(
      moduleOf([wristband({ globalGuard: true })], [VersionedController, PlainController]),
      (builder) => builder,
      (app) => {
        app.setGlobalPrefix('api');
        app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      },
    );

    expect((await send('api/v2/versioned')).status).toBe(401);
    expect((await send('api/v2/versioned', await bySession())).status).toBe(200);
    expect((await send('api/v1/plain')).status).toBe(401);
    expect((await send('api/v1/plain/open')).status).toBe(200);
  });

  it('can be used by a module that is loaded later', async () => {
    @Injectable()
    class Later {
      constructor(
        @Inject(WristbandAuthService) readonly service: WristbandAuthService,
        @Inject(SessionAuthGuard) readonly guard: SessionAuthGuard,
      ) {}
    }
    class LaterModule {}
    Module({ providers: [Later] })(LaterModule);
    const { app } = await boot(moduleOf([wristband()]));

    const reference = await app.get(LazyModuleLoader).load(() => LaterModule);

    const { service, guard } = reference.get(Later);
    expect(service).toBe(app.get(WristbandAuthService, { strict: false }));
    expect(guard).toBeInstanceOf(SessionAuthGuard);
  });

  it('are made once: nothing in the container is made anew for each request', async () => {
    const root = moduleOf(
      [wristband({ globalGuard: true })],
      [FeatureController, PlainController, VersionedController],
    );
    const { app } = await boot(root);
    const { container } = app as unknown as { container: Container };
    const wrappers = [...container.getModules().values()].flatMap(
      ({ providers, controllers, injectables }) => [
        ...providers.values(),
        ...controllers.values(),
        ...injectables.values(),
      ],
    );
    // What Nest itself brings into every module.
    const ofNest = new Set(['REQUEST', 'INQUIRER']);
    const anew = wrappers.filter(
      ({ name, scope }) => scope !== undefined && scope !== 0 && !ofNest.has(name),
    );

    expect(wrappers.length).toBeGreaterThan(30);
    expect(wrappers.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['SessionAuthGuard', 'RolesGuard', 'FeatureController']),
    );
    expect(anew.map(({ name }) => name)).toEqual([]);
    expect(
      wrappers.filter((wrapper) => !ofNest.has(wrapper.name) && !wrapper.isDependencyTreeStatic()),
    ).toEqual([]);
  });

  it('authenticate() in middleware tells handlers the user', async () => {
    @Controller('middleware')
    class MiddlewareController {
      @Get()
      get(@CurrentUser('userId') userId: string, @Session('userId') same: string) {
        return { userId, same };
      }
    }
    @Module({
      imports: [wristband({ authStrategies: ['SESSION', 'JWT'] })],
      controllers: [MiddlewareController],
    })
    class AppModule implements NestModule {
      constructor(@Inject(WristbandAuthService) private readonly service: WristbandAuthService) {}

      configure(consumer: MiddlewareConsumer): void {
        consumer
          .apply(async (request: HttpRequest, response: HttpResponse, next: () => void) => {
            await this.service.authenticate(request, response);
            next();
          })
          .forRoutes(MiddlewareController);
      }
    }
    const { send } = await boot(AppModule);

    const { userId, same } = (await send('middleware', await bySession())).json();
    expect(userId).toBeTypeOf('string');
    expect(same).toBe(userId);
    expect((await send('middleware', byToken())).json()).toEqual({ userId });
    expect((await send('middleware')).status).toBe(401);
  });
});
