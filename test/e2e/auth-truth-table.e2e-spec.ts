import { All, Controller, Get, Param, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AccessToken,
  AuthStrategies,
  type AuthStrategy,
  CurrentUser,
  JwtAuthGuard,
  Session,
  SessionAuthGuard,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { lastCallback } from '../support/auth.controller.js';
import { type BearerKind, bearerTokens, signedIn } from '../support/bearer-tokens.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

type CookieKind = 'none' | 'valid' | 'expired' | 'expired, not renewable' | 'revoked' | 'garbage';
type Arrangement = 'SESSION' | 'JWT' | 'SESSION+JWT' | 'JWT+SESSION' | 'both must pass';
type Method = 'GET' | 'POST';
/** What an answer says, in one line: `200 SESSION`, `401 invalid_token`; then the session cookie and the challenge. */
type Outcome = string;

const BEARERS: readonly BearerKind[] = [
  'none',
  'valid',
  'expired',
  'malformed',
  'wrong key',
  'wrong issuer',
  'ID token',
];
const COOKIES: readonly CookieKind[] = [
  'none',
  'valid',
  'expired',
  'expired, not renewable',
  'revoked',
  'garbage',
];
const PATHS: Readonly<Record<Arrangement, string>> = {
  SESSION: 'session',
  JWT: 'jwt',
  'SESSION+JWT': 'session-jwt',
  'JWT+SESSION': 'jwt-session',
  'both must pass': 'both',
};
const ARRANGEMENTS = Object.keys(PATHS) as Arrangement[];

@Controller('table')
class TableController {
  @All('session')
  @UseGuards(SessionAuthGuard)
  session(@CurrentUser('strategy') strategy: AuthStrategy) {
    return { strategy };
  }

  @All('jwt')
  @UseGuards(JwtAuthGuard)
  jwt(@CurrentUser('strategy') strategy: AuthStrategy) {
    return { strategy };
  }

  @All('session-jwt')
  @UseGuards(SessionAuthGuard, JwtAuthGuard)
  @AuthStrategies('SESSION', 'JWT')
  sessionFirst(@CurrentUser('strategy') strategy: AuthStrategy) {
    return { strategy };
  }

  @All('jwt-session')
  @UseGuards(SessionAuthGuard, JwtAuthGuard)
  @AuthStrategies('JWT', 'SESSION')
  jwtFirst(@CurrentUser('strategy') strategy: AuthStrategy) {
    return { strategy };
  }

  @All('both')
  @UseGuards(SessionAuthGuard, JwtAuthGuard)
  both(@CurrentUser('strategy') strategy: AuthStrategy) {
    return { strategy };
  }

  @Get('renewed')
  @UseGuards(SessionAuthGuard)
  renewed(@AccessToken() accessToken: string, @Session() session: Session) {
    return { accessToken, ofSession: session.accessToken, isGood: Date.now() < (session.expiresAt ?? 0) };
  }

  /** Makes the session that signed in one of another kind. */
  @Get('become/:kind')
  become(@Session() session: Session, @Param('kind') kind: CookieKind) {
    if (kind !== 'valid') session.expiresAt = Date.now() - 1000;
    if (kind === 'expired, not renewable') delete session.refreshToken;
  }
}

/** The rule of the whole table. The challenge names an error when a token was there and was what is answered. */
function expected(arrangement: Arrangement, method: Method, bearer: BearerKind, cookie: CookieKind): Outcome {
  const isSignedIn = cookie !== 'none' && cookie !== 'garbage';
  const session = !isSignedIn
    ? 'not_authenticated'
    : method === 'POST'
      ? 'csrf_failed'
      : { valid: 'ok', expired: 'ok', revoked: 'token_refresh_failed' }[cookie as string];
  const results: Record<AuthStrategy, string> = {
    SESSION: session ?? 'not_authenticated',
    JWT: { valid: 'ok', none: 'not_authenticated' }[bearer as string] ?? 'invalid_token',
  };
  const all: AuthStrategy[] =
    arrangement === 'both must pass' ? ['SESSION', 'JWT'] : (arrangement.split('+') as AuthStrategy[]);
  const stopsAt = arrangement === 'both must pass' ? (code: string) => code !== 'ok' : isFinal;
  const stop = all.findIndex((strategy) => stopsAt(results[strategy]));
  const tried = stop === -1 ? all : all.slice(0, stop + 1);
  const last = tried.at(-1)!;
  const writes = { expired: ', renewed', revoked: ', cleared' }[cookie as string];
  const cookies = tried.includes('SESSION') && method === 'GET' ? (writes ?? '') : '';
  if (isOk(results[last])) return `200 ${last}${cookies}`;

  const failures = arrangement === 'both must pass' ? [results[last]] : tried.map((name) => results[name]);
  const code = ['csrf_failed', 'token_refresh_failed', 'invalid_token'].find((one) => failures.includes(one));
  if (code === 'csrf_failed') return `403 csrf_failed${cookies}`;
  const asksForBearer = arrangement === 'both must pass' ? last === 'JWT' : all.includes('JWT');
  const challenge = code === 'invalid_token' ? ', Bearer error' : ', Bearer';
  return `401 ${code ?? 'not_authenticated'}${cookies}${asksForBearer ? challenge : ''}`;
}

const isOk = (code: string) => code === 'ok';
/** A request that a foreign page may have caused is refused whatever other credentials it carries. */
const isFinal = (code: string) => isOk(code) || code === 'csrf_failed';

function outcomeOf(response: BrowserResponse): Outcome {
  const { status, headers, setCookies } = response;
  const { strategy, code } = response.json<{ strategy?: string; code?: string }>();
  const cookies = setCookies.filter((line) => line.startsWith('session='));
  const isCleared = cookies.some((line) => line.startsWith('session=; Max-Age=0;'));
  const challenge = headers['www-authenticate'];
  return [
    `${status} ${strategy ?? code}`,
    ...(cookies.length > 0 ? [isCleared ? 'cleared' : 'renewed'] : []),
    ...(challenge === undefined ? [] : [challenge.replace(/error=.*/, 'error')]),
    ...(headers['retry-after'] === undefined ? [] : ['Retry-After']),
  ].join(', ');
}

describePlatforms('who may pass', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let bearers: Awaited<ReturnType<typeof bearerTokens>>;
  const cookies = new Map<CookieKind, string>();
  /** The access token in the session that has to be renewed. */
  let signedInWith: string | undefined;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    const session = { secrets: SESSION_SECRET, secure: false, enableCsrfProtection: true, touchAfter: 600 };
    app = await startTestApp({ emulator, platform, controllers: [TableController], options: { session } });
    cookies.set('revoked', await cookieOf('revoked'));
    emulator.revokeAllGrants();
    for (const kind of ['valid', 'expired', 'expired, not renewable'] as const) {
      cookies.set(kind, await cookieOf(kind));
    }
    cookies.set('garbage', 'session=v1.garbage');
    bearers = await bearerTokens(app, emulator);
    emulator.clearCalls();
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  async function cookieOf(kind: CookieKind): Promise<string> {
    const browser = await signedIn(app, emulator);
    if (kind === 'expired') signedInWith = lastCallback.data?.accessToken;
    await browser.get(`${app.origin}/table/become/${kind}`);
    return browser.jar.getCookieString(app.origin);
  }

  async function send(
    arrangement: Arrangement,
    method: Method,
    bearer: BearerKind,
    cookie: CookieKind,
  ): Promise<BrowserResponse> {
    const sent = cookies.get(cookie);
    const token = bearers[bearer];
    return new Browser().request(`${app.origin}/table/${PATHS[arrangement]}`, {
      method,
      headers: { ...(sent && { cookie: sent }), ...(token && { authorization: `Bearer ${token}` }) },
    });
  }

  describe.each(ARRANGEMENTS)('with %s', (arrangement) => {
    it.each(
      (['GET', 'POST'] as const).flatMap((method) => BEARERS.map((bearer) => [method, bearer] as const)),
    )('%s with the bearer token: %s follows the rule for every cookie', async (method, bearer) => {
      const answers: Partial<Record<CookieKind, Outcome>> = {};
      for (const cookie of COOKIES) {
        answers[cookie] = outcomeOf(await send(arrangement, method, bearer, cookie));
      }

      const rule = COOKIES.map((cookie) => [cookie, expected(arrangement, method, bearer, cookie)]);
      expect(answers).toEqual(Object.fromEntries(rule));
    });
  });

  // Written down one by one, without the rule: what people would look up.
  it.each<[Arrangement, Method, BearerKind, CookieKind, Outcome]>([
    ['SESSION', 'GET', 'none', 'none', '401 not_authenticated'],
    ['SESSION', 'GET', 'none', 'valid', '200 SESSION'],
    ['SESSION', 'GET', 'none', 'expired', '200 SESSION, renewed'],
    ['SESSION', 'GET', 'none', 'expired, not renewable', '401 not_authenticated'],
    ['SESSION', 'GET', 'none', 'revoked', '401 token_refresh_failed, cleared'],
    ['SESSION', 'GET', 'valid', 'garbage', '401 not_authenticated'],
    ['SESSION', 'POST', 'none', 'valid', '403 csrf_failed'],
    ['SESSION', 'POST', 'none', 'revoked', '403 csrf_failed'],
    ['SESSION', 'POST', 'none', 'none', '401 not_authenticated'],
    ['JWT', 'GET', 'none', 'valid', '401 not_authenticated, Bearer'],
    ['JWT', 'GET', 'valid', 'revoked', '200 JWT'],
    ['JWT', 'POST', 'valid', 'none', '200 JWT'],
    ['JWT', 'GET', 'expired', 'none', '401 invalid_token, Bearer error'],
    ['JWT', 'GET', 'malformed', 'none', '401 invalid_token, Bearer error'],
    ['JWT', 'GET', 'wrong key', 'none', '401 invalid_token, Bearer error'],
    ['JWT', 'GET', 'wrong issuer', 'none', '401 invalid_token, Bearer error'],
    ['JWT', 'GET', 'ID token', 'none', '401 invalid_token, Bearer error'],
    ['SESSION+JWT', 'GET', 'valid', 'valid', '200 SESSION'],
    ['SESSION+JWT', 'GET', 'malformed', 'valid', '200 SESSION'],
    ['SESSION+JWT', 'GET', 'valid', 'garbage', '200 JWT'],
    ['SESSION+JWT', 'GET', 'valid', 'revoked', '200 JWT, cleared'],
    ['SESSION+JWT', 'POST', 'none', 'valid', '403 csrf_failed'],
    ['SESSION+JWT', 'POST', 'expired', 'valid', '403 csrf_failed'],
    ['SESSION+JWT', 'POST', 'valid', 'valid', '403 csrf_failed'],
    ['SESSION+JWT', 'GET', 'none', 'none', '401 not_authenticated, Bearer'],
    ['SESSION+JWT', 'GET', 'none', 'revoked', '401 token_refresh_failed, cleared, Bearer'],
    ['SESSION+JWT', 'GET', 'expired', 'none', '401 invalid_token, Bearer error'],
    ['JWT+SESSION', 'GET', 'valid', 'valid', '200 JWT'],
    ['JWT+SESSION', 'GET', 'valid', 'revoked', '200 JWT'],
    ['JWT+SESSION', 'GET', 'malformed', 'valid', '200 SESSION'],
    ['JWT+SESSION', 'GET', 'expired', 'expired', '200 SESSION, renewed'],
    ['JWT+SESSION', 'POST', 'malformed', 'valid', '403 csrf_failed'],
    ['JWT+SESSION', 'GET', 'malformed', 'revoked', '401 token_refresh_failed, cleared, Bearer'],
    ['both must pass', 'GET', 'valid', 'valid', '200 JWT'],
    ['both must pass', 'GET', 'valid', 'none', '401 not_authenticated'],
    ['both must pass', 'GET', 'none', 'valid', '401 not_authenticated, Bearer'],
    ['both must pass', 'POST', 'valid', 'valid', '403 csrf_failed'],
  ])('%s: %s with the bearer token: %s, the session cookie: %s is %s', async (...row) => {
    const [arrangement, method, bearer, cookie, outcome] = row;

    expect(outcomeOf(await send(arrangement, method, bearer, cookie))).toBe(outcome);
  });

  it.each<[BearerKind, string | undefined]>([
    ['none', 'Bearer'],
    ['expired', 'has expired'],
    ['malformed', 'is malformed, or there are several'],
    ['wrong key', 'has a wrong signature'],
    ['wrong issuer', 'was issued by another issuer'],
    ['ID token', 'is an ID token'],
  ])('the whole challenge to the bearer token: %s tells why', async (bearer, problem) => {
    const response = await send('JWT', 'GET', bearer, 'none');

    const description = `The access token ${problem}`;
    expect(response.headers['www-authenticate']).toBe(
      bearer === 'none' ? 'Bearer' : `Bearer error="invalid_token", error_description="${description}"`,
    );
    expect(response.json()).toEqual({
      statusCode: 401,
      error: 'Unauthorized',
      message: bearer === 'none' ? 'Sign in first' : description,
      code: bearer === 'none' ? 'not_authenticated' : 'invalid_token',
    });
  });

  it('handlers get the renewed access token, and so does the session', async () => {
    const headers = (kind: CookieKind) => ({ cookie: cookies.get(kind) ?? '' });
    const get = async (kind: CookieKind) =>
      (await new Browser().get(`${app.origin}/table/renewed`, { headers: headers(kind) })).json();

    const [valid, renewed, again] = [await get('valid'), await get('expired'), await get('expired')];

    expect(valid).toMatchObject({ isGood: true, accessToken: valid.ofSession });
    expect(renewed).toMatchObject({ isGood: true, accessToken: renewed.ofSession });
    expect(renewed.accessToken).not.toBe(signedInWith);
    expect(again).toEqual(renewed);
  });

  it('the whole table cost one exchange for each refresh token, and one look at the keys', () => {
    expect(emulator.callsTo('token').length).toBeLessThanOrEqual(2);
    expect(emulator.callsTo('jwks').length).toBeLessThanOrEqual(1);
    const trouble = app.events.filter(({ type }) => /unavailable|lost_write|too_large/.test(type));
    expect(trouble).toEqual([]);
  });
});
