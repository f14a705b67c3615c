import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  Session,
  SessionAuthGuard,
  type TokenData,
  type TokenResponse,
  WristbandAuthService,
  type WristbandOptions,
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

@Controller()
class OrdersController {
  @Get('orders')
  @UseGuards(SessionAuthGuard)
  list(@Session() session: Session) {
    const { tenantName, accessToken, refreshToken, expiresAt } = session;
    return { tenantName, accessToken, refreshToken, expiresAt };
  }

  /** Puts something into a field of the session, as an application that has a mistake would. */
  @Get('tinker')
  tinker(@Session() session: Session, @Query('field') field: string, @Query('json') json?: string) {
    const fields = session as unknown as Record<string, unknown>;
    if (json === undefined) delete fields[field];
    else fields[field] = JSON.parse(json);
  }
}

/** Seconds that the emulator's access tokens live, and that we take off. */
const LIFETIME = 1800;
const BUFFER = 60;

let emulator: WristbandEmulator;
let app: TestApp;
let browser: Browser;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  emulator.heal();
  emulator.tamper();
});

async function start(
  options: Partial<WristbandOptions> = {},
  platform: Platform = 'express',
): Promise<TestApp> {
  return startTestApp({
    emulator,
    platform,
    controllers: [OrdersController],
    options: { http: { timeout: 5000 }, ...options },
  });
}

async function signInHere({ origin } = app): Promise<BrowserResponse> {
  const user = emulator.users.find(({ email }) => email === 'grace@acme.example')!;
  const landed = await signIn(browser, `${origin}/api/auth/login?tenant_name=acme&return_url=/orders`, user);
  emulator.clearCalls();
  return landed;
}

/** Only the clock: timers, and so every time-out, run on as usual. */
function advanceClock(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}

const orders = ({ origin } = app) => browser.get(`${origin}/orders`);
const spentTokens = () => emulator.callsTo('token').map(({ form }) => form.refresh_token);
const isCleared = (line: string) => line.startsWith('session=; Max-Age=0;');

