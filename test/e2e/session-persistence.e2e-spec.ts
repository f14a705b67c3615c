import { Readable } from 'node:stream';
import type { ServerResponse } from 'node:http';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Head,
  Header,
  HttpCode,
  Injectable,
  Redirect,
  Req,
  Res,
  Sse,
  StreamableFile,
  UseGuards,
} from '@nestjs/common';
import { interval, map, of, take } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type HttpRequest,
  type HttpResponse,
  MemorySessionStore,
  Session,
  SessionAuthGuard,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { CounterController as SharedCounterController } from '../support/counter.controller.js';
import { ObservedStore } from '../support/observed-store.js';
import { signIn } from '../support/sign-in.js';
import {
  describePlatforms,
  optionsFor,
  type Platform,
  startTestApp,
  type TestApp,
} from '../support/test-app.js';

interface CounterSession {
  count: number;
  nested: { list: string[] };
  blob: string;
}

const rawOf = (res: HttpResponse): ServerResponse => ('raw' in res ? res.raw : res);
/** What the handlers below do with the session. */
let action: 'change' | 'roll' | 'clear' = 'change';
const countUp = (session: Session<CounterSession>) => {
  if (action === 'clear') session.clear();
  if (action === 'change') session.count = (session.count ?? 0) + 1;
};

@Injectable()
class RefusingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    countUp(context.switchToHttp().getRequest<{ session: Session<CounterSession> }>().session);
    return false;
  }
}

@Controller('c')
class CounterController {
  @Get('read')
  read(@Session() session: Session<CounterSession>) {
    return session.toJSON();
  }

  @Get('value')
  value(@Session() session: Session<CounterSession>) {
    countUp(session);
    return { ok: true };
  }

  @Get('redirect')
  @Redirect('/c/read')
  redirect(@Session() session: Session<CounterSession>) {
    countUp(session);
  }

  @Get('res-send')
  send(@Session() session: Session<CounterSession>, @Res() res: HttpResponse & { send(body: string): void }) {
    countUp(session);
    res.send('sent by hand');
  }

  @Get('passthrough')
  passthrough(@Session() session: Session<CounterSession>, @Res({ passthrough: true }) _res: HttpResponse) {
    countUp(session);
    return { ok: true };
  }

  @Get('exception')
  exception(@Session() session: Session<CounterSession>) {
    countUp(session);
    throw new ForbiddenException();
  }

  @Get('error')
  error(@Session() session: Session<CounterSession>) {
    countUp(session);
    throw new Error('not an HttpException');
  }

  @Sse('sse')
  sse(@Session() session: Session<CounterSession>) {
    countUp(session);
    return of({ data: 'one' });
  }

  @Get('file')
  file(@Session() session: Session<CounterSession>) {
    countUp(session);
    return new StreamableFile(Readable.from(['a', 'b']));
  }

  @Get('stream')
  stream(@Session() session: Session<CounterSession>, @Res() res: HttpResponse) {
    countUp(session);
    const raw = rawOf(res);
    raw.write('a');
    raw.end('b');
  }

  @Head('head')
  head(@Session() session: Session<CounterSession>) {
    countUp(session);
  }

  @Get('not-modified')
  @HttpCode(304)
  notModified(@Session() session: Session<CounterSession>) {
    countUp(session);
  }

  @Get('save')
  save(@Session() session: Session<CounterSession>) {
    session.save();
  }

  @Get('clear')
  clear(@Session() session: Session<CounterSession>) {
    session.save();
    session.clear();
    countUp(session);
  }

  @Get('nested')
  nested(@Session() session: Session<CounterSession>) {
    session.nested ??= { list: [] };
    session.nested.list.push('x');
  }

  @Get('too-large')
  tooLarge(@Session() session: Session<CounterSession>) {
    session.blob = 'x'.repeat(5000);
    return { ok: true };
  }

  @Get('public')
  @Header('Cache-Control', 'public, max-age=60')
  @Header('Vary', 'Accept-Encoding')
  publicCaching(@Session('count') count: number) {
    return { count };
  }

  @Get('late')
  late(@Session() session: Session<CounterSession>, @Res() res: HttpResponse) {
    const raw = rawOf(res);
    raw.write('headers are gone');
    countUp(session);
    raw.end();
  }

  @Get('late-save')
  lateSave(@Session() session: Session<CounterSession>, @Res() res: HttpResponse) {
    const raw = rawOf(res);
    raw.write('headers are gone');
    countUp(session);
    session.save();
    raw.end();
  }

  @Sse('late-sse')
  lateSse(@Session() session: Session<CounterSession>) {
    return interval(5).pipe(
      take(3),
      map(() => {
        countUp(session);
        return { data: 'late' };
      }),
    );
  }
}

/** Here the session is opened for the first time when the headers are gone. */
@Controller('late-open')
class LateOpenController {
  @Get()
  lateOpen(@Req() req: HttpRequest & { session: Session<CounterSession> }, @Res() res: HttpResponse) {
    const raw = rawOf(res);
    raw.write('headers are gone');
    const { count } = req.session;
    countUp(req.session);
    raw.end(`, count was ${count}`);
  }
}

