import { All, Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type HttpRequest,
  type HttpResponse,
  MemorySessionStore,
  Public,
  Session,
  type SessionOptions,
  WristbandAuthService,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { lastCallback } from '../support/auth.controller.js';
import { signedIn, userOf } from '../support/bearer-tokens.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { CounterController } from '../support/counter.controller.js';
import {
  inSeconds,
  LOGOUT_TOKEN_FORGERIES,
  type Loot,
  UNUSUAL_LOGOUT_TOKENS,
} from '../support/logout-tokens.js';
import { ObservedStore } from '../support/observed-store.js';
import {
  describePlatforms,
  type Platform,
  SESSION_SECRET,
  startTestApp,
  type TestApp,
} from '../support/test-app.js';

const GRACE = 'grace@acme.example';
const LINUS = 'linus@globex.example';
const PATH = '/api/auth/backchannel-logout';
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

@Controller('api/auth')
@Public()
class BackChannelController {
  constructor(private readonly wristband: WristbandAuthService) {}

  @Post('backchannel-logout')
  @HttpCode(200)
  logout(@Req() req: HttpRequest, @Res({ passthrough: true }) res: HttpResponse): Promise<void> {
    return this.wristband.backChannelLogout(req, res);
  }

  @All('any-method')
  any(@Req() req: HttpRequest, @Res({ passthrough: true }) res: HttpResponse): Promise<void> {
    return this.wristband.backChannelLogout(req, res);
  }
}

/** What a session from before the field has. */
@Controller('forget-idp-session')
class ForgetController {
  @Get()
  forget(@Session() session: Session) {
    delete session.idpSessionId;
    return {};
  }
}

const MODES: readonly [mode: string, createOptions: () => Partial<SessionOptions>][] = [
  ['cookies', () => ({})],
  ['cookies that several processes share', () => ({ coordinationStore: new MemorySessionStore() })],
  ['a store', () => ({ store: new MemorySessionStore() })],
];

let emulator: WristbandEmulator;
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());
afterEach(() => {
  vi.useRealTimers();
  emulator.heal();
});

async function start(platform: Platform, session: Partial<SessionOptions>): Promise<TestApp> {
  const app = await startTestApp({
    emulator,
    platform,
    controllers: [BackChannelController, CounterController, ForgetController],
    options: { session: { secrets: SESSION_SECRET, secure: false, ...session } },
  });
  emulator.setApplication({
    backChannelLogoutUri: app.origin + PATH,
    backChannelLogoutSessionRequired: true,
  });
  return app;
}

const post = ({ origin }: TestApp, body: string, headers: Record<string, string> = FORM) =>
  new Browser().post(origin + PATH, { body, headers });

const send = (app: TestApp, token: string) =>
  post(app, new URLSearchParams({ logout_token: token }).toString());

const statusOf = async (browser: Browser, { origin }: TestApp) =>
  (await browser.get(`${origin}/api/auth/session`)).status;

/** The session as somebody would use it who kept its cookie. */
const keptCookie = async (browser: Browser, { origin }: TestApp) => {
  const cookie = await browser.jar.getCookieString(origin);
  return async () => (await new Browser().get(`${origin}/api/auth/session`, { headers: { cookie } })).status;
};

/** The logout page of the provider, with nothing of the application on the way. */
const logOutAtProvider = (browser: Browser) =>
  browser.get(`http://acme.${emulator.vanityDomain}/api/v1/logout?client_id=${emulator.clientId}`, {
    redirect: 'manual',
  });

const later = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });

function expectRefusal(response: BrowserResponse, token?: string): void {
  expect(response.status, response.text).toBe(400);
  expect(response.json()).toEqual({
    statusCode: 400,
    error: 'Bad Request',
    message: expect.any(String),
    code: 'invalid_logout_token',
  });
  expect(response.headers['cache-control']).toContain('no-store');
  if (token) expect(response.text).not.toContain(token);
}