describePlatforms('an access token that has expired', (platform) => {
  beforeAll(async () => {
    emulator = await startWristbandEmulator({ accessTokenTtl: LIFETIME });
    app = await start({}, platform);
  });
  beforeEach(async () => {
    browser = new Browser();
    await signInHere();
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  it('is renewed on the way, and the session keeps the new one', async () => {
    const before = (await orders()).json();
    advanceClock(LIFETIME + 1);

    const response = await orders();

    expect(response.status).toBe(200);
    expect(response.json().accessToken).not.toBe(before.accessToken);
    expect(response.json().refreshToken).not.toBe(before.refreshToken);
    expect(response.setCookies.filter((line) => line.startsWith('session='))).toHaveLength(1);
    expect((await orders()).json()).toEqual(response.json());
    expect(spentTokens()).toEqual([before.refreshToken]);
  });

  it('is left alone until its buffer begins, and renewed from then on', async () => {
    advanceClock(LIFETIME - BUFFER - 5);
    await orders();
    expect(spentTokens()).toHaveLength(0);

    advanceClock(10);
    await orders();

    expect(spentTokens()).toHaveLength(1);
  });

  it('is renewed once for 10 requests at the same time, all are served and get the same (weakness 2)', async () => {
    advanceClock(LIFETIME + 1);

    const responses = await Promise.all(Array.from({ length: 10 }, () => orders()));

    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(emulator.callsTo('token')).toHaveLength(1);
    expect(new Set(responses.map(({ text }) => text)).size).toBe(1);
    expect(responses.every(({ setCookies }) => setCookies.length === 1)).toBe(true);
  });

  it('is there for a late request that still carries the old cookie (weakness 2)', async () => {
    const cookie = await browser.jar.getCookieString(app.origin);
    advanceClock(LIFETIME + 1);
    const renewed = (await orders()).json();
    const latecomer = new Browser();

    const late = await latecomer.get(`${app.origin}/orders`, { headers: { cookie } });

    expect(late.status).toBe(200);
    expect(late.json()).toEqual(renewed);
    expect(emulator.callsTo('token')).toHaveLength(1);
    // The answer brings the new session, so the latecomer goes on with it.
    expect((await latecomer.get(`${app.origin}/orders`)).json()).toEqual(renewed);
  });

  it('is there for a request that carries the old cookie half an hour later', async () => {
    const cookie = await browser.jar.getCookieString(app.origin);
    advanceClock(LIFETIME + 1);
    await orders();
    // What a process remembers, it measures by another clock.
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 1_700_000);
    advanceClock(1700);

    const late = await new Browser().get(`${app.origin}/orders`, { headers: { cookie } });

    expect(late.status).toBe(200);
    expect(new Set(spentTokens()).size).toBe(spentTokens().length);
  });

  it('is renewed again and again, each time with the newest refresh token', async () => {
    for (let round = 0; round < 3; round += 1) {
      advanceClock(LIFETIME + 1);
      expect((await orders()).status).toBe(200);
    }

    expect(new Set(spentTokens()).size).toBe(3);
    expect(emulator.callsTo('token').map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('is renewed for the Token Endpoint too', async () => {
    advanceClock(LIFETIME + 1);

    const token = (await browser.get(`${app.origin}/api/auth/token`)).json<TokenResponse>();

    expect(token.expiresAt).toBeGreaterThan(Date.now() + (LIFETIME - BUFFER - 30) * 1000);
    expect(token.accessToken).toBe((await orders()).json().accessToken);
  });

  it('is renewed with the right request', async () => {
    const { refreshToken } = (await orders()).json();
    advanceClock(LIFETIME + 1);

    await orders();

    const [call] = emulator.callsTo('token');
    const credentials = Buffer.from(`${emulator.clientId}:${emulator.clientSecret}`).toString('base64');
    expect(call?.form).toEqual({ grant_type: 'refresh_token', refresh_token: refreshToken });
    expect(call?.headers.authorization).toBe(`Basic ${credentials}`);
    expect(call?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
  });

  describe('and that Wristband refuses to renew', () => {
    it('ends the session: 401, the cookie goes, and the next request is simply not signed in', async () => {
      emulator.revokeAllGrants();
      advanceClock(LIFETIME + 1);

      const response = await orders();
      const next = await orders();

      expect(response.status).toBe(401);
      expect(response.json()).toEqual({
        statusCode: 401,
        error: 'Unauthorized',
        message: 'The sign-in has ended; sign in again',
        code: 'token_refresh_failed',
      });
      expect(response.setCookies.filter(isCleared)).toHaveLength(1);
      expect(response.setCookies).toHaveLength(1);
      expect(await browser.cookies(app.origin)).toEqual([]);
      expect(next.status).toBe(401);
      expect(next.json()).toMatchObject({ code: 'not_authenticated' });
      expect(emulator.callsTo('token')).toHaveLength(1);
    });

    it('is asked for once by 10 requests at the same time, and all are told the same', async () => {
      emulator.revokeAllGrants();
      advanceClock(LIFETIME + 1);

      const responses = await Promise.all(Array.from({ length: 10 }, () => orders()));

      expect(new Set(responses.map(({ text }) => text)).size).toBe(1);
      expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 401));
      expect(emulator.callsTo('token')).toHaveLength(1);
    });

    it('ends the session inside the buffer as well: a refusal is a verdict', async () => {
      emulator.revokeAllGrants();
      advanceClock(LIFETIME - BUFFER + 5);

      const response = await orders();

      expect(response.status).toBe(401);
      expect(response.json()).toMatchObject({ code: 'token_refresh_failed' });
    });

    it('lets the same browser sign in again', async () => {
      emulator.revokeAllGrants();
      advanceClock(LIFETIME + 1);
      await orders();

      const landed = await browser.get(`${app.origin}/api/auth/login?tenant_name=acme&return_url=/orders`);

      expect(landed.url).toBe(`${app.origin}/orders`);
      expect(landed.status).toBe(200);
    });
  });
});

describe('answers to a refresh', () => {
  /** The same application in further processes: the same secrets, but a memory of its own. */
  let spare: TestApp;
  let anotherSpare: TestApp;

  beforeAll(async () => {
    emulator = await startWristbandEmulator({ accessTokenTtl: LIFETIME });
    spare = await start();
    anotherSpare = await start();
    app = await start();
  });
  beforeEach(async () => {
    browser = new Browser();
    await signInHere();
  });
  afterAll(async () => {
    await Promise.all([app, spare, anotherSpare].map((one) => one.close()));
    await emulator.close();
  });

  /** The emulator knows one application at a time: that which signs in. */
  const registerAt = (origin: string) =>
    emulator.setApplication({
      loginUrl: `${origin}/api/auth/login`,
      redirectUris: [`${origin}/api/auth/callback`],
    });

  const answer = (status: number, body: string | object = '', headers: Record<string, string> = {}) =>
    emulator.fail('token', { kind: 'status', status, body, headers });

  it.each([
    [400, { error: 'invalid_grant' }],
    [400, { error: 'invalid_grant', error_description: 'spent' }],
    [401, { error: 'invalid_grant' }],
    [403, { error: 'invalid_grant' }],
  ])('%i %j is definitive', async (status, body) => {
    advanceClock(LIFETIME + 1);
    answer(status, body);

    const response = await orders();

    expect(response.status).toBe(401);
    expect(response.json()).toMatchObject({ code: 'token_refresh_failed' });
    expect(response.setCookies.filter(isCleared)).toHaveLength(1);
    expect(emulator.callsTo('token')).toHaveLength(1);
  });

  it.each([
    [408, '', undefined],
    [429, '', '30'],
    [429, { error: 'slow_down' }, 'Fri, 31 Dec 2100 23:59:59 GMT'],
    [500, { error: 'invalid_grant' }, undefined],
    [502, '<html>Bad gateway</html>', undefined],
    [503, '', '7'],
    [504, '', undefined],
    [599, '', undefined],
  ])('%i %j is passing trouble: nobody is signed out (weakness 15)', async (status, body, retryAfter) => {
    advanceClock(LIFETIME + 1);
    answer(status, body, retryAfter === undefined ? {} : { 'retry-after': retryAfter });

    const during = await orders();
    emulator.heal();
    const afterwards = await orders();

    expect(during.status).toBe(503);
    expect(during.json()).toMatchObject({ code: 'wristband_unavailable' });
    expect(during.headers['retry-after']).toMatch(/^\d{1,4}$/);
    expect(during.setCookies.filter(isCleared)).toEqual([]);
    expect(afterwards.status).toBe(200);
  });

  it('a hanging one costs the time-out and no more (weaknesses 15 and 16)', async () => {
    const { origin } = app;
    const hasty = await start({ http: { timeout: 300 } });
    registerAt(origin);
    advanceClock(LIFETIME + 1);
    emulator.fail('token', { kind: 'hang' });
    const startedAt = performance.now();

    const during = await browser.get(`${hasty.origin}/orders`);

    expect(performance.now() - startedAt).toBeLessThan(9000);
    expect(during.status).toBe(503);
    emulator.heal();
    expect((await browser.get(`${hasty.origin}/orders`)).status).toBe(200);
    await hasty.close();
  });

  it.each([
    ['no access token', { expires_in: 1800 }],
    ['a lifetime of zero', { access_token: 'new', expires_in: 0 }],
    ['a negative lifetime', { access_token: 'new', expires_in: -5 }],
    ['a token of another type', { access_token: 'new', expires_in: 1800, token_type: 'DPoP' }],
    ['an error in a good answer', { error: 'invalid_grant' }],
    ['a list', []],
  ])('200 with %s is passing trouble', async (_title, body) => {
    advanceClock(LIFETIME + 1);
    answer(200, body);

    const during = await orders();
    emulator.heal();
    const afterwards = await orders();

    expect(during.status).toBe(503);
    expect(afterwards.status).toBe(200);
    expect(emulator.callsTo('token')).toHaveLength(2);
  });

  it('without a refresh token leave the session its old one, again and again (weakness 13)', async () => {
    const { refreshToken } = (await orders()).json();
    const first = { access_token: 'unrotated-1', expires_in: LIFETIME, token_type: 'Bearer' };
    advanceClock(LIFETIME + 1);
    answer(200, first);
    expect((await orders()).json()).toMatchObject({ accessToken: 'unrotated-1', refreshToken });
    emulator.heal();
    answer(200, { ...first, access_token: 'unrotated-2' });
    advanceClock(LIFETIME + 1);
    expect((await orders(spare)).json()).toMatchObject({ accessToken: 'unrotated-2', refreshToken });
    emulator.heal();
    advanceClock(LIFETIME + 1);

    const response = await orders(anotherSpare);

    // The old one is still good at Wristband, so the session goes on with the next rotation.
    expect(response.status).toBe(200);
    expect(response.json().refreshToken).not.toBe(refreshToken);
    expect(spentTokens()).toEqual([refreshToken, refreshToken, refreshToken]);
  });

  it('are not handed out again once they have expired, however fresh the memory of them is', async () => {
    const body = { access_token: 'short-1', expires_in: 30 };
    advanceClock(LIFETIME + 1);
    answer(200, body);
    expect((await orders()).json()).toMatchObject({ accessToken: 'short-1' });
    emulator.heal();
    answer(200, { ...body, access_token: 'short-2' });

    advanceClock(31);
    const response = await orders();

    expect(response.json()).toMatchObject({ accessToken: 'short-2' });
    expect(response.json<{ expiresAt: number }>().expiresAt).toBeGreaterThan(Date.now());
  });

  it('that have expired do not serve a late request with the old cookie either', async () => {
    const cookie = await browser.jar.getCookieString(app.origin);
    const { refreshToken } = (await orders()).json();
    advanceClock(LIFETIME + 1);
    answer(200, { access_token: 'short-1', expires_in: 30, refresh_token: 'rotated-1' });
    await orders();
    emulator.heal();
    answer(200, { access_token: 'short-2', expires_in: 30, refresh_token: 'rotated-2' });

    advanceClock(31);
    const late = await new Browser().get(`${app.origin}/orders`, { headers: { cookie } });

    expect(late.json()).toMatchObject({ accessToken: 'short-2', refreshToken: 'rotated-2' });
    expect(spentTokens()).toEqual([refreshToken, 'rotated-1']);
  });

  it('are never asked for with a spent refresh token, however often its old cookie comes back', async () => {
    const cookie = await browser.jar.getCookieString(app.origin);
    const { refreshToken } = (await orders()).json();
    const late = () => new Browser().get(`${app.origin}/orders`, { headers: { cookie } });
    advanceClock(LIFETIME + 1);
    answer(200, { access_token: 'short-1', expires_in: 30, refresh_token: 'successor-1' });
    await orders();
    emulator.heal();
    answer(200, { access_token: 'short-2', expires_in: 30, refresh_token: 'successor-2' });
    advanceClock(31);

    const responses = [await late(), await late(), ...(await Promise.all([late(), late()]))];

    expect(responses.map((response) => response.json().accessToken)).toEqual(Array(4).fill('short-2'));
    // A second use of the first token would look like theft to Wristband and end the sign-in.
    expect(spentTokens()).toEqual([refreshToken, 'successor-1']);
  });

  it('that have expired are renewed once by 10 requests at the same time, also where nothing rotates', async () => {
    const { refreshToken } = (await orders()).json();
    advanceClock(LIFETIME + 1);
    answer(200, { access_token: 'short-1', expires_in: 30 });
    await orders();
    emulator.heal();
    answer(200, { access_token: 'short-2', expires_in: 30 });
    advanceClock(31);

    const responses = await Promise.all(Array.from({ length: 10 }, () => orders()));

    expect(responses.map((response) => response.json().accessToken)).toEqual(Array(10).fill('short-2'));
    expect(spentTokens()).toEqual([refreshToken, refreshToken]);
  });

  it.each([null, ''])(
    'with %j as the refresh token leave the session its old one (weakness 13)',
    async (absent) => {
      const { refreshToken } = (await orders()).json();
      emulator.tamper({ tokenAnswer: (body) => ({ ...body, refresh_token: absent }) });
      advanceClock(LIFETIME + 1);

      const response = await orders();

      expect(response.status).toBe(200);
      expect(response.json()).toMatchObject({ refreshToken });
    },
  );

  it('whose access token is no JWT are taken, but not past their end', async () => {
    advanceClock(LIFETIME + 1);
    answer(200, { access_token: 'opaque', expires_in: 100 });
    expect((await orders()).json()).toMatchObject({ accessToken: 'opaque' });
    emulator.heal();
    answer(500);

    advanceClock(30);
    const before = await orders();
    advanceClock(20);
    const inBuffer = await orders(spare);

    expect(before.status).toBe(200);
    // Nothing tells how long it really lives.
    expect(inBuffer.status).toBe(503);
  });

  it('hold special characters in a refresh token unharmed (weakness 6)', async () => {
    const odd = 'a&b=c+d/e%20f é"\'';
    advanceClock(LIFETIME + 1);
    answer(200, { access_token: 'first', expires_in: LIFETIME, refresh_token: odd });
    await orders();
    advanceClock(LIFETIME + 1);

    await orders();

    expect(spentTokens().at(-1)).toBe(odd);
    expect(emulator.callsTo('token').at(-1)?.form).toEqual({
      grant_type: 'refresh_token',
      refresh_token: odd,
    });
  });
});

describe('a session that cannot be renewed (weakness 14)', () => {
  beforeAll(async () => {
    emulator = await startWristbandEmulator({ accessTokenTtl: LIFETIME });
    app = await start({ scopes: ['openid'] });
  });
  beforeEach(async () => {
    browser = new Browser();
    await signInHere();
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  const tinker = (field: string, value: unknown) => {
    const query = new URLSearchParams({ field, ...(value !== undefined && { json: JSON.stringify(value) }) });
    return browser.get(`${app.origin}/tinker?${query}`);
  };

  it('holds no refresh token without the scope offline_access', async () => {
    expect((await orders()).json()).not.toHaveProperty('refreshToken');
  });

  it('is good as long as its access token', async () => {
    advanceClock(LIFETIME - BUFFER - 5);

    expect((await orders()).status).toBe(200);
  });

  it('ends with its access token', async () => {
    advanceClock(LIFETIME + 1);

    const response = await orders();

    expect(response.status).toBe(401);
    expect(response.json()).toMatchObject({ code: 'not_authenticated' });
    expect(emulator.callsTo('token')).toHaveLength(0);
  });

  it.each([
    ['expiresAt', 'abc'],
    ['expiresAt', '9999999999999'],
    ['expiresAt', null],
    ['expiresAt', undefined],
    ['expiresAt', true],
    ['expiresAt', {}],
    ['isAuthenticated', 'false'],
    ['isAuthenticated', 'true'],
    ['isAuthenticated', 1],
    ['isAuthenticated', false],
    ['isAuthenticated', undefined],
    ['accessToken', 5],
    ['accessToken', null],
    ['accessToken', undefined],
    ['userId', 5],
    ['userId', ''],
    ['userId', undefined],
  ])('is none when %s is %j', async (field, value) => {
    expect((await orders()).status).toBe(200);
    await tinker(field, value);

    const response = await orders();

    expect(response.status).toBe(401);
    expect(response.json()).toMatchObject({ code: 'not_authenticated' });
  });

  it.each([5, '', null, {}, true])(
    'ends with its access token when the refresh token is %j',
    async (value) => {
      await tinker('refreshToken', value);
      advanceClock(LIFETIME + 1);

      const response = await orders();

      expect(response.status).toBe(401);
      expect(response.json()).toMatchObject({ code: 'not_authenticated' });
      expect(emulator.callsTo('token')).toHaveLength(0);
    },
  );
});

describe('a buffer that is longer than the token lives (weakness 20)', () => {
  beforeAll(async () => {
    emulator = await startWristbandEmulator({ accessTokenTtl: LIFETIME });
    app = await start({ tokenExpirationBuffer: 3600 });
  });
  beforeEach(async () => {
    browser = new Browser();
    await signInHere();
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  it('does not mean a refresh with every request', async () => {
    for (let request = 0; request < 10; request += 1) expect((await orders()).status).toBe(200);

    expect(emulator.callsTo('token')).toHaveLength(0);
  });

  it('is cut to half of its life', async () => {
    advanceClock(LIFETIME / 2 - 5);
    await orders();
    expect(emulator.callsTo('token')).toHaveLength(0);

    advanceClock(10);
    for (let request = 0; request < 10; request += 1) await orders();

    expect(emulator.callsTo('token')).toHaveLength(1);
  });
});

describe('a token that lives for seconds (weakness 20)', () => {
  it.each([
    { lifetime: 1, buffer: 60 },
    { lifetime: 2, buffer: 1 },
    { lifetime: 60, buffer: 60 },
  ])(
    'of $lifetime s with a buffer of $buffer s is not refreshed right after it was issued',
    async ({ lifetime, buffer }) => {
      // The clock stands still, so that a slow machine does not use up the token.
      advanceClock(0);
      emulator = await startWristbandEmulator({ accessTokenTtl: lifetime });
      app = await start({ tokenExpirationBuffer: buffer });
      browser = new Browser();
      await signInHere();

      const responses = [await orders(), await orders(), await orders()];

      expect(responses.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(emulator.callsTo('token').length).toBe(0);
      await app.close();
      await emulator.close();
    },
  );
});

describe('refreshTokenIfExpired', () => {
  let wristband: WristbandAuthService;
  let refreshToken: string;

  beforeAll(async () => {
    emulator = await startWristbandEmulator({ accessTokenTtl: LIFETIME });
    app = await start();
    wristband = app.app.get(WristbandAuthService);
  });
  beforeEach(async () => {
    browser = new Browser();
    refreshToken = (await signInHere()).json<{ refreshToken: string }>().refreshToken;
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  const past = () => Date.now() - 1;

  it('answers null while the token is good', async () => {
    expect(await wristband.refreshTokenIfExpired(refreshToken, Date.now() + 60_000)).toBeNull();
    expect(emulator.callsTo('token')).toHaveLength(0);
  });

  it('answers new tokens with the buffer taken off', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });

    const tokens = await wristband.refreshTokenIfExpired(refreshToken, past());

    expect(tokens).toEqual<TokenData>({
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      idToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      refreshToken: expect.stringMatching(/./),
      expiresIn: LIFETIME - BUFFER,
      expiresAt: Date.now() + (LIFETIME - BUFFER) * 1000,
    });
    expect(tokens?.refreshToken).not.toBe(refreshToken);
  });

  it('takes the very moment of expiry for expired', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });

    expect(await wristband.refreshTokenIfExpired(refreshToken, Date.now())).not.toBeNull();
  });

  it('spends a refresh token once for callers at the same time and later (weakness 2)', async () => {
    const parallel = await Promise.all(
      Array.from({ length: 5 }, () => wristband.refreshTokenIfExpired(refreshToken, past())),
    );
    const later = await wristband.refreshTokenIfExpired(refreshToken, past());

    expect(new Set([...parallel, later].map((tokens) => tokens?.accessToken)).size).toBe(1);
    expect(emulator.callsTo('token')).toHaveLength(1);
  });

  it.each(['', ' ', undefined, null, 5, {}, ['token']])('refuses %j as a refresh token', async (value) => {
    const refresh = wristband.refreshTokenIfExpired(value as string, past());

    await expect(refresh).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('refreshToken'),
    });
    expect(emulator.callsTo('token')).toHaveLength(0);
  });

  it.each([0, -1, 1.5, NaN, Infinity, '1700000000000', 'abc', undefined, null, true, {}])(
    'refuses %j as the time of expiry (weakness 14)',
    async (value) => {
      const refresh = wristband.refreshTokenIfExpired(refreshToken, value as number);

      await expect(refresh).rejects.toMatchObject({
        code: 'invalid_argument',
        message: expect.stringContaining('expiresAt'),
      });
      expect(emulator.callsTo('token')).toHaveLength(0);
    },
  );

  it('says that the user has to sign in again, and why, without the token', async () => {
    const refresh = wristband.refreshTokenIfExpired('not-a-token-of-this-emulator', past());

    const error: Error = await refresh.then(
      () => new Error('it was accepted'),
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ code: 'token_refresh_failed', oauthError: { error: 'invalid_grant' } });
    expect(`${error.message} ${String(error.cause)}`).not.toContain('not-a-token-of-this-emulator');
  });

  it('says when to come back, when Wristband is in trouble', async () => {
    emulator.fail('token', { kind: 'status', status: 503, headers: { 'retry-after': '42' } });

    const refresh = wristband.refreshTokenIfExpired(refreshToken, past());

    await expect(refresh).rejects.toMatchObject({ code: 'wristband_unavailable', retryAfter: 42 });
  });

  it('works later with the same token, when Wristband was in trouble', async () => {
    emulator.fail('token', { kind: 'status', status: 500, times: 1 });
    await expect(wristband.refreshTokenIfExpired(refreshToken, past())).rejects.toMatchObject({
      code: 'wristband_unavailable',
    });

    expect(await wristband.refreshTokenIfExpired(refreshToken, past())).not.toBeNull();
  });

  it('needs no session and no auto-configuration', async () => {
    const { session: _session, ...options } = optionsFor(emulator);
    const bare = await startTestApp({ emulator, options: { ...options, session: undefined } });

    const tokens = await bare.app.get(WristbandAuthService).refreshTokenIfExpired(refreshToken, past());

    expect(tokens).not.toBeNull();
    expect(emulator.callsTo('sdkConfiguration')).toHaveLength(0);
    await bare.close();
  });
});