@Controller('refused')
@UseGuards(SessionAuthGuard, RefusingGuard)
class RefusedController {
  @Get()
  get() {}
}

@Controller('untouched')
class UntouchedController {
  @Get()
  get() {
    return { ok: true };
  }
}

/** Where sessions are kept. */
interface Mode {
  readonly name: 'sid' | 'session';
  /** The option that the store is given as; none without a store. */
  readonly option?: 'store' | 'coordinationStore';
}

/** Runs the same tests wherever sessions can be kept; stores take their time. */
function describeModes(title: string, tests: (platform: Platform, mode: Mode) => void): void {
  const modes: [where: string, mode: Mode][] = [
    ['in cookies', { name: 'session' }],
    ['in cookies that several processes share', { name: 'session', option: 'coordinationStore' }],
    ['in a store', { name: 'sid', option: 'store' }],
  ];
  for (const [where, mode] of modes)
    describePlatforms(`${title} ${where}`, (platform) => tests(platform, mode));
}

describeModes('session persistence', (platform, { name, option }) => {
  const isStored = option === 'store';
  let emulator: WristbandEmulator;
  let app: TestApp;
  let browser: Browser;
  const store = new ObservedStore(new MemorySessionStore(), 30);
  const get = (path: string, options = {}) =>
    browser.get(`${app.origin}${path}`, { redirect: 'manual', ...options });

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({
      emulator,
      platform,
      options: { session: { ...optionsFor(emulator).session!, ...(option && { [option]: store }) } },
      controllers: [CounterController, LateOpenController, RefusedController, UntouchedController],
    });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });
  beforeEach(() => {
    browser = new Browser();
    app.events.length = 0;
    action = 'change';
    store.failing.clear();
  });
  afterEach(() => vi.useRealTimers());

  const signInAsGrace = () => {
    const grace = emulator.users.find(({ email }) => email === 'grace@acme.example')!;
    return signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, grace);
  };

  const RESPONSES: [kind: string, path: string, status: number, method?: string][] = [
    ['a returned value', 'value', 200],
    ['@Redirect()', 'redirect', 302],
    ['@Res() and send', 'res-send', 200],
    ['@Res({ passthrough })', 'passthrough', 200],
    ['a thrown HttpException', 'exception', 403],
    ['an unknown error', 'error', 500],
    ['server-sent events', 'sse', 200],
    ['a StreamableFile', 'file', 200],
    ['res.write', 'stream', 200],
    ['304', 'not-modified', 304],
    ['HEAD', 'head', 200, 'HEAD'],
  ];

  describe.each(RESPONSES)('with %s', (_, path, status, method = 'GET') => {
    const act = () => browser.request(`${app.origin}/c/${path}`, { method, redirect: 'manual' });

    it('writes a change once, and the next request sees it', async () => {
      const response = await act();

      expect(response.status).toBe(status);
      expect(response.setCookies).toEqual([expect.stringMatching(new RegExp(`^${name}=.+Max-Age=3600`))]);
      expect((await get('/c/read')).json()).toEqual({ count: 1 });
    });

    it.runIf(isStored)('becomes 503 without a cookie when the change cannot be kept', async () => {
      store.failing.add('write');

      const response = await act();

      expect(response.status).toBe(503);
      expect(response.headers['retry-after']).toBe('1');
      expect(response.setCookies).toEqual([]);
      expect(response.text).toEqual(
        method === 'HEAD' ? '' : expect.stringContaining('"code":"session_store_unavailable"'),
      );
    });

    it('renews the cookie when that is due', async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      await get('/c/value');
      vi.setSystemTime(Date.now() + 61_000);
      action = 'roll';

      const response = await act();

      expect(response.setCookies).toEqual([expect.stringMatching(new RegExp(`^${name}=.+Max-Age=3600`))]);
      expect((await get('/c/read')).json()).toEqual({ count: 1 });
    });

    it('removes the cookie of a session that ends', async () => {
      await get('/c/value');
      action = 'clear';

      const response = await act();

      expect(response.setCookies).toEqual([`${name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`]);
      expect((await get('/c/read')).json()).toEqual({});
    });
  });

  it.each(['change', 'roll', 'clear'] as const)(
    'writes the cookie when a later guard refuses: %s',
    async (what) => {
      vi.useFakeTimers({ toFake: ['Date'] });
      await signInAsGrace();
      vi.setSystemTime(Date.now() + 61_000);
      action = what;

      const response = await get('/refused');

      expect(response.status).toBe(403);
      expect(response.setCookies).toHaveLength(1);
      expect((await get('/api/auth/session')).status).toBe(what === 'clear' ? 401 : 200);
    },
  );

  it('sees a change deep inside a field', async () => {
    await get('/c/nested');
    await get('/c/nested');

    expect((await get('/c/read')).json()).toEqual({ nested: { list: ['x', 'x'] } });
  });

  it('writes nothing when nothing changed', async () => {
    await get('/c/value');

    expect((await get('/c/read')).setCookies).toEqual([]);
  });

  it('writes the cookie at save() although nothing changed', async () => {
    await get('/c/value');

    expect((await get('/c/save')).setCookies).toEqual([
      expect.stringMatching(new RegExp(`^${name}=.+Max-Age=3600`)),
    ]);
    expect((await get('/c/read')).json()).toEqual({ count: 1 });
  });

  it('sets nothing for a visitor without a session', async () => {
    expect((await get('/c/read')).setCookies).toEqual([]);
  });

  it('leaves a route alone that does not ask for the session', async () => {
    await get('/c/value');

    const { headers, setCookies } = await get('/untouched');

    expect(setCookies).toEqual([]);
    expect(headers.vary).toBeUndefined();
    expect(headers['cache-control']).toBeUndefined();
  });

  it('lets clear win over save and over later changes in the same request', async () => {
    await get('/c/value');

    const { setCookies } = await get('/c/clear');

    expect(setCookies).toEqual([`${name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`]);
    expect((await get('/c/read')).json()).toEqual({});
  });

  it.skipIf(isStored)(
    'answers 500 with the largest fields instead of losing a session that is too large',
    async () => {
      const response = await get('/c/too-large');

      expect(response.status).toBe(500);
      expect(response.json()).toMatchObject({
        code: 'session_too_large',
        message: expect.stringContaining('blob (5002 bytes)'),
      });
      expect(response.setCookies).toEqual([]);
    },
  );

  it('forbids caches to keep an answer that depends on the session, whatever the handler says', async () => {
    const { headers } = await get('/c/public');

    expect(headers['cache-control']).toBe('private, no-store');
    expect(headers.vary).toBe('Accept-Encoding, Cookie');
  });

  it('forbids old caches too to keep what goes to the front end', async () => {
    await signInAsGrace();

    for (const path of ['session', 'token']) {
      expect((await get(`/api/auth/${path}`)).headers).toMatchObject({
        'cache-control': 'private, no-store',
        pragma: 'no-cache',
        vary: 'Cookie',
      });
    }
  });

  const lateRoutes = ['/c/late', '/c/late-save', '/c/late-sse', ...(option ? [] : ['/late-open'])];
  it.each(lateRoutes)('tells once about a change that came after the headers: %s', async (path) => {
    await get('/c/value');
    app.events.length = 0;

    const response = await get(path);

    expect(response.setCookies).toEqual([]);
    await vi.waitFor(() => expect(app.events).not.toEqual([]), 20_000);
    expect(app.events).toEqual([{ type: 'session.lost_write', reason: 'headers_sent' }]);
  });

  it.skipIf(option)('reads what is there when it is opened after the headers', async () => {
    await get('/c/value');

    expect((await get('/late-open')).text).toBe('headers are gone, count was 1');
  });

  it('renews the cookie when that is due, and not before', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await signInAsGrace();
    vi.setSystemTime(Date.now() + 58_000);
    const early = await get('/api/auth/session');
    vi.setSystemTime(Date.now() + 3000);
    const due = await get('/api/auth/session');

    expect(early.setCookies).toEqual([]);
    expect(due.setCookies).toEqual([expect.stringMatching(new RegExp(`^${name}=.+Max-Age=3600`))]);
  });

  it('ends an idle session on the server, whatever the browser keeps', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await get('/c/value');
    const cookie = await browser.jar.getCookieString(app.origin);
    const replay = async () =>
      (await new Browser().get(`${app.origin}/c/read`, { headers: { cookie } })).json();
    vi.setSystemTime(Date.now() + 3_590_000);
    expect(await replay()).toEqual({ count: 1 });

    vi.setSystemTime(Date.now() + 11_000);

    expect(await replay()).toEqual({});
  });

  it.each(['garbage', 'a.b.c.d.e', '', '%E0%A4%A', 'x'.repeat(3000)])(
    'takes the cookie value %j for no session',
    async (value) => {
      const response = await get('/c/read', { headers: { cookie: `${name}=${value}; other=%E0%A4%A` } });

      expect(response.status).toBe(200);
      expect(response.json()).toEqual({});
    },
  );

  it('finds the valid cookie among two of the same name', async () => {
    await get('/c/value');
    const valid = await browser.jar.getCookieString(app.origin);

    for (const cookie of [`${name}=tossed; ${valid}`, `${valid}; ${name}=tossed`]) {
      expect((await get('/c/read', { headers: { cookie } })).json()).toEqual({ count: 1 });
    }
  });
});

describe('a session without secrets', () => {
  it('is a clear error for the developer', async () => {
    const emulator = await startWristbandEmulator();
    const app = await startTestApp({
      emulator,
      options: { session: undefined },
      controllers: [SharedCounterController],
    });

    const response = await new Browser().get(`${app.origin}/counter/read`);

    expect(response.status).toBe(500);
    expect(response.json()).toMatchObject({ code: 'session_not_configured' });
    await app.close();
    await emulator.close();
  });
});
