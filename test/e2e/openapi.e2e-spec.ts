import {
  type CanActivate,
  Controller,
  Delete,
  Get,
  type INestApplication,
  Module,
  Patch,
  Post,
  UseGuards,
  VersioningType,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  ApiBearerAuth,
  ApiExcludeEndpoint,
  ApiSecurity,
  ApiUnauthorizedResponse,
  DocumentBuilder,
  type OpenAPIObject,
  SwaggerModule,
} from '@nestjs/swagger';
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import {
  Auth,
  AuthStrategies,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  Roles,
  RolesGuard,
  SessionAuthGuard,
  SkipCsrf,
  WristbandAuthGuard,
  WristbandModule,
  type WristbandModuleExtras,
  type WristbandOptions,
  withWristbandSecurity,
} from '../../lib/index.js';
import { describePlatforms, type Platform } from '../support/test-app.js';

const OPTIONS: WristbandOptions = {
  clientId: 'client',
  clientSecret: 'a-client-secret-of-32-characters',
  wristbandApplicationVanityDomain: 'myapp-mycompany.us.wristband.dev',
  autoConfigureEnabled: false,
  loginUrl: 'https://app.example.com/login',
  redirectUri: 'https://app.example.com/callback',
  session: { secrets: 'a-session-secret-of-32-characters', enableCsrfProtection: true },
};

class TellingGuard extends JwtAuthGuard {
  protected override authorize(): boolean {
    return true;
  }
}

abstract class Inherited {
  @Get('inherited/:id')
  inherited() {
    return {};
  }
}

@Controller('open')
class OpenController extends Inherited {
  @Get()
  nobody() {
    return {};
  }

  @Get('guarded')
  @UseGuards(JwtAuthGuard)
  guarded() {
    return {};
  }

  @Post('auth')
  @Auth('JWT', 'SESSION')
  auth() {
    return {};
  }

  @Get('default')
  @Auth()
  byDefault() {
    return {};
  }

  @Delete('telling')
  @UseGuards(TellingGuard)
  telling() {
    return {};
  }

  @Get('foreign')
  @UseGuards({ canActivate: () => true } satisfies CanActivate)
  foreign() {
    return {};
  }
}

@Controller('session')
@UseGuards(SessionAuthGuard)
class SessionController extends Inherited {
  @Get()
  read() {
    return {};
  }

  @Post()
  write() {
    return {};
  }

  @Patch()
  @SkipCsrf()
  patch() {
    return {};
  }

  @Get('both')
  @UseGuards(JwtAuthGuard)
  both() {
    return {};
  }

  @Get('public')
  @Public()
  open() {
    return {};
  }

  @Get('optional')
  @OptionalAuth()
  optional() {
    return {};
  }

  @Post('optional')
  @OptionalAuth()
  optionalWrite() {
    return {};
  }

  @Get('roles')
  @UseGuards(RolesGuard)
  @Roles(['admin'])
  roles() {
    return {};
  }

  @Get('optional-roles')
  @UseGuards(RolesGuard)
  @OptionalAuth()
  @Roles(['admin'])
  optionalRoles() {
    return {};
  }

  @Get('hidden')
  @ApiExcludeEndpoint()
  hidden() {
    return {};
  }
}

@Controller('either')
@UseGuards(SessionAuthGuard, JwtAuthGuard)
@AuthStrategies('SESSION', 'JWT')
@Public()
class EitherController extends Inherited {
  @Get()
  inheritsPublic() {
    return {};
  }

  @Post()
  @Public(false)
  closed() {
    return {};
  }

  @Get('jwt')
  @AuthStrategies('JWT')
  jwt() {
    return {};
  }
}

@Controller({ path: 'versions', version: ['1', '2'] })
@UseGuards(WristbandAuthGuard)
class VersionsController {
  @Get()
  guarded() {
    return {};
  }

  @Get('teaser')
  @Public()
  teaser() {
    return {};
  }
}

interface Setup {
  readonly platform?: Platform;
  readonly options?: Partial<WristbandOptions & WristbandModuleExtras>;
  readonly controllers?: (new () => object)[];
  readonly configure?: (app: INestApplication) => void;
}

const running: INestApplication[] = [];
afterEach(() => Promise.all(running.splice(0).map((app) => app.close())));