describe.each(MODES)('with sessions in %s', (_, createOptions) => {
  describePlatforms('back-channel logout', (platform) => {
    let app: TestApp;
    beforeAll(async () => (app = await start(platform, createOptions())));
    afterAll(() => app.close());
    beforeEach(() => emulator.setApplication({ backChannelLogoutSessionRequired: true }));

    it('ends the session of a sign-in when that ends at Wristband, and no other', async () => {
      const browser = await signedIn(app, emulator, GRACE);
      const other = await signedIn(app, emulator, GRACE);
      const kept = await keptCookie(browser, app);
      expect(await statusOf(browser, app)).toBe(200);

      const answer = await logOutAtProvider(browser);

      expect(answer.status).toBe(302);
      expect(await statusOf(browser, app)).toBe(401);
      expect(await kept()).toBe(401);
      expect(await statusOf(other, app)).toBe(200);
    });

    it('lets the user sign in again at once', async () => {
      const browser = await signedIn(app, emulator, GRACE);
      await logOutAtProvider(browser);

      const again = await signedIn(app, emulator, GRACE);

      expect(await statusOf(again, app)).toBe(200);
    });

    it('ends every session of a user where the token names no session', async () => {
      emulator.setApplication({ backChannelLogoutSessionRequired: false });
      const browser = await signedIn(app, emulator, GRACE);
      expect(lastCallback.data).not.toHaveProperty('idpSessionId');
      const other = await signedIn(app, emulator, GRACE);
      const linus = await signedIn(app, emulator, LINUS);

      await logOutAtProvider(browser);

      expect(await statusOf(browser, app)).toBe(401);
      expect(await statusOf(other, app)).toBe(401);
      expect(await statusOf(linus, app)).toBe(200);
    });

    it('leaves alone who signed in after the token was issued', async () => {
      const now = Date.now();
      vi.useFakeTimers({ toFake: ['Date'], now: now - 20_000 });
      const before = await signedIn(app, emulator, LINUS);
      vi.setSystemTime(now);
      const after = await signedIn(app, emulator, LINUS);

      const answer = await send(
        app,
        await emulator.signLogoutToken({ sub: userOf(emulator, LINUS).id, iat: inSeconds(-10) }),
      );

      expect(answer.status, answer.text).toBe(200);
      expect(await statusOf(before, app)).toBe(401);
      expect(await statusOf(after, app)).toBe(200);
    });

    it('does not bring back what a newer token ended when an older one comes late', async () => {
      const sub = userOf(emulator, LINUS).id;
      const browser = await signedIn(app, emulator, LINUS);
      const kept = await keptCookie(browser, app);
      await send(app, await emulator.signLogoutToken({ sub }));

      await send(app, await emulator.signLogoutToken({ sub, iat: inSeconds(-60) }));

      expect(await kept()).toBe(401);
    });

    it('ends a sign-in that was under way, and locks nobody out for long', async () => {
      const browser = await signedIn(app, emulator, GRACE);
      const sid = lastCallback.data?.idpSessionId;
      await send(app, await emulator.signLogoutToken({ sid }));

      // The session at Wristband is still there in truth, so nobody asks for a password.
      await browser.get(`${app.origin}/api/auth/login?tenant_name=acme`);

      expect(lastCallback.data?.idpSessionId).toBe(sid);
      expect(await statusOf(browser, app)).toBe(401);
      later(61);
      await browser.get(`${app.origin}/api/auth/login?tenant_name=acme`);
      expect(await statusOf(browser, app)).toBe(200);
    });

    it('ends by sid and sub the sessions of the user that name no session at Wristband, and no others', async () => {
      const unnamed = await signedIn(app, emulator, LINUS);
      await unnamed.get(`${app.origin}/forget-idp-session`);
      const named = await signedIn(app, emulator, LINUS);
      const sub = userOf(emulator, LINUS).id;
      later(5);

      await send(app, await emulator.signLogoutToken({ sub, sid: 'another' }));

      expect(await statusOf(unnamed, app)).toBe(401);
      expect(await statusOf(named, app)).toBe(200);
    });

    it('answers 200 with nothing in it that a cache may keep', async () => {
      await signedIn(app, emulator, GRACE);
      const sid = lastCallback.data?.idpSessionId;

      const answer = await send(app, await emulator.signLogoutToken({ sid }));

      expect(answer).toMatchObject({ status: 200, text: '', setCookies: [] });
      expect(answer.headers['cache-control']).toContain('no-store');
    });

    it('keeps the ID of the session at Wristband in the session', async () => {
      const browser = await signedIn(app, emulator, GRACE);

      const fields = (await browser.get(`${app.origin}/counter/read`)).json();

      expect(lastCallback.data?.idpSessionId).toMatch(/./);
      expect(fields.idpSessionId).toBe(lastCallback.data?.idpSessionId);
    });

    it.each(UNUSUAL_LOGOUT_TOKENS)('takes a token with %s', async (_title, forge) => {
      const browser = await signedIn(app, emulator, GRACE);

      const answer = await send(app, await forge(loot()));

      expect(answer.status, answer.text).toBe(200);
      expect(await statusOf(browser, app)).toBe(401);
    });

    it('takes a token once', async () => {
      await signedIn(app, emulator, GRACE);
      const { sub } = loot();
      const token = await emulator.signLogoutToken({ sub });
      expect((await send(app, token)).status).toBe(200);
      later(3);
      const browser = await signedIn(app, emulator, GRACE);

      expectRefusal(await send(app, token), token);
      expectRefusal(await send(app, await emulator.signLogoutToken({ sub, jti: jtiOf(token) })));

      expect(await statusOf(browser, app)).toBe(200);
    });

    it('answers all senders of the same token who come at the same time', async () => {
      const browser = await signedIn(app, emulator, GRACE);
      const token = await emulator.signLogoutToken({ sid: loot().sid });

      const answers = await Promise.all([send(app, token), send(app, token), send(app, token)]);

      // Whoever comes after the first was done is told so.
      expect(answers.map(({ status }) => status)).toContain(200);
      expect(await statusOf(browser, app)).toBe(401);
    });

    it('answers 503 while the keys cannot be had, and takes the same token afterwards', async () => {
      const browser = await signedIn(app, emulator, GRACE);
      await emulator.rotateKeys();
      const token = await emulator.signLogoutToken({ sid: loot().sid });
      later(31);
      emulator.fail('jwks', { kind: 'status', status: 503 });

      const during = await send(app, token);
      emulator.heal();
      later(6);
      const afterwards = await send(app, token);

      expect(during.status, during.text).toBe(503);
      expect(during.json().code).toBe('wristband_unavailable');
      expect(during.headers['retry-after']).toMatch(/^\d+$/);
      expect(during.headers['cache-control']).toContain('no-store');
      expect(afterwards.status, afterwards.text).toBe(200);
      expect(await statusOf(browser, app)).toBe(401);
    });

    it('that the application does not take ends the session at Wristband all the same', async () => {
      const browser = await signedIn(app, emulator, GRACE);
      emulator.setApplication({ backChannelLogoutUri: `${app.origin}/nowhere` });

      expect((await logOutAtProvider(browser)).status).toBe(302);

      emulator.setApplication({ backChannelLogoutUri: app.origin + PATH });
      const page = await browser.get(`${app.origin}/api/auth/login?tenant_name=acme`);
      expect(page.text).toContain('Password');
    });
  });
});

