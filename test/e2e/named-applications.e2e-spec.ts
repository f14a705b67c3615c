import {
  Controller,
  Get,
  Injectable,
  Module,
  Post,
  Req,
  Res,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  AccessToken,
  AuthStrategies,
  CurrentUser,
  getWristbandOptionsToken,
  getWristbandToken,
  type HttpRequest,
  type HttpResponse,
  InjectWristband,
  InjectWristbandOptions,
  JwtAuthGuard,
  MemorySessionStore,
  Public,
  Roles,
  RolesGuard,
  Session,
  SessionAuthGuard,
  SessionInterceptor,
  WristbandAuthService,
  WristbandConfigError,
  WristbandModule,
  type WristbandModuleExtras,
  type WristbandOptions,
  WristbandSessions,
  withWristbandSecurity,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import {
  describePlatforms,
  optionsFor,
  type Platform,
  startTestApp,
  type TestApp,
} from '../support/test-app.js';

interface Visits {
  visits: number;
}

@Controller('shop')
@UseGuards(SessionAuthGuard)
class ShopController {
  @Get('me')
  me(@CurrentUser('userId') userId: string, @Session() session: Session<Visits>) {
    session.visits = (session.visits ?? 0) + 1;
    return { userId, visits: session.visits };
  }
}

@Controller('office')
@UseGuards(SessionAuthGuard.for('staff'))
class OfficeController {
  @Get('me')
  me(@CurrentUser('userId') userId: string, @Session() session: Session<Visits>) {
    session.visits = (session.visits ?? 0) + 1;
    return { userId, visits: session.visits };
  }

  @Post('note')
  note(@Session() session: Session<{ note: string }>) {
    session.note = 'written';
    return {};
  }

  @Get('door')
  @Public()
  door(@Session('userId') userId: string | undefined) {
    return { userId };
  }

  @Get('safe')
  @UseGuards(RolesGuard.for('staff'))
  @Roles(['owner'])
  safe() {
    return {};
  }

  @Get('either')
  @UseGuards(JwtAuthGuard.for('staff'))
  @AuthStrategies('SESSION', 'JWT')
  either(@CurrentUser('strategy') strategy: string, @AccessToken() token: string) {
    return { strategy, hasToken: token.length > 0 };
  }
}

@Controller('both')
@UseGuards(SessionAuthGuard, SessionAuthGuard.for('staff'))
class BothController {
  @Get()
  both() {
    return {};
  }
}

@Controller('vault')
@UseGuards(SessionAuthGuard.for('staff'), SessionAuthGuard)
@Roles(['owner'])
class VaultController {
  @Get('staff')
  @UseGuards(RolesGuard.for('staff'))
  staff() {
    return {};
  }

  @Get('anybody')
  @UseGuards(RolesGuard)
  anybody() {
    return {};
  }
}

@Controller('counter')
@UseGuards(SessionAuthGuard, SessionAuthGuard.for('staff'), RolesGuard)
@Roles(['owner'])
class CounterController {
  @Get()
  counter() {
    return {};
  }
}

@Controller('counter-top')
class CounterTopController {
  @Get()
  @UseGuards(RolesGuard.for('staff'))
  onlyRoles() {
    return {};
  }

  @Get('window')
  @Public()
  window(@Session() session: Session<Visits>) {
    session.visits = (session.visits ?? 0) + 1;
    return { userId: session.userId };
  }
}

@Controller('exchange')
class ExchangeController {
  constructor(
    @InjectWristband() private readonly shop: WristbandAuthService,
    @InjectWristband('staff') private readonly staff: WristbandAuthService,
  ) {}

  @Get('shop-into-staff')
  @UseInterceptors(SessionInterceptor.for('staff'))
  async shopIntoStaff(
    @Req() req: HttpRequest,
    @Res({ passthrough: true }) res: HttpResponse,
    @Session() session: Session,
  ) {
    const result = await this.shop.callback(req, res);
    if (result.type === 'completed') session.fromCallback(result.callbackData);
    return {};
  }

  @Get('staff-into-shop')
  async staffIntoShop(
    @Req() req: HttpRequest,
    @Res({ passthrough: true }) res: HttpResponse,
    @Session() session: Session,
  ) {
    const result = await this.staff.callback(req, res);
    if (result.type === 'completed') session.fromCallback(result.callbackData);
    return {};
  }
}

@Controller('entrance')
@UseInterceptors(SessionInterceptor.for('staff'))
class EntranceController {
  @Get()
  entrance(@Session('userId') userId: string | undefined) {
    return { userId };
  }
}

@Injectable()
class Offices {
  constructor(
    @InjectWristband('staff') readonly wristband: WristbandAuthService,
    @InjectWristband('staff', WristbandSessions) readonly sessions: WristbandSessions,
    @InjectWristbandOptions('staff') readonly options: WristbandOptions,
    @InjectWristband() readonly shop: WristbandAuthService,
    @InjectWristbandOptions() readonly shopOptions: WristbandOptions,
  ) {}
}

const user = { email: 'ada@example.com', password: 'password', tenant: 'acme' };
const owner = { id: '1', name: 'owner', displayName: 'Owner' };

let customers: WristbandEmulator;
let colleagues: WristbandEmulator;
let app: TestApp;
let browser: Browser;

beforeAll(async () => {
  customers = await startWristbandEmulator({ users: [{ ...user, id: 'customer-ada' }] });
  colleagues = await startWristbandEmulator({ users: [{ ...user, id: 'colleague-ada', roles: [owner] }] });
});
afterAll(() => Promise.all([customers.close(), colleagues.close()]));
afterEach(() => app?.close());

interface Setup {
  readonly platform?: Platform;
  readonly shop?: Partial<WristbandOptions & WristbandModuleExtras>;
  readonly staff?: Partial<WristbandOptions & WristbandModuleExtras>;
}

/** One Nest application: customers sign in at `/api/auth`, colleagues at `/staff/auth`, with the same session secret. */
async function start({ platform = 'express', shop, staff }: Setup = {}): Promise<TestApp> {
  app = await startTestApp({
    emulator: customers,
    platform,
    options: { routes: { path: 'api/auth' }, ...shop },
    imports: [
      WristbandModule.forRoot({
        ...optionsFor(colleagues),
        name: 'staff',
        scopes: ['openid', 'offline_access', 'email', 'roles'],
        routes: { path: 'staff/auth' },
        ...staff,
      }),
    ],
    controllers: [
      ShopController,
      OfficeController,
      BothController,
      VaultController,
      CounterController,
      EntranceController,
      CounterTopController,
      ExchangeController,
    ],
    providers: [Offices],
  });
  colleagues.setApplication({
    loginUrl: `${app.origin}/staff/auth/login`,
    redirectUris: [`${app.origin}/staff/auth/callback`],
  });
  browser = new Browser();
  return app;
}

const get = (path: string): Promise<BrowserResponse> => browser.get(`${app.origin}${path}`);
const signInAs = (who: 'customer' | 'colleague') =>
  signIn(browser, `${app.origin}/${who === 'customer' ? 'api' : 'staff'}/auth/login?tenant_name=acme`, user);
const cookieOf = async (name: string) =>
  (await browser.jar.getCookies(app.origin)).find(({ key }) => key === name)?.value ?? '';

const MODES = [
  ['cookies', () => ({})],
  [
    'one store for both',
    () => {
      const store = new MemorySessionStore();
      return { store };
    },
  ],
  ['cookies and one store for coordination', () => ({ coordinationStore: new MemorySessionStore() })],
] as const;

describePlatforms('several Wristband applications', (platform) => {
  it('has somebody signed in to each of them as somebody else', async () => {
    await start({ platform });

    await signInAs('customer');
    expect((await get('/office/me')).status).toBe(401);
    expect((await get('/shop/me')).json()).toEqual({ userId: 'customer-ada', visits: 1 });

    await signInAs('colleague');
    expect((await get('/office/me')).json()).toEqual({ userId: 'colleague-ada', visits: 1 });
    expect((await get('/office/me')).json()).toMatchObject({ visits: 2 });
    expect((await get('/shop/me')).json()).toEqual({ userId: 'customer-ada', visits: 2 });
    expect((await get('/api/auth/session')).json()).toMatchObject({ userId: 'customer-ada' });
    expect((await get('/staff/auth/session')).json()).toMatchObject({ userId: 'colleague-ada' });
  });

  it('signs out of one of them only', async () => {
    await start({ platform });
    await signInAs('customer');
    await signInAs('colleague');

    await browser.get(`${app.origin}/staff/auth/logout`, { redirect: 'manual' });

    expect((await get('/office/me')).status).toBe(401);
    expect((await get('/shop/me')).status).toBe(200);
  });

  it('looks at the roles of the user that it is about, whoever else is signed in', async () => {
    await start({ platform });
    await signInAs('customer');
    await signInAs('colleague');

    expect((await get('/vault/staff')).status).toBe(200);
    // Customers of the shop have no roles, in whatever order guards are listed.
    expect((await get('/vault/anybody')).status).toBe(403);
    expect((await get('/counter')).status).toBe(403);
  });

  it('has two sign-ins under way at the same time', async () => {
    await start({ platform });
    const [shopLogin, staffLogin] = [
      await get('/api/auth/login?tenant_name=acme'),
      await get('/staff/auth/login?tenant_name=acme'),
    ];
    const names = (await browser.jar.getCookies(app.origin)).map(({ key }) => key.split('#')[0]);

    expect([shopLogin.status, staffLogin.status]).toEqual([200, 200]);
    expect(new Set(names)).toEqual(new Set(['login', 'staff-login']));
  });

  it('refuses the access token of the other one', async () => {
    await start({ platform });
    await signInAs('customer');
    const { accessToken: foreign } = (await get('/api/auth/token')).json<{ accessToken: string }>();
    await signInAs('colleague');
    const { accessToken } = (await get('/staff/auth/token')).json<{ accessToken: string }>();
    browser = new Browser();
    const withToken = (token: string) =>
      browser.get(`${app.origin}/office/either`, { headers: { authorization: `Bearer ${token}` } });

    expect((await withToken(foreign)).json()).toMatchObject({ statusCode: 401, code: 'invalid_token' });
    expect((await withToken(accessToken)).json()).toEqual({ strategy: 'JWT', hasToken: true });
  });
});

describe.each([
  ['neither has a global guard', false, false],
  ['the customers have a global guard', true, false],
  ['the staff has a global guard', false, true],
  ['both have a global guard', true, true],
])('when %s', (_title, ofShop, ofStaff) => {
  const startGuarded = (platform: Platform = 'express') =>
    start({ platform, shop: { globalGuard: ofShop }, staff: { globalGuard: ofStaff } });
  const sessionsSet = async () =>
    (await browser.jar.getCookies(app.origin)).map(({ key }) => key).filter((key) => !key.includes('#'));

  it('a sign-in makes a session of its own application only', async () => {
    await startGuarded();

    expect((await signInAs('customer')).status).not.toBe(500);
    expect(await sessionsSet()).toEqual(['session']);
    expect((await get('/office/me')).status).toBe(401);
    expect((await get('/office/door')).json()).toEqual({});

    await signInAs('colleague');
    expect(await sessionsSet()).toEqual(['session', 'staff-session']);
    expect((await get('/office/me')).json()).toMatchObject({ userId: 'colleague-ada' });
    expect((await get('/shop/me')).json()).toMatchObject({ userId: 'customer-ada' });
  });

  it('a logout ends the session of its own application, at its own Wristband', async () => {
    await startGuarded('fastify');
    await signInAs('customer');
    await signInAs('colleague');
    colleagues.clearCalls();

    await browser.get(`${app.origin}/api/auth/logout`, { redirect: 'manual' });

    expect(await sessionsSet()).toEqual(['staff-session']);
    expect((await get('/office/me')).status).toBe(200);
    expect(colleagues.calls.filter(({ path }) => path.includes('revoke'))).toEqual([]);
  });

  it('a public handler without a guard has the session of the application without a name', async () => {
    await startGuarded();
    await signInAs('colleague');
    expect((await get('/counter-top/window')).json()).toEqual({});

    await signInAs('customer');
    expect((await get('/counter-top/window')).json()).toEqual({ userId: 'customer-ada' });
  });

  it('a guard that only looks at roles leaves global guards in force', async () => {
    await startGuarded();

    expect((await get('/counter-top')).status).toBe(ofShop || ofStaff ? 401 : 200);
  });
});

it.each(['shop-into-staff', 'staff-into-shop'])(
  'a sign-in of one application is refused by the session of the other one: %s',
  async (path) => {
    await start();
    const emulator = path === 'shop-into-staff' ? customers : colleagues;
    const login = path === 'shop-into-staff' ? 'api' : 'staff';
    emulator.setApplication({
      loginUrl: `${app.origin}/${login}/auth/login`,
      redirectUris: [`${app.origin}/exchange/${path}`],
    });

    const landed = await signIn(browser, `${app.origin}/${login}/auth/login?tenant_name=acme`, user);

    expect(landed.json()).toMatchObject({ statusCode: 500, code: 'invalid_argument' });
    const names = (await browser.jar.getCookies(app.origin)).map(({ key }) => key);
    expect(names.filter((name) => name.endsWith('session'))).toEqual([]);
  },
);

describe.each(MODES)('sessions of several applications in %s', (_mode, makeOptions) => {
  const setup = (): Setup => {
    const session = { ...optionsFor(customers).session!, ...makeOptions() };
    return { shop: { session }, staff: { session } };
  };
  const names = 'store' in makeOptions() ? ['sid', 'staff-sid'] : ['session', 'staff-session'];

  it('do not open as those of the other one, though they are sealed with the same secret', async () => {
    await start(setup());
    await signInAs('customer');
    const value = await cookieOf(names[0]!);
    expect(value).not.toBe('');

    await browser.jar.setCookie(`${names[1]}=${value}; Path=/`, app.origin);

    expect((await get('/office/me')).status).toBe(401);
    expect((await get('/office/door')).json()).toEqual({});
    expect((await get('/shop/me')).status).toBe(200);
  });

  it('end with those of users of the same ID in their own application only', async () => {
    await start(setup());
    await signInAs('customer');
    await signInAs('colleague');
    const { sessions } = app.app.get(Offices);

    await sessions.revokeUser('customer-ada');
    await sessions.revokeTenant('tenant-acme');

    expect((await get('/shop/me')).status).toBe(200);
    expect((await get('/office/me')).status).toBe(401);
  });
});

describe('guards and interceptors of an application', () => {
  it('are the same class for the same name', () => {
    expect(SessionAuthGuard.for('staff')).toBe(SessionAuthGuard.for('staff'));
    expect(SessionAuthGuard.for('staff')).not.toBe(SessionAuthGuard.for('others'));
    expect(SessionAuthGuard.for('staff').name).toBe("SessionAuthGuard.for('staff')");
  });

  it('give @Session() the session of their application, also on public handlers', async () => {
    await start();
    await signInAs('customer');
    expect((await get('/office/door')).json()).toEqual({});
    expect((await get('/entrance')).json()).toEqual({});

    await signInAs('colleague');
    expect((await get('/office/door')).json()).toEqual({ userId: 'colleague-ada' });
    expect((await get('/entrance')).json()).toEqual({ userId: 'colleague-ada' });
  });

  it('look at the roles of their own user', async () => {
    await start();
    await signInAs('colleague');

    expect((await get('/office/safe')).status).toBe(200);
  });

  it('that are listed together must all let a request pass', async () => {
    await start();
    await signInAs('customer');
    expect((await get('/both')).status).toBe(401);

    await signInAs('colleague');
    expect((await get('/both')).status).toBe(200);
  });

  it('take the place of a global guard of another application', async () => {
    await start({ shop: { globalGuard: true } });
    await signInAs('colleague');

    expect((await get('/office/me')).json()).toMatchObject({ userId: 'colleague-ada' });
    expect((await get('/staff/auth/session')).json()).toMatchObject({ userId: 'colleague-ada' });
    expect((await get('/shop/me')).status).toBe(401);
    expect((await get('/entrance')).status).toBe(401);
    expect((await get('/both')).status).toBe(401);
  });

  it('check the CSRF token of their own session', async () => {
    const session = { ...optionsFor(customers).session!, enableCsrfProtection: true };
    await start({ shop: { session }, staff: { session } });
    await signInAs('customer');
    await signInAs('colleague');
    const note = (token: string) =>
      browser.post(`${app.origin}/office/note`, { headers: { 'x-csrf-token': token } });

    expect((await note(await cookieOf('CSRF-TOKEN'))).json()).toMatchObject({ code: 'csrf_failed' });
    expect((await note(await cookieOf('staff-CSRF-TOKEN'))).status).toBe(201);
  });
});

describe('services of an application', () => {
  it('are injected by its name', async () => {
    await start();
    const offices = app.app.get(Offices);

    expect(offices.options.clientId).toBe(colleagues.clientId);
    expect(offices.options).toMatchObject({ wristbandApplicationVanityDomain: colleagues.vanityDomain });
    expect(offices.shopOptions).toMatchObject({ wristbandApplicationVanityDomain: customers.vanityDomain });
    expect(offices.wristband).not.toBe(offices.shop);
    expect(app.app.get(getWristbandToken('staff'))).toBe(offices.wristband);
    expect(app.app.get(getWristbandToken())).toBe(offices.shop);
  });

  it.each([[undefined], ['staff']])('take the options that a test puts in their place: %s', async (name) => {
    const options = { ...optionsFor(colleagues), clientId: 'another-client' };
    @Module({
      imports: [
        WristbandModule.forRoot(optionsFor(customers)),
        WristbandModule.forRootAsync({ name: 'staff', useFactory: () => optionsFor(colleagues) }),
      ],
      providers: [Offices],
    })
    class AppModule {}

    const testing = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(getWristbandOptionsToken(name))
      .useValue(options)
      .compile();
    await testing.init();

    const offices = testing.get(Offices);
    const expected = name === undefined ? [options, colleagues] : [customers, options];
    expect([offices.shopOptions, offices.options]).toMatchObject(
      expected.map(({ clientId }) => ({ clientId })),
    );
    await testing.close();
  });
});

describe('an OpenAPI document of several applications', () => {
  it('has the schemes of each', async () => {
    await start({ shop: { globalGuard: true } });

    const { paths, components } = withWristbandSecurity(app.app, () =>
      SwaggerModule.createDocument(app.app, new DocumentBuilder().build()),
    );

    expect(paths['/shop/me']?.get?.security).toEqual([{ wristbandSession: [] }]);
    expect(paths['/office/me']?.get?.security).toEqual([{ 'wristbandSession.staff': [] }]);
    expect(paths['/office/either']?.get?.security).toEqual([
      { 'wristbandSession.staff': [] },
      { 'wristbandBearer.staff': [] },
    ]);
    expect(paths['/both']?.get?.security).toEqual([{ wristbandSession: [], 'wristbandSession.staff': [] }]);
    expect(components?.securitySchemes).toMatchObject({
      wristbandSession: { name: 'session' },
      'wristbandSession.staff': { name: 'staff-session' },
    });
  });
});

describe('applications that would get in each other’s way', () => {
  const boot = async (...imports: ReturnType<typeof WristbandModule.forRoot>[]) => {
    const testing = await Test.createTestingModule({ imports }).compile();
    await testing.init();
    return testing.close();
  };
  const problemsOf = async (promise: Promise<unknown>) => {
    const error: unknown = await promise.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WristbandConfigError);
    return (error as WristbandConfigError).problems;
  };

  it.each([[undefined], ['staff']])('do not start with the same name: %s', async (name) => {
    const twice = [1, 2].map(() => WristbandModule.forRoot({ ...optionsFor(customers), name }));

    const [problem] = await problemsOf(boot(...twice));

    expect(problem?.option).toBe('name');
    expect(problem?.message).toMatch(name === undefined ? /without a name/ : /with the name staff/);
  });

  it('do not start with cookies of the same name', async () => {
    const session = { ...optionsFor(customers).session!, cookieName: 'my', requestProperty: 'mine' };
    const options = { ...optionsFor(customers), session };

    const problems = await problemsOf(
      boot(WristbandModule.forRoot(options), WristbandModule.forRoot({ ...options, name: 'staff' })),
    );

    expect(problems.map(({ option }) => option)).toEqual(['session.cookieName', 'session.requestProperty']);
  });

  it.each([[''], ['Staff'], ['my staff'], ['a-b'], ['1st'], [7]])('have no name like %j', (name) => {
    expect(() => WristbandModule.forRoot({ ...optionsFor(customers), name: name as string })).toThrow(
      'name: must be letters and digits',
    );
  });

  it('say where a name belongs', async () => {
    const useFactory = () => ({ ...optionsFor(customers), name: 'staff' });

    const [problem] = await problemsOf(boot(WristbandModule.forRootAsync({ useFactory })));

    expect(problem).toEqual({
      option: 'name',
      message: 'belongs beside useFactory, not into what it returns',
    });
  });
});