/** An application as it is between `NestFactory.create()` and `listen()`, where documents are made. */
async function create({ platform = 'express', options, controllers, configure }: Setup = {}) {
  @Module({
    imports: [WristbandModule.forRoot({ ...OPTIONS, ...options })],
    controllers: controllers ?? [OpenController, SessionController, EitherController, VersionsController],
  })
  class AppModule {}
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create<INestApplication>(AppModule, adapter, {
    logger: false,
    abortOnError: false,
  });
  running.push(app);
  configure?.(app);
  return app;
}

const plainDocument = (app: INestApplication, config = new DocumentBuilder()) =>
  SwaggerModule.createDocument(app, config.setTitle('Orders').build());

const securedDocument = (app: INestApplication, config?: DocumentBuilder) =>
  withWristbandSecurity(app, () => plainDocument(app, config));

interface Operation {
  readonly name: string;
  readonly path: string;
  readonly method: string;
  readonly security: Record<string, string[]>[] | undefined;
  readonly responses: Record<string, unknown>;
}

function operationsOf(document: OpenAPIObject): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Pick<Operation, 'security' | 'responses'>>).map(
      ([method, { security, responses }]) => ({
        name: `${method.toUpperCase()} ${path}`,
        path,
        method,
        security,
        responses,
      }),
    ),
  );
}

/** `session & csrf | bearer`, or `nothing` */
function inWords({ security }: Pick<Operation, 'security'>): string {
  if (!security) return 'unsaid';
  const short = (name: string) => name.replace('wristband', '').toLowerCase();
  const words = security.map((requirement) => Object.keys(requirement).map(short).join(' & ') || 'nothing');
  return words.join(' | ') || 'nothing';
}

function isOpen({ security }: Operation): boolean {
  return !security?.length || security.some((requirement) => Object.keys(requirement).length === 0);
}

describePlatforms('a document', (platform) => {
  it.each<[what: string, setup: Setup]>([
    ['guards of handlers and controllers', {}],
    ['globalGuard', { options: { globalGuard: true } }],
    ['globalGuard and bearer tokens', { options: { globalGuard: true, authStrategies: ['JWT'] } }],
    [
      'useGlobalGuards(), a prefix and versions',
      {
        configure: (app) => {
          app.setGlobalPrefix('api', { exclude: ['open'] });
          app.enableVersioning({ type: VersioningType.URI });
          app.useGlobalGuards(app.get(JwtAuthGuard));
        },
      },
    ],
  ])('says of exactly those routes that they are open that are open, with %s', async (_what, setup) => {
    const app = await create({ ...setup, platform });
    const operations = operationsOf(securedDocument(app));
    await app.listen(0, '127.0.0.1');
    const origin = (await app.getUrl()).replace('[::1]', '127.0.0.1');

    const answers = await Promise.all(
      operations.map(async ({ path, method, name }) => {
        const url = origin + path.replaceAll(/\{\w+\}/g, '1');
        return { name, status: (await fetch(url, { method: method.toUpperCase() })).status };
      }),
    );

    const open = answers.filter(({ status }) => status !== 401).map(({ name }) => name);
    expect(operations.filter(isOpen).map(({ name }) => name)).toEqual(open);
    expect(answers.map(({ status }) => status)).toEqual(
      answers.map(() => expect.toSatisfy((status: number) => [200, 201, 401].includes(status)) as number),
    );
    expect(operations.length).toBeGreaterThan(20);
    expect(open.length).toBeGreaterThan(2);
  });
});