describePlatforms('a bad logout token', (platform) => {
  let app: TestApp;
  let browser: Browser;
  let stolen: Loot;
  beforeAll(async () => {
    app = await start(platform, {});
    browser = await signedIn(app, emulator, GRACE);
    stolen = loot();
  });
  afterAll(() => app.close());
  afterEach(async () => expect(await statusOf(browser, app)).toBe(200));

  it.each(LOGOUT_TOKEN_FORGERIES)('with %s is refused', async (_title, forge) => {
    const token = await forge(stolen);

    expectRefusal(await send(app, token), token);
  });

  it.each<[string, (token: string) => [body: string, headers?: Record<string, string>]]>([
    ['missing', () => ['']],
    ['missing among other fields', (token) => [`token=${token}`]],
    ['empty', () => ['logout_token=']],
    ['two, of which the first is good', (token) => [`logout_token=${token}&logout_token=x`]],
    ['two, of which the second is good', (token) => [`logout_token=x&logout_token=${token}`]],
    ['twice the same', (token) => [`logout_token=${token}&logout_token=${token}`]],
    ['in a list', (token) => [`logout_token[]=${token}`]],
    ['in an object', (token) => [`logout_token[a]=${token}`]],
    ['in JSON', (token) => [JSON.stringify({ logout_token: token }), { 'Content-Type': 'application/json' }]],
    ['in a plain text', (token) => [`logout_token=${token}`, { 'Content-Type': 'text/plain' }]],
    ['of 90 kB', () => [`logout_token=${'a'.repeat(90_000)}`]],
  ])('is refused when it is %s', async (_title, bodyWith) => {
    const { sub, sid } = stolen;

    expectRefusal(await post(app, ...bodyWith(await emulator.signLogoutToken({ sub, sid }))));
  });

  it('of 2 MB is refused by the platform', async () => {
    const answer = await post(app, `logout_token=${'a'.repeat(2_000_000)}`).catch(() => undefined);

    expect([413, undefined]).toContain(answer?.status);
  });

  it('is not looked for in the query', async () => {
    const token = await emulator.signLogoutToken({ sub: stolen.sub, sid: stolen.sid });
    const url = `${app.origin}${PATH}?logout_token=${token}`;

    expectRefusal(await new Browser().post(url, { headers: FORM }));
    expect((await new Browser().get(url)).status).toBe(404);
  });

  it.each(['GET', 'PUT', 'DELETE'])('is not taken by %s', async (method) => {
    const token = await emulator.signLogoutToken({ sub: stolen.sub, sid: stolen.sid });
    const url = `${app.origin}/api/auth/any-method?logout_token=${token}`;
    const body = method === 'PUT' ? `logout_token=${token}` : undefined;

    expectRefusal(await new Browser().request(url, { method, ...(body && { body, headers: FORM }) }));
  });
});

