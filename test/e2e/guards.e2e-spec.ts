import {
  All,
  type CanActivate,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Inject,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  AccessToken,
  type AccessTokenClaims,
  Auth,
  type AuthenticatedUser,
  type Authentication,
  AuthStrategies,
  CurrentUser,
  type HttpRequest,
  type HttpResponse,
  Jwt,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  Roles,
  RolesGuard,
  Session,
  SessionAuthGuard,
  SkipCsrf,
  WristbandAuthGuard,
  WristbandAuthService,
} from '../../lib/index.js';
import { CsrfVerifier } from '../../lib/csrf/csrf.verifier.js';
import { RouteCheck } from '../../lib/routes/route-check.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { accessTokenOf, signedIn, userOf } from '../support/bearer-tokens.js';
import { Browser, type RequestOptions } from '../support/browser.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

const ADMIN = 'app:emulator:admin';
const VIEWER = 'app:emulator:viewer';
const ADA = 'ada@example.com';
const GRACE = 'grace@acme.example';

@Controller('arranged')
class ArrangedController {
  @Get('both')
  @UseGuards(SessionAuthGuard, JwtAuthGuard)
  both(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @Get('session-guard-alone')
  @UseGuards(SessionAuthGuard)
  @AuthStrategies('JWT', 'SESSION')
  sessionGuard(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @Get('jwt-guard-alone')
  @UseGuards(JwtAuthGuard)
  @AuthStrategies('SESSION')
  jwtGuard(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @Get('auth')
  @Auth()
  auth(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @Get('auth-jwt')
  @Auth('JWT')
  authJwt(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @Get('auth-both')
  @Auth('JWT', 'SESSION')
  authBoth(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @All('many')
  @UseGuards(SessionAuthGuard, JwtAuthGuard, WristbandAuthGuard, SessionAuthGuard, RolesGuard)
  @AuthStrategies('JWT', 'SESSION')
  @Roles([ADMIN, VIEWER])
  many(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }
}

@Controller('sessions-only')
@UseGuards(WristbandAuthGuard)
@AuthStrategies('SESSION')
class SessionsOnlyController {
  @Get('inherited')
  inherited(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @Get('own')
  @AuthStrategies('JWT')
  own(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @Get('again')
  @Auth('JWT')
  again(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @Get('public')
  @Public()
  open(@CurrentUser() user: AuthenticatedUser | undefined, @AccessToken() token: string | undefined) {
    return { user: user ?? null, token: token ?? null };
  }

  @All('skip-csrf')
  @SkipCsrf()
  skipCsrf() {
    return { ok: true };
  }
}

@Controller('open')
@UseGuards(SessionAuthGuard)
@Public()
@SkipCsrf()
class OpenController {
  @Get('inherited')
  inherited() {
    return { ok: true };
  }

  @Get('closed')
  @Public(false)
  closed() {
    return { ok: true };
  }

  @Get('auth')
  @Auth()
  auth() {
    return { ok: true };
  }

  @Get('strategies')
  @AuthStrategies('SESSION')
  strategies() {
    return { ok: true };
  }

  @Get('roles')
  @Roles([ADMIN])
  roles() {
    return { ok: true };
  }

  @Get('optional')
  @OptionalAuth()
  optional(@CurrentUser('userId') userId: string | undefined) {
    return { userId: userId ?? null };
  }

  @All('csrf')
  @Public(false)
  @SkipCsrf(false)
  csrf() {
    return { ok: true };
  }
}

@Controller('optional')
@OptionalAuth()
@UseGuards(WristbandAuthGuard)
class OptionalController {
  @All()
  optional(@CurrentUser() user: AuthenticatedUser | undefined) {
    return { userId: user?.userId ?? null };
  }

  @All('either')
  @OptionalAuth()
  @AuthStrategies('SESSION', 'JWT')
  either(@CurrentUser() user: AuthenticatedUser | undefined) {
    return { userId: user?.userId ?? null };
  }

  @Get('closed')
  @OptionalAuth(false)
  closed() {
    return { ok: true };
  }

  @Get('auth')
  @Auth()
  auth() {
    return { ok: true };
  }

  @Get('not-public')
  @Public(false)
  notPublic() {
    return { ok: true };
  }

  @Get('strategies')
  @AuthStrategies('JWT')
  strategies() {
    return { ok: true };
  }

  @Get('roles')
  @OptionalAuth()
  @UseGuards(RolesGuard)
  @Roles([ADMIN])
  roles() {
    return { ok: true };
  }
}

@Controller('roles')
@UseGuards(WristbandAuthGuard, RolesGuard)
@AuthStrategies('SESSION', 'JWT')
@Roles([ADMIN])
class RolesController {
  @Get('admin')
  admin() {
    return { ok: true };
  }

  @Get('viewer')
  @Roles([VIEWER])
  viewer() {
    return { ok: true };
  }

  @Get('any')
  @Roles([ADMIN, VIEWER], { match: 'any' })
  any() {
    return { ok: true };
  }

  @Get('all')
  @Roles([ADMIN, VIEWER], { match: 'all' })
  all() {
    return { ok: true };
  }

  @Get('public')
  @Public()
  open() {
    return { ok: true };
  }
}

@Controller('unguarded')
class UnguardedController {
  @Get('roles')
  @UseGuards(RolesGuard)
  @Roles([ADMIN])
  roles() {
    return { ok: true };
  }

  @Get('wrong-order')
  @UseGuards(RolesGuard, SessionAuthGuard)
  @Roles([ADMIN])
  wrongOrder() {
    return { ok: true };
  }

  @Get('public')
  @UseGuards(SessionAuthGuard, RolesGuard)
  @Public()
  @Roles([ADMIN])
  contradiction() {
    return { ok: true };
  }

  @Get('no-roles')
  @UseGuards(RolesGuard)
  noRoles() {
    return { ok: true };
  }
}

@Injectable()
class Payments {
  hasPaid(userId: string): Promise<boolean> {
    return Promise.resolve(userId.includes('ada'));
  }
}

@Injectable()
class PaidSessionGuard extends SessionAuthGuard {
  @Inject(Payments) private readonly payments!: Payments;

  protected override authorize({ user }: Authentication): Promise<boolean> {
    return this.payments.hasPaid(user.userId);
  }
}

@Injectable()
class TenantGuard extends JwtAuthGuard {
  protected override authorize(authentication: Authentication, context: ExecutionContext): boolean {
    const { url } = context.switchToHttp().getRequest<{ url: string }>();
    return authentication.strategy === 'JWT' && url.endsWith(`?${authentication.claims.tnt_id}`);
  }
}

@Injectable()
class ReasonGuard extends WristbandAuthGuard {
  protected override authorize({ user }: Authentication): boolean {
    if (user.userId.includes('grace')) throw new ForbiddenException('Grace is on holiday');
    return true;
  }
}

@Injectable()
class LookedUpRolesGuard extends RolesGuard {
  @Inject(Payments) private readonly payments!: Payments;

  protected override async rolesOf({ user }: Authentication): Promise<string[]> {
    return (await this.payments.hasPaid(user.userId)) ? ['paid'] : [];
  }
}

@Controller('own')
class OwnGuardsController {
  @Get('session')
  @UseGuards(PaidSessionGuard)
  session() {
    return { ok: true };
  }

  @Get('jwt')
  @UseGuards(TenantGuard)
  jwt() {
    return { ok: true };
  }

  @Get('reason')
  @UseGuards(ReasonGuard)
  reason() {
    return { ok: true };
  }

  @Get('optional')
  @OptionalAuth()
  @UseGuards(PaidSessionGuard)
  optional() {
    return { ok: true };
  }

  @Get('roles')
  @UseGuards(SessionAuthGuard, LookedUpRolesGuard)
  @Roles(['paid'])
  roles() {
    return { ok: true };
  }
}

@Injectable()
class HandMadeGuard implements CanActivate {
  constructor(@Inject(WristbandAuthService) private readonly wristband: WristbandAuthService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const { strategy } = await this.wristband.authenticate(
      http.getRequest<HttpRequest>(),
      http.getResponse<HttpResponse>(),
      ['JWT', 'SESSION'],
    );
    return strategy === 'JWT' || strategy === 'SESSION';
  }
}

@Controller('values')
class ValuesController {
  @Get()
  @Auth('JWT', 'SESSION')
  values(
    @CurrentUser() user: AuthenticatedUser,
    @CurrentUser('tenantId') tenantId: string,
    @Jwt() claims: AccessTokenClaims | undefined,
    @Jwt('tnt_id') claim: string | undefined,
    @Jwt('nothing') nothing: string | undefined,
    @AccessToken() accessToken: string,
    @Session() session: Session,
  ) {
    const { userId: ofSession, accessToken: tokenOfSession } = session;
    return {
      user,
      tenantId,
      claims,
      claim,
      nothing,
      accessToken,
      ofSession,
      isToken: tokenOfSession === accessToken,
    };
  }

  @All('hand-made-too')
  @UseGuards(SessionAuthGuard, HandMadeGuard)
  @SkipCsrf()
  handMadeToo() {
    return { ok: true };
  }

  @All('hand-made')
  @UseGuards(HandMadeGuard)
  handMade(@CurrentUser() user: AuthenticatedUser, @AccessToken() accessToken: string) {
    return { userId: user.userId, strategy: user.strategy, isSame: user.accessToken === accessToken };
  }
}

describePlatforms('guards', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let ada: Browser;
  let grace: Browser;
  let token = '';

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    // Some handlers here would keep the application from starting: that guards refuse all the same is shown.
    const check = vi.spyOn(RouteCheck.prototype, 'onModuleInit').mockReturnValue();
    app = await startTestApp({
      emulator,
      platform,
      controllers: [
        ArrangedController,
        SessionsOnlyController,
        OpenController,
        OptionalController,
        RolesController,
        UnguardedController,
        OwnGuardsController,
        ValuesController,
      ],
      providers: [Payments],
      options: {
        scopes: ['openid', 'offline_access', 'email', 'roles'],
        session: { secrets: SESSION_SECRET, secure: false, enableCsrfProtection: true },
        jwt: { verifiedTokenCacheSize: 0 },
      },
    });
    check.mockRestore();
    ada = await signedIn(app, emulator, ADA);
    grace = await signedIn(app, emulator, GRACE);
    token = await accessTokenOf(app, emulator, { email: ADA });
  });
  beforeEach(() => emulator.heal());
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  const as = (browser: Browser, path: string, options: RequestOptions = {}) =>
    browser.request(`${app.origin}/${path}`, options);
  const bearing = (value: string): RequestOptions => ({ headers: { authorization: `Bearer ${value}` } });
  const nobody = () => new Browser();
  const statusOf = async (browser: Browser, path: string, options?: RequestOptions) =>
    (await as(browser, path, options)).status;

  describe('that are listed together', () => {
    it('must all pass without @AuthStrategies, and the last one names the user', async () => {
      expect(await statusOf(ada, 'arranged/both')).toBe(401);
      expect(await statusOf(nobody(), 'arranged/both', bearing(token))).toBe(401);
      expect((await as(ada, 'arranged/both', bearing(token))).json()).toEqual({ strategy: 'JWT' });
    });

    it('do the work once, however many they are', async () => {
      const signature = vi.spyOn(crypto.subtle, 'verify');
      expect((await as(nobody(), 'arranged/many', bearing(token))).status).toBe(403);
      expect(signature).toHaveBeenCalledTimes(1);

      const csrf = vi.spyOn(CsrfVerifier.prototype, 'verify');
      expect((await as(ada, 'arranged/many')).json()).toEqual({ strategy: 'SESSION' });
      expect(csrf).toHaveBeenCalledTimes(1);
      expect(signature).toHaveBeenCalledTimes(1);
    });

    it('are asked anew by each request', async () => {
      const csrf = vi.spyOn(CsrfVerifier.prototype, 'verify');

      expect(await statusOf(ada, 'arranged/many')).toBe(200);
      expect(await statusOf(grace, 'arranged/many')).toBe(200);
      expect(await statusOf(nobody(), 'arranged/many')).toBe(401);
      expect(csrf).toHaveBeenCalledTimes(2);
    });
  });

  describe('with strategies', () => {
    it.each([
      ['a guard by itself tries all that are listed', 'session-guard-alone', '200 JWT', '200 SESSION'],
      ['and not its own, if that is not among them', 'jwt-guard-alone', '401', '200 SESSION'],
      ['@Auth() tries those of the module', 'auth', '401', '200 SESSION'],
      ["@Auth('JWT') tries that", 'auth-jwt', '200 JWT', '401'],
      ['@Auth with two tries both', 'auth-both', '200 JWT', '200 SESSION'],
    ])('%s (%s)', async (_title, path, byToken, bySession) => {
      const outcome = async (browser: Browser, options?: RequestOptions) => {
        const response = await as(browser, `arranged/${path}`, options);
        return `${response.status} ${response.json<{ strategy?: string }>().strategy ?? ''}`.trim();
      };

      expect(await outcome(nobody(), bearing(token))).toBe(byToken);
      expect(await outcome(ada)).toBe(bySession);
      expect(await outcome(nobody())).toBe('401');
    });

    it('the handler beats its controller', async () => {
      expect(await statusOf(ada, 'sessions-only/inherited')).toBe(200);
      expect(await statusOf(nobody(), 'sessions-only/inherited', bearing(token))).toBe(401);
      for (const path of ['own', 'again']) {
        expect(await statusOf(ada, `sessions-only/${path}`)).toBe(401);
        expect(await statusOf(nobody(), `sessions-only/${path}`, bearing(token))).toBe(200);
      }
    });
  });

  describe('and @Public', () => {
    it('lets everybody pass, and nobody is known there', async () => {
      for (const browser of [nobody(), ada]) {
        const response = await as(browser, 'sessions-only/public', bearing('garbage'));

        expect(response.status).toBe(200);
        expect(response.json()).toEqual({ user: null, token: null });
      }
    });

    it('opens no session and looks at no token', async () => {
      const csrf = vi.spyOn(CsrfVerifier.prototype, 'verify');
      const signature = vi.spyOn(crypto.subtle, 'verify');

      const response = await as(ada, 'sessions-only/public', bearing(token));

      expect(response.headers.vary ?? '').not.toMatch(/cookie/i);
      expect(response.headers['cache-control']).toBeUndefined();
      expect(response.setCookies).toEqual([]);
      expect(csrf).not.toHaveBeenCalled();
      expect(signature).not.toHaveBeenCalled();
    });

    it.each([
      ['inherited', 200],
      ['closed', 401],
      ['auth', 401],
      ['strategies', 401],
      ['roles', 401],
      ['optional', 200],
    ])('on the controller: the handler %s answers %i to strangers', async (path, status) => {
      expect(await statusOf(nobody(), `open/${path}`)).toBe(status);
    });

    it('gives way to @OptionalAuth on the handler, which knows the user', async () => {
      expect((await as(ada, 'open/optional')).json()).toEqual({ userId: userOf(emulator, ADA).id });
    });
  });

  describe('and @OptionalAuth', () => {
    it('lets strangers pass, and knows who is none', async () => {
      for (const options of [{}, bearing('garbage'), { headers: { cookie: 'session=garbage' } }]) {
        const response = await as(nobody(), 'optional/either', options);

        expect(response.status).toBe(200);
        expect(response.json()).toEqual({ userId: null });
        expect(response.headers['www-authenticate']).toBeUndefined();
      }
      for (const [browser, options] of [[ada], [nobody(), bearing(token)]] as const) {
        const response = await as(browser, 'optional/either', options);
        expect(response.json()).toEqual({ userId: userOf(emulator, ADA).id });
      }
    });

    it('refuses a forged request all the same', async () => {
      const response = await as(ada, 'optional', { method: 'POST' });

      expect(response.status).toBe(403);
      expect(response.json()).toMatchObject({ code: 'csrf_failed' });
      expect(await statusOf(nobody(), 'optional', { method: 'POST' })).toBe(200);
    });

    it.each([['closed'], ['auth'], ['not-public'], ['strategies'], ['roles']])(
      'on the controller: the handler %s is closed to strangers',
      async (path) => {
        expect(await statusOf(nobody(), `optional/${path}`)).toBe(401);
      },
    );
  });

  describe('and @SkipCsrf', () => {
    it('lets requests without a CSRF token pass, from everywhere', async () => {
      const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };

      expect(await statusOf(ada, 'sessions-only/skip-csrf', { method: 'POST' })).toBe(200);
      expect(await statusOf(ada, 'sessions-only/skip-csrf', { method: 'POST', headers: foreign })).toBe(200);
      expect(await statusOf(nobody(), 'sessions-only/skip-csrf', { method: 'POST' })).toBe(401);
    });

    it('is taken back by @SkipCsrf(false) on the handler', async () => {
      expect(await statusOf(ada, 'open/csrf')).toBe(200);
      expect(await statusOf(ada, 'open/csrf', { method: 'POST' })).toBe(403);
    });
  });

  describe('and @Roles', () => {
    it.each([
      ['admin', 200, 403],
      ['viewer', 403, 200],
      ['any', 200, 200],
      ['all', 403, 403],
      ['public', 200, 200],
    ])('%s: an administrator gets %i, a viewer %i', async (path, admin, viewer) => {
      expect(await statusOf(ada, `roles/${path}`)).toBe(admin);
      expect(await statusOf(grace, `roles/${path}`)).toBe(viewer);
      expect(await statusOf(nobody(), `roles/${path}`)).toBe(path === 'public' ? 200 : 401);
    });

    it.each<[title: string, claims: object, admin: number, all: number]>([
      ['no claim', {}, 403, 403],
      ['names', { roles: [VIEWER, ADMIN] }, 200, 200],
      ['objects', { roles: [{ id: '1', name: ADMIN }] }, 200, 403],
      ['a custom claim', { custom_claims: { roles: [ADMIN] } }, 200, 403],
      ['an empty claim before a custom one', { roles: [], custom_claims: { roles: [ADMIN] } }, 403, 403],
      ['one text', { roles: ADMIN }, 403, 403],
      ['something else', { roles: [1, null, { name: 2 }, [ADMIN]] }, 403, 403],
      ['no custom claims', { custom_claims: null }, 403, 403],
    ])('are read from a token: %s', async (_title, claims, admin, all) => {
      const accessToken = await accessTokenOf(app, emulator, {
        accessTokenClaims: (given) => ({ ...given, ...claims }),
      });

      expect(await statusOf(nobody(), 'roles/admin', bearing(accessToken))).toBe(admin);
      expect(await statusOf(nobody(), 'roles/all', bearing(accessToken))).toBe(all);
    });

    it('a refusal says so in the language of the strategy', async () => {
      const bySession = await as(grace, 'roles/admin');
      const byToken = await as(nobody(), 'roles/admin', bearing(token));

      expect(bySession.json()).toEqual({
        statusCode: 403,
        error: 'Forbidden',
        message: 'You may not do this: a role is missing',
        code: 'insufficient_role',
      });
      expect(bySession.headers['www-authenticate']).toBeUndefined();
      expect(byToken.json()).toMatchObject({ code: 'insufficient_role' });
      expect(byToken.headers['www-authenticate']).toBe('Bearer error="insufficient_scope"');
    });

    it('fail closed where nobody authenticates, or too late, or nobody is asked to', async () => {
      for (const [browser, path] of [
        [ada, 'roles'],
        [ada, 'wrong-order'],
        [nobody(), 'public'],
      ] as const) {
        const response = await as(browser, `unguarded/${path}`);

        expect(response.status).toBe(401);
        expect(response.json()).toMatchObject({ code: 'not_authenticated' });
      }
      expect(await statusOf(nobody(), 'unguarded/no-roles')).toBe(200);
    });
  });

  describe('of the application', () => {
    it('have the last word about a session', async () => {
      expect(await statusOf(ada, 'own/session')).toBe(200);
      expect((await as(grace, 'own/session')).json()).toEqual({
        statusCode: 403,
        error: 'Forbidden',
        message: 'You may not do this',
        code: 'forbidden',
      });
      expect(await statusOf(nobody(), 'own/session')).toBe(401);
    });

    it('have the last word about a token', async () => {
      const { tnt_id } = decodeJwt<{ tnt_id: string }>(token);

      expect(await statusOf(nobody(), `own/jwt?${tnt_id}`, bearing(token))).toBe(200);
      expect(await statusOf(nobody(), 'own/jwt?another', bearing(token))).toBe(403);
      expect(await statusOf(ada, `own/jwt?${tnt_id}`)).toBe(401);
    });

    it('may say why', async () => {
      expect(await statusOf(ada, 'own/reason')).toBe(200);
      expect((await as(grace, 'own/reason')).json()).toMatchObject({
        statusCode: 403,
        message: 'Grace is on holiday',
      });
    });

    it('are not asked about strangers who may pass', async () => {
      expect(await statusOf(nobody(), 'own/optional')).toBe(200);
      expect(await statusOf(grace, 'own/optional')).toBe(403);
    });

    it('may look up roles elsewhere', async () => {
      expect(await statusOf(ada, 'own/roles')).toBe(200);
      expect(await statusOf(grace, 'own/roles')).toBe(403);
    });
  });

  describe('tell handlers', () => {
    it('who has a session', async () => {
      const { id: userId } = userOf(emulator, GRACE);

      const { accessToken, ...values } = (await as(grace, 'values')).json();

      expect(decodeJwt(String(accessToken)).sub).toBe(userId);
      expect(values).toEqual({
        user: {
          userId,
          tenantId: 'tenant-acme',
          tenantName: 'acme',
          roles: [VIEWER],
          strategy: 'SESSION',
        },
        tenantId: 'tenant-acme',
        ofSession: userId,
        isToken: true,
      });
    });

    it('who has a token', async () => {
      const { id: userId } = userOf(emulator, ADA);

      const values = (await as(nobody(), 'values', bearing(token))).json();

      expect(values).toEqual({
        user: { userId, tenantId: 'tenant-acme', strategy: 'JWT' },
        tenantId: 'tenant-acme',
        claims: decodeJwt(token),
        claim: 'tenant-acme',
        accessToken: token,
        isToken: false,
      });
    });

    it('the user of the token, and nothing of the session of another user', async () => {
      const { user, ofSession } = (await as(grace, 'values', bearing(token))).json<{
        user: AuthenticatedUser;
        ofSession: string;
      }>();

      expect(user.userId).toBe(userOf(emulator, ADA).id);
      expect(ofSession).toBeUndefined();
    });
  });

  describe('written by hand with authenticate()', () => {
    it('pass and refuse like ours, and tell handlers the user', async () => {
      const { id: userId } = userOf(emulator, ADA);

      expect((await as(ada, 'values/hand-made')).json()).toEqual({
        userId,
        strategy: 'SESSION',
        isSame: true,
      });
      expect((await as(ada, 'values/hand-made', bearing(token))).json()).toMatchObject({ strategy: 'JWT' });
      expect((await as(nobody(), 'values/hand-made')).json()).toMatchObject({ code: 'not_authenticated' });
      expect((await as(ada, 'values/hand-made', { method: 'POST' })).json()).toMatchObject({
        code: 'csrf_failed',
      });
      expect((await as(nobody(), 'values/hand-made', bearing('a.b.c'))).json()).toMatchObject({
        code: 'invalid_token',
      });
    });

    it('check for forged requests also where our guards leave that out', async () => {
      expect((await as(ada, 'values/hand-made-too')).status).toBe(200);
      expect((await as(ada, 'values/hand-made-too', { method: 'POST' })).json()).toMatchObject({
        code: 'csrf_failed',
      });
    });

    it('refuse lists that make no sense', async () => {
      const wristband = app.app.get(WristbandAuthService);
      const request = {} as HttpRequest;
      const response = {} as HttpResponse;

      await expect(wristband.authenticate(request, response, [])).rejects.toThrow(/names no strategy/);
      await expect(wristband.authenticate(request, response, ['JWT', 'JWT'])).rejects.toThrow(/twice/);
    });
  });
});

describe('decorators that make no sense', () => {
  it.each([
    ['no strategy', [], '@AuthStrategies() names no strategy'],
    ['one twice', ['JWT', 'JWT'], '@AuthStrategies() names a strategy twice'],
    ['an unknown one', ['SESSION', 'BASIC'], '@AuthStrategies() names "BASIC"'],
    ['one in lower case', ['session'], '@AuthStrategies() names "session"'],
  ])('fail while the class is defined: %s', (_title, strategies, message) => {
    const given = strategies as ('SESSION' | 'JWT')[];

    expect(() => AuthStrategies(...given)).toThrow(TypeError);
    expect(() => AuthStrategies(...given)).toThrow(message);
    if (given.length > 0) expect(() => Auth(...given)).toThrow(message);
  });

  it('fail while the class is defined: no roles', () => {
    expect(() => Roles([])).toThrow(TypeError);
    expect(() => Roles('admin' as unknown as string[])).toThrow(TypeError);
  });
});
