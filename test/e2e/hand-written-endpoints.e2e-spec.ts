import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Redirect,
  Req,
  Res,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { map } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  CurrentUser,
  type HttpRequest,
  type HttpResponse,
  Public,
  SessionAuthGuard,
  WristbandAuthService,
  WristbandModule,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import {
  describePlatforms,
  type Platform,
  startTestApp,
  type TestApp,
  type TestAppOptions,
} from '../support/test-app.js';

let emulator: WristbandEmulator;
let app: TestApp;
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterEach(() => app.close());
afterAll(() => emulator.close());

const start = async (platform: Platform, setup: Partial<TestAppOptions> = {}) => {
  app = await startTestApp({ emulator, platform, ...setup });
};
const wraps = (nest: INestApplication) =>
  void nest.useGlobalInterceptors({
    intercept: (_: ExecutionContext, next: CallHandler) =>
      next.handle().pipe(map((data: unknown) => ({ data }))),
  });
const told = (text: string) => app.logs.filter((line) => line.includes(text));

@Controller('own')
class OwnController {
  constructor(private readonly wristband: WristbandAuthService) {}

  @Get('url')
  @Public()
  login(@Req() req: HttpRequest, @Res({ passthrough: true }) res: HttpResponse) {
    return this.wristband.login(req, res);
  }

  @Get('login')
  @Public()
  @Redirect()
  redirect(@Req() req: HttpRequest, @Res({ passthrough: true }) res: HttpResponse) {
    return this.wristband.login(req, res);
  }
}

describePlatforms('a redirect that a handler of the application returns', (platform) => {
  it('is missed in the log, once for each address, when an interceptor changed it', async () => {
    await start(platform, { configure: wraps });
    const browser = new Browser();
    for (const path of ['login?tenant_name=acme', 'logout', 'login?tenant_name=acme&return_url=/secret']) {
      const { status, headers } = await browser.get(`${app.origin}/api/auth/${path}`, { redirect: 'manual' });
      expect([status, headers.location ?? '']).toEqual([302, '']);
    }

    expect(told('was lost')).toEqual([
      expect.stringContaining('The redirect of login() was lost: /api/auth/login responded 302'),
      expect.stringContaining('The redirect of logout() was lost: /api/auth/logout responded 302'),
    ]);
    expect(told('was lost').join()).not.toMatch(/secret|acme|state/);
  });

  it('is not missed where it arrives, or where the application sends the URL as JSON', async () => {
    await start(platform, { controllers: [OwnController] });

    for (const path of ['own/login', 'own/url', 'api/auth/login', 'api/auth/logout'])
      await new Browser().get(`${app.origin}/${path}?tenant_name=acme`, { redirect: 'manual' });

    expect(told('was lost')).toEqual([]);
  });
});

/** By user, and not at all for visitors. */
class CacheByUser extends CacheInterceptor {
  override trackBy(): string | undefined {
    return undefined;
  }
}
class OwnCacheInterceptor extends CacheInterceptor {}

@Controller('cached')
@UseGuards(SessionAuthGuard)
class CachedController {
  @Get('mine')
  @UseInterceptors(CacheInterceptor)
  mine(@CurrentUser('userId') userId: string) {
    return userId;
  }

  @Get('ours')
  @UseInterceptors(OwnCacheInterceptor)
  ours() {
    return 'ours';
  }

  @Get('by-user')
  @UseInterceptors(CacheByUser)
  byUser(@CurrentUser('userId') userId: string) {
    return userId;
  }

  @Get('public')
  @Public()
  @UseInterceptors(CacheInterceptor)
  public() {
    return 'for all';
  }
}

describe('guarded handlers behind a cache', () => {
  it('are named at the start when it keeps responses by URL alone', async () => {
    const imports = [CacheModule.register()];
    await start('express', { imports, controllers: [CachedController] });

    expect(told('CacheInterceptor')).toEqual([
      expect.stringMatching(/to another: CachedController\.mine, CachedController\.ours\. Extend it/),
    ]);
  });
});

describePlatforms('the URLs of ready-made endpoints', (platform) => {
  const urls = (login: string, callback = login.replace('login', 'callback')) => ({
    autoConfigureEnabled: false,
    loginUrl: `http://localhost:3000${login}`,
    redirectUri: `http://localhost:3000${callback}`,
  });
  const prefixed = (nest: INestApplication) => void nest.setGlobalPrefix('api');

  it('are named in the log when the global prefix is in routes.path as well', async () => {
    const options = { routes: { path: 'api/auth' }, ...urls('/api/auth/login') };
    await start(platform, { options, configure: prefixed });

    expect(told('which no route')).toEqual([
      expect.stringMatching(
        /^loginUrl leads to \/api\/auth\/login,.* routes\.login is at \/api\/api\/auth\/login\. .*set that to auth/,
      ),
      expect.stringContaining('redirectUri leads to /api/auth/callback'),
    ]);
  });

  it.each<[string, string, string, ((nest: INestApplication) => void) | undefined]>([
    ['as they are', '/api/auth/login', 'api/auth', undefined],
    ['with the global prefix', '/api/auth/login', 'auth', prefixed],
    ['with a prefix that a proxy cuts off', '/shop/api/auth/login', 'api/auth', undefined],
    ['with a slash at the end', '/auth/login/', '/auth/', undefined],
  ])('are not, %s', async (_title, login, path, configure) => {
    const options = { routes: { path }, ...urls(login) };
    await start(platform, { options, ...(configure && { configure }) });

    expect(told('which no route')).toEqual([]);
  });

  it('are named in the log when a module of the application is mounted elsewhere', async () => {
    await start(platform, {
      imports: [RouterModule.register([{ path: 'mounted', module: WristbandModule }])],
      options: { routes: { path: 'api/auth' }, ...urls('/api/auth/login') },
    });

    expect(told('which no route')[0]).toContain('routes.login is elsewhere');
  });
});