describe.each(['store', 'coordinationStore'] as const)('with a %s', (option) => {
  describePlatforms('back-channel logout', (platform) => {
    it('answers 503 while the store is down, and takes the same token afterwards', async () => {
      const store = new ObservedStore(new MemorySessionStore());
      const app = await start(platform, { [option]: store });
      const browser = await signedIn(app, emulator, GRACE);
      const token = await emulator.signLogoutToken({ sid: loot().sid });

      store.failing.add(option === 'store' ? 'list' : 'write');
      const during = await send(app, token);
      store.failing.clear();
      const afterwards = await send(app, token);
      const replayed = await send(app, token);

      expect(during.status, during.text).toBe(503);
      expect(during.json().code).toBe('session_store_unavailable');
      expect(during.headers['retry-after']).toBe('1');
      expect(during.headers['cache-control']).toContain('no-store');
      expect(afterwards.status, afterwards.text).toBe(200);
      expectRefusal(replayed, token);
      expect(await statusOf(browser, app)).toBe(401);
      await app.close();
    });

    it.each<['sid' | 'sub']>([['sid'], ['sub']])('holds in every process, by %s', async (by) => {
      const store = new MemorySessionStore();
      const one = await start(platform, { [option]: store });
      const two = await start(platform, { [option]: store });
      const browser = await signedIn(two, emulator, GRACE);
      const kept = await keptCookie(browser, two);
      expect(await statusOf(browser, one)).toBe(200);

      const answer = await send(one, await emulator.signLogoutToken({ [by]: loot()[by] }));

      expect(answer.status, answer.text).toBe(200);
      expect(await statusOf(browser, two)).toBe(401);
      expect(await kept()).toBe(401);
      await Promise.all([one.close(), two.close()]);
    });

    it('takes the token of a logout that is under way once more', async () => {
      const store = new ObservedStore(new MemorySessionStore());
      const app = await start(platform, { [option]: store });
      await signedIn(app, emulator, GRACE);
      const token = await emulator.signLogoutToken({ sid: loot().sid });
      store.latency = 300;

      const answers = await Promise.all([send(app, token), send(app, token)]);
      store.failing.add(option === 'store' ? 'list' : 'write');
      const other = await emulator.signLogoutToken({ sid: loot().sid });
      const failures = await Promise.all([send(app, other), send(app, other)]);

      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(failures.map(({ status }) => status)).toEqual([503, 503]);
      await app.close();
    });
  });
});

describePlatforms('back-channel logout where Nest parses no bodies', (platform) => {
  it('reads the form itself where the platform lets it', async () => {
    const app = await startTestApp({
      emulator,
      platform,
      controllers: [BackChannelController],
      bodyParser: false,
    });
    emulator.setApplication({ backChannelLogoutUri: app.origin + PATH });
    const browser = await signedIn(app, emulator, GRACE);
    const token = await emulator.signLogoutToken({ sid: loot().sid });

    const twice = await post(app, `logout_token=${token}&logout_token=${token}`);
    const answer = await send(app, token);

    if (platform === 'express') expectRefusal(twice, token);
    expect(answer.status, answer.text).toBe(platform === 'express' ? 200 : 415);
    expect(await statusOf(browser, app)).toBe(platform === 'express' ? 401 : 200);
    await app.close();
  });
});

/** What the last sign-in got. */
function loot(): Loot {
  const { data } = lastCallback;
  if (!data?.idpSessionId) throw new Error('nobody has signed in');
  return {
    emulator,
    sub: data.userInfo.userId,
    sid: data.idpSessionId,
    idToken: data.idToken,
    accessToken: data.accessToken,
  };
}

function jtiOf(token: string): unknown {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(payload) as { jti: unknown }).jti;
}