describe('withWristbandSecurity()', () => {
  it('derives what is needed from guards and decorators', async () => {
    const operations = operationsOf(securedDocument(await create()));

    expect(
      Object.fromEntries(
        operations.map((operation) => [
          operation.name,
          [inWords(operation), ...['401', '403'].filter((status) => status in operation.responses)].join(
            ', ',
          ),
        ]),
      ),
    ).toEqual({
      'GET /open': 'unsaid',
      'GET /open/inherited/{id}': 'unsaid',
      'GET /open/guarded': 'bearer, 401',
      'POST /open/auth': 'bearer | session & csrf, 401, 403',
      'GET /open/default': 'session, 401',
      'DELETE /open/telling': 'bearer, 401, 403',
      'GET /open/foreign': 'unsaid',
      'GET /session': 'session, 401',
      'GET /session/inherited/{id}': 'session, 401',
      'POST /session': 'session & csrf, 401, 403',
      'PATCH /session': 'session, 401',
      'GET /session/both': 'session & bearer, 401',
      'GET /session/public': 'nothing',
      'GET /session/optional': 'session | nothing',
      'POST /session/optional': 'session & csrf | nothing, 403',
      'GET /session/roles': 'session, 401, 403',
      'GET /session/optional-roles': 'session, 401, 403',
      'GET /either': 'nothing',
      'GET /either/inherited/{id}': 'nothing',
      'POST /either': 'session & csrf | bearer, 401, 403',
      'GET /either/jwt': 'bearer, 401',
      'GET /versions': 'session, 401',
      'GET /versions/teaser': 'nothing',
    });
  });

  it('leaves out the CSRF token where none is asked for', async () => {
    const { session } = OPTIONS;
    const app = await create({ options: { session: { ...session!, enableCsrfProtection: false } } });

    const document = securedDocument(app);

    expect(inWords(operationsOf(document).find(({ name }) => name === 'POST /session')!)).toBe('session');
    expect(Object.keys(document.components!.securitySchemes!)).toEqual([
      'wristbandBearer',
      'wristbandSession',
    ]);
  });

  it('makes a whole document', async () => {
    @Controller('orders')
    @Auth('SESSION', 'JWT')
    class OrdersController {
      @Post()
      create() {}
      @Get()
      @Public()
      list() {}
    }
    const app = await create({
      options: {
        session: { ...OPTIONS.session!, cookieName: 'sid', csrfHeaderName: 'X-XSRF', csrfCookieName: 'XSRF' },
      },
      controllers: [OrdersController],
    });

    expect(securedDocument(app)).toMatchSnapshot();
  });

  it('answers a document of the type that it was given', async () => {
    expectTypeOf(securedDocument(await create())).toEqualTypeOf<OpenAPIObject>();
  });

  it('makes the same document each time, and leaves nothing behind', async () => {
    const app = await create();
    const before = plainDocument(app);

    const documents = [securedDocument(app), securedDocument(app)];

    expect(documents[0]).toEqual(documents[1]);
    expect(JSON.stringify(documents)).not.toContain('wristband:');
    expect(plainDocument(app)).toEqual(before);
    expect(JSON.stringify(before)).not.toMatch(/wristband|security/i);
  });

  it('leaves nothing behind when the document cannot be made', async () => {
    const app = await create();
    const before = plainDocument(app);

    const attempt = () =>
      withWristbandSecurity(app, () => {
        throw new Error('no document');
      });

    expect(attempt).toThrow('no document');
    expect(plainDocument(app)).toEqual(before);
  });

  it('keeps what the application says itself', async () => {
    @Controller('own')
    @UseGuards(SessionAuthGuard)
    @ApiBearerAuth('mine')
    class OwnController {
      @Get()
      @ApiUnauthorizedResponse({ description: 'my own words' })
      read() {}
    }
    @Controller('heir')
    class HeirController extends OwnController {}
    @Controller('more')
    @UseGuards(SessionAuthGuard)
    class MoreController {
      @Get()
      @ApiSecurity('key')
      read() {}
      @Get('open')
      @Public()
      open() {}
    }
    const scheme = { type: 'http', scheme: 'basic', description: 'my own' } as const;
    const config = new DocumentBuilder()
      .addBearerAuth({ type: 'http' }, 'mine')
      .addSecurity('wristbandSession', scheme)
      .addSecurityRequirements('mine');
    const app = await create({ controllers: [OwnController, HeirController, MoreController] });

    const document = securedDocument(app, config);

    const [own, heir, more, open] = operationsOf(document);
    expect(own).toMatchObject({
      security: [{ mine: [] }],
      responses: { 401: { description: 'my own words' } },
    });
    expect(heir?.security).toEqual([{ mine: [] }]);
    expect(more?.security).toEqual([{ key: [] }]);
    expect(open?.security).toEqual([]);
    expect(document.components?.securitySchemes).toMatchObject({ wristbandSession: scheme });
    expect(document.security).toEqual([{ mine: [] }]);
  });

  it('adds nothing to a document without guards of ours', async () => {
    @Controller('open')
    class PlainController {
      @Get()
      read() {}
    }
    const app = await create({ controllers: [PlainController] });

    expect(securedDocument(app)).toEqual(plainDocument(app));
  });

  it('does not take a document that was made before', async () => {
    const app = await create();
    const document = plainDocument(app);

    expect(() => withWristbandSecurity(app, () => document)).toThrow(
      /needs a function that makes a new document/,
    );
  });
});
