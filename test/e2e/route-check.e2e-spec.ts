import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Inject,
  Injectable,
  mixin,
  Module,
  type ModuleMetadata,
  Post,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD, ModuleRef, NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Auth,
  AuthStrategies,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  Roles,
  RolesGuard,
  SessionAuthGuard,
  WristbandAuthGuard,
  WristbandAuthService,
  WristbandModule,
  type WristbandModuleExtras,
  type WristbandOptions,
  WristbandRouteError,
} from '../../lib/index.js';

const OPTIONS = {
  clientId: 'client',
  clientSecret: 'a-client-secret-of-32-characters',
  wristbandApplicationVanityDomain: 'myapp-mycompany.us.wristband.dev',
  session: { secrets: 'a-session-secret-of-32-characters' },
};
const { session: _, ...WITHOUT_SESSION } = OPTIONS;

interface Setup extends Pick<ModuleMetadata, 'controllers' | 'providers'> {
  readonly options?: WristbandOptions & WristbandModuleExtras;
  readonly configure?: (app: INestApplication) => void;
}

const running: INestApplication[] = [];
afterEach(() => Promise.all(running.splice(0).map((app) => app.close())));

function moduleOf({ options = OPTIONS, controllers = [], providers = [] }: Setup): Type {
  @Module({ imports: [WristbandModule.forRoot(options)], controllers, providers })
  class AppModule {}
  return AppModule;
}

/** Starts an application as far as `listen()` does. */
async function start(setup: Setup): Promise<void> {
  const app = await NestFactory.create(moduleOf(setup), { logger: false, abortOnError: false });
  running.push(app);
  setup.configure?.(app);
  await app.init();
}

/** The problems with which an application does not start, each in one line. */
async function problemsOf(setup: Setup): Promise<string[]> {
  const error: unknown = await start(setup).catch((thrown: unknown) => thrown);
  if (error === undefined) return [];
  if (!(error instanceof WristbandRouteError)) throw error;
  return error.problems.map(
    ({ controller, handlers, message }) => `${controller} ${handlers.join(' ')}: ${message}`,
  );
}

/** A controller with one handler that has these decorators, from the last to the first as TypeScript applies them. */
function controllerWith(
  onHandler: readonly MethodDecorator[],
  onClass: readonly ClassDecorator[] = [],
): Type {
  class Orders {
    list() {}
  }
  const descriptor = Object.getOwnPropertyDescriptor(Orders.prototype, 'list')!;
  for (const decorate of [Get(), ...onHandler]) decorate(Orders.prototype, 'list', descriptor);
  for (const decorate of [Controller('orders'), ...onClass]) decorate(Orders);
  return Orders;
}

class MySessionGuard extends SessionAuthGuard {}
class MyRolesGuard extends RolesGuard {}
class MyChoosingGuard extends SessionAuthGuard {
  protected override strategies() {
    return ['JWT'] as const;
  }
}

@Injectable()
class UnrelatedGuard implements CanActivate {
  canActivate() {
    return true;
  }
}

@Injectable()
class Facade {
  constructor(@Inject(WristbandAuthService) readonly wristband: WristbandAuthService) {}
}

/** Asks Wristband by way of another service. */
@Injectable()
class FacadeGuard implements CanActivate {
  constructor(@Inject(Facade) readonly facade: Facade) {}
  canActivate() {
    return true;
  }
}

/** As libraries do that make one guard of several: which ones is in no metadata. */
function Composed(guards: Type<CanActivate>[]): Type<CanActivate> {
  @Injectable()
  class Composition implements CanActivate {
    constructor(@Inject(ModuleRef) readonly moduleRef: ModuleRef) {}
    canActivate(context: ExecutionContext) {
      return guards.every((guard) =>
        Boolean(this.moduleRef.get(guard, { strict: false }).canActivate(context)),
      );
    }
  }
  return mixin(Composition);
}

/** Holds a guard where nothing from outside can see it. */
class SecretiveGuard implements CanActivate {
  readonly #guard: CanActivate;
  constructor(guard: CanActivate) {
    this.#guard = guard;
  }
  canActivate(context: ExecutionContext) {
    return this.#guard.canActivate(context);
  }
}

const roles = Roles(['admin']);
const both = AuthStrategies('SESSION', 'JWT');

describe('start-up check of routes', () => {
  it.each<[what: string, decorators: MethodDecorator[], problem: RegExp]>([
    ['strategies without a guard', [both], /'SESSION', 'JWT'\) without a guard.*WristbandAuthGuard/],
    ['strategies with a foreign guard', [both, UseGuards(UnrelatedGuard)], /without a guard/],
    ['a strategy whose guard is missing', [both, UseGuards(SessionAuthGuard)], /without JwtAuthGuard/],
    ['the other one', [both, UseGuards(JwtAuthGuard)], /without SessionAuthGuard/],
    ['a subclass that stands for one', [both, UseGuards(MySessionGuard)], /without JwtAuthGuard/],
    ['roles without any guard', [roles], /without RolesGuard/],
    ['roles without RolesGuard', [roles, UseGuards(SessionAuthGuard)], /without RolesGuard/],
    ['RolesGuard alone', [roles, UseGuards(RolesGuard)], /without a guard that authenticates/],
    ['RolesGuard too early', [roles, UseGuards(MyRolesGuard, JwtAuthGuard)], /before the guard that auth/],
    ['public and roles', [Public(), roles, UseGuards(WristbandAuthGuard, RolesGuard)], /@Public, .*@Roles/],
    ['public and strategies', [Public(), Auth('JWT'), Public()], /@Public, .*@AuthStr/],
  ])('refuses %s', async (_what, decorators, problem) => {
    const problems = await problemsOf({ controllers: [controllerWith(decorators)] });

    expect(problems).toEqual([expect.stringMatching(/^Orders list: /)]);
    expect(problems[0]).toMatch(problem);
  });

  it.each<[what: string, onHandler: MethodDecorator[], onClass?: ClassDecorator[]]>([
    ['both guards', [both, UseGuards(SessionAuthGuard, JwtAuthGuard)]],
    ['guards of handler and controller', [both, UseGuards(JwtAuthGuard)], [UseGuards(SessionAuthGuard)]],
    ['WristbandAuthGuard', [both, UseGuards(WristbandAuthGuard)]],
    ['WristbandAuthGuard beside another', [UseGuards(WristbandAuthGuard)], [both, UseGuards(JwtAuthGuard)]],
    ['a guard that chooses itself', [both, UseGuards(MyChoosingGuard)]],
    ['@Auth', [Auth('SESSION', 'JWT')]],
    ['roles in the right order', [roles, UseGuards(SessionAuthGuard, RolesGuard)]],
    ['roles on the controller', [], [roles, UseGuards(JwtAuthGuard, MyRolesGuard)]],
    ['RolesGuard without roles', [], [UseGuards(RolesGuard)]],
    ['a public handler of a controller with roles', [Public()], [roles]],
    ['a handler that nobody protects', []],
    ['optional authentication', [OptionalAuth(), UseGuards(SessionAuthGuard)]],
    ['a guard that asks by way of a service', [both, roles, UseGuards(FacadeGuard)]],
    ['a guard made of ours', [both, roles, UseGuards(Composed([SessionAuthGuard, JwtAuthGuard]))]],
    ['a guard that hides what it asks', [both, roles, UseGuards(new SecretiveGuard(new UnrelatedGuard()))]],
    ['a guard that is no class', [both, roles, UseGuards({ canActivate: () => true })]],
  ])('starts with %s', async (_what, onHandler, onClass) => {
    const setup = { controllers: [controllerWith(onHandler, onClass)], providers: [Facade] };

    await expect(problemsOf(setup)).resolves.toEqual([]);
  });

  it('reports everything at once, and once for a controller', async () => {
    @Controller('invoices')
    @Roles(['admin'])
    @UseGuards(SessionAuthGuard)
    class Invoices {
      @Get()
      list() {}
      @Post()
      create() {}
    }

    const start = problemsOf({ controllers: [Invoices, controllerWith([both])] });

    await expect(start).resolves.toEqual([
      expect.stringMatching(/^Invoices list create: @Roles/),
      expect.stringMatching(/^Orders list: @AuthStrategies/),
    ]);
  });

  it('has a message that names the handlers', async () => {
    await expect(start({ controllers: [controllerWith([roles])] })).rejects.toThrow(
      /^Guards and decorators do not fit together:\n {2}- Orders\.list: @Roles without RolesGuard/,
    );
  });

  it('reads a controller that inherits its handlers and guards', async () => {
    @UseGuards(SessionAuthGuard)
    abstract class Base {
      @Get()
      @AuthStrategies('SESSION', 'JWT')
      list() {}
    }
    @Controller('one')
    class One extends Base {}
    @Controller('two')
    @UseGuards(JwtAuthGuard)
    class Two extends Base {}

    await expect(problemsOf({ controllers: [One, Two] })).resolves.toEqual([
      expect.stringMatching(/^One list: .*without JwtAuthGuard/),
    ]);
  });

  it.each([
    ['gateway', 'websockets:message_mapping'],
    ['resolver', 'graphql:resolver_type'],
  ])('reads a %s', async (_kind, mark) => {
    @Injectable()
    class Chat {
      @Roles(['admin'])
      send() {}
    }
    const send = Object.getOwnPropertyDescriptor(Chat.prototype, 'send')!.value as object;
    Reflect.defineMetadata(mark, true, send);

    await expect(problemsOf({ providers: [Chat] })).resolves.toEqual([
      expect.stringMatching(/^Chat send: @Roles without RolesGuard/),
    ]);
  });

  describe('without session.secrets', () => {
    it.each<[what: string, decorators: MethodDecorator[], count: number]>([
      ['SessionAuthGuard', [UseGuards(SessionAuthGuard)], 1],
      ['WristbandAuthGuard by default', [Auth()], 1],
      ['SESSION among others', [Auth('JWT', 'SESSION')], 1],
      ['optional authentication', [OptionalAuth(), UseGuards(SessionAuthGuard)], 1],
      ['JWT alone', [Auth('JWT')], 0],
      ['a public handler', [UseGuards(SessionAuthGuard), Public()], 0],
      ['a guard that chooses itself', [UseGuards(MyChoosingGuard)], 0],
    ])('looks at %s', async (_what, decorators, count) => {
      const problems = await problemsOf({
        options: WITHOUT_SESSION,
        controllers: [controllerWith(decorators)],
      });

      expect(problems).toHaveLength(count);
      for (const problem of problems) expect(problem).toMatch(/needs a session, but session\.secrets is not/);
    });

    it('starts when authStrategies names JWT alone', async () => {
      const options = { ...WITHOUT_SESSION, authStrategies: ['JWT'] as const, globalGuard: true };

      await expect(problemsOf({ options, controllers: [controllerWith([])] })).resolves.toEqual([]);
    });
  });

  describe('with global guards', () => {
    const wanted = controllerWith([both, roles]);

    it.each<[what: string, setup: Setup]>([
      [
        'APP_GUARD',
        {
          providers: [
            { provide: APP_GUARD, useExisting: WristbandAuthGuard },
            { provide: APP_GUARD, useClass: RolesGuard },
          ],
        },
      ],
      [
        'useGlobalGuards()',
        { configure: (app) => app.useGlobalGuards(app.get(WristbandAuthGuard), app.get(RolesGuard)) },
      ],
      [
        'a guard that holds ours',
        { configure: (app) => app.useGlobalGuards(new SecretiveGuard(app.get(WristbandAuthGuard))) },
      ],
    ])('starts with %s', async (_what, setup) => {
      await expect(problemsOf({ ...setup, controllers: [wanted] })).resolves.toEqual([]);
    });

    it.each<[what: string, globalGuard: boolean, decorators: MethodDecorator[]]>([
      ['a guard of the handler', false, [UseGuards(SessionAuthGuard)]],
      // Nest asks the global guards of the root module before those of the modules that it imports.
      ['globalGuard', true, []],
    ])('reports RolesGuard in the root module before %s', async (_what, globalGuard, decorators) => {
      const setup = {
        options: { ...OPTIONS, globalGuard },
        providers: [{ provide: APP_GUARD, useClass: RolesGuard }],
        controllers: [controllerWith([roles, ...decorators])],
      };

      await expect(problemsOf(setup)).resolves.toEqual([expect.stringContaining('is asked before')]);
    });

    it('starts when a test replaces the global guard', async () => {
      const testing = await Test.createTestingModule({
        imports: [
          moduleOf({ options: { ...OPTIONS, globalGuard: true }, controllers: [controllerWith([both])] }),
        ],
      })
        .overrideProvider(WristbandAuthGuard)
        .useValue(new UnrelatedGuard())
        .compile();
      const app = testing.createNestApplication();
      running.push(app);

      await expect(app.init()).resolves.toBeDefined();
    });
  });

  it('does not look at an application without a server', async () => {
    const AppModule = moduleOf({ controllers: [controllerWith([both, roles])] });

    const context = await NestFactory.createApplicationContext(AppModule, {
      logger: false,
      abortOnError: false,
    });

    await context.close();
  });
});
