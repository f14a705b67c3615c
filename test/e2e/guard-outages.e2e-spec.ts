import { All, Controller, Get, Inject, Req, Res, UseGuards } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  Auth,
  CurrentUser,
  type HttpRequest,
  type HttpResponse,
  JwtAuthGuard,
  OptionalAuth,
  Session,
  SessionAuthGuard,
  WristbandAuthService,
  type WristbandOptions,
} from '../../lib/index.js';
import {
  type EmulatorFault,
  startWristbandEmulator,
  type WristbandEmulator,
} from '../../lib/testing/index.js';
import { accessTokenOf, signedIn } from '../support/bearer-tokens.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

@Controller('guarded')
class GuardedController {
  constructor(@Inject(WristbandAuthService) private readonly wristband: WristbandAuthService) {}

  @Get('by-hand')
  async byHand(@Req() request: HttpRequest, @Res({ passthrough: true }) response: HttpResponse) {
    const { strategy } = await this.wristband.authenticate(request, response, ['SESSION', 'JWT']);
    return { strategy };
  }

  @All('session')
  @UseGuards(SessionAuthGuard)
  session(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @All('jwt')
  @UseGuards(JwtAuthGuard)
  jwt(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @All('session-jwt')
  @Auth('SESSION', 'JWT')
  sessionFirst(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @All('jwt-session')
  @Auth('JWT', 'SESSION')
  jwtFirst(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @All('optional')
  @OptionalAuth()
  @Auth('JWT', 'SESSION')
  optional(@CurrentUser('strategy') strategy: string | undefined) {
    return { strategy: strategy ?? 'nobody' };
  }

  @Get('expire')
  expire(@Session() session: Session) {
    session.expiresAt = Date.now() - 1000;
  }
}

const AWAY: readonly EmulatorFault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503, headers: { 'retry-after': '7' } },
  { kind: 'status', status: 404 },
  { kind: 'reset' },
  { kind: 'hang' },
  { kind: 'garbage' },
  { kind: 'empty' },
  { kind: 'status', status: 200, body: { keys: [] } },
];
const OPTIONS: Partial<WristbandOptions> = {
  session: { secrets: SESSION_SECRET, secure: false, enableCsrfProtection: true, touchAfter: 600 },
  http: { timeout: 1000 },
};

let emulator: WristbandEmulator;
/** Where sessions and tokens come from. */
let issuer: TestApp;
/** What is tested: it has spoken to nobody so far. */
let app: TestApp;
let member: Browser;
let token = '';

afterEach(() => {
  vi.useRealTimers();
  emulator.heal();
  emulator.tamper();
});

/** Only the clock: timers, and so every time-out, run on as usual. */
function advanceClock(minutes: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + minutes * 60_000 });
}

async function send(
  path: string,
  { method = 'GET', bearer, browser }: { method?: string; bearer?: string; browser?: Browser } = {},
): Promise<BrowserResponse> {
  const cookie = await browser?.jar.getCookieString(app.origin);
  const headers = { ...(cookie && { cookie }), ...(bearer && { authorization: `Bearer ${bearer}` }) };
  return new Browser().request(`${app.origin}/guarded/${path}`, { method, headers });
}

function expectOutage(response: BrowserResponse): void {
  expect(response.json()).toMatchObject({ statusCode: 503, code: 'wristband_unavailable' });
  expect(response.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  expect(response.headers['www-authenticate']).toBeUndefined();
  expect(response.setCookies).toEqual([]);
}

/** As anybody can write it: with the ID of a key that nobody knows. */
function withUnknownKey(good: string): string {
  const [, payload, signature] = good.split('.');
  const header = { alg: 'RS256', typ: 'at+JWT', kid: 'unknown' };
  return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`;
}

describePlatforms('guards while Wristband is away', (platform) => {
  beforeAll(async () => {
    emulator = await startWristbandEmulator({ accessTokenTtl: 24 * 3600 });
    // It has time, also on a busy machine.
    issuer = await startTestApp({ emulator, platform, options: { ...OPTIONS, http: { timeout: 5000 } } });
    member = await signedIn(issuer, emulator);
    token = await accessTokenOf(issuer, emulator);
  });
  beforeEach(async () => {
    app = await startTestApp({ emulator, platform, controllers: [GuardedController], options: OPTIONS });
  });
  afterEach(() => app.close());
  afterAll(async () => {
    await issuer.close();
    await emulator.close();
  });

  describe('and its keys cannot be had', () => {
    it.each(AWAY)('a good token is 503 at a cold start: %j', async (fault) => {
      emulator.fail('jwks', fault);

      expectOutage(await send('jwt', { bearer: token }));
    });

    it.each(AWAY)('a good token is 200 when they were had before: %j', async (fault) => {
      expect((await send('jwt', { bearer: token })).status).toBe(200);
      emulator.fail('jwks', fault);
      advanceClock(30);

      expect((await send('jwt', { bearer: token })).json()).toEqual({ strategy: 'JWT' });
    });

    it('a good token is 503 when they were had too long ago, and 200 as soon as they can be had', async () => {
      expect((await send('jwt', { bearer: token })).status).toBe(200);
      emulator.fail('jwks', { kind: 'reset' });
      advanceClock(90);

      expectOutage(await send('jwt', { bearer: token }));
      emulator.heal();
      advanceClock(1);
      expect((await send('jwt', { bearer: token })).status).toBe(200);
    });

    it('what is no token of Wristband is 401 all the same', async () => {
      emulator.fail('jwks', { kind: 'reset' });

      for (const bearer of ['garbage', 'a.b.c', 'two tokens']) {
        const response = await send('jwt', { bearer });
        expect(response.json()).toMatchObject({ statusCode: 401, code: 'invalid_token' });
        expect(response.headers['retry-after']).toBeUndefined();
      }
      expect((await send('jwt')).status).toBe(401);
    });

    it('a token with an unknown key is 503, as that key may be new', async () => {
      expect((await send('jwt', { bearer: token })).status).toBe(200);
      expect((await send('jwt', { bearer: withUnknownKey(token) })).status).toBe(401);
      emulator.fail('jwks', { kind: 'reset' });
      advanceClock(5);

      expectOutage(await send('jwt', { bearer: withUnknownKey(token) }));
      expect((await send('jwt', { bearer: token })).status).toBe(200);
    });

    it('a session is enough where it is an alternative', async () => {
      emulator.fail('jwks', { kind: 'reset' });

      for (const path of ['jwt-session', 'session-jwt', 'optional']) {
        const response = await send(path, { bearer: token, browser: member });
        expect(response.json()).toEqual({ strategy: 'SESSION' });
        expect(response.headers['retry-after']).toBeUndefined();
      }
    });

    it('nobody is taken for a stranger', async () => {
      emulator.fail('jwks', { kind: 'reset' });

      for (const path of ['jwt-session', 'session-jwt', 'optional', 'by-hand']) {
        expectOutage(await send(path, { bearer: token }));
      }
      expect((await send('optional')).json()).toEqual({ strategy: 'nobody' });
    });

    it('a forged request says more than the outage', async () => {
      emulator.fail('jwks', { kind: 'reset' });

      for (const path of ['jwt-session', 'session-jwt', 'optional']) {
        const response = await send(path, { method: 'POST', bearer: token, browser: member });
        expect(response.json()).toMatchObject({ statusCode: 403, code: 'csrf_failed' });
      }
    });
  });

  describe('and tokens cannot be renewed', () => {
    /** A session whose access token has to be renewed; with `exp` it has also really expired. */
    async function expired(exp?: number): Promise<Browser> {
      emulator.tamper(exp === undefined ? {} : { accessTokenClaims: (claims) => ({ ...claims, exp }) });
      const browser = await signedIn(app, emulator);
      await browser.get(`${app.origin}/guarded/expire`);
      emulator.fail('token', { kind: 'reset' });
      return browser;
    }

    it('a session passes as long as its access token is really good', async () => {
      const browser = await expired();

      const response = await send('session', { browser });

      expect(response.json()).toEqual({ strategy: 'SESSION' });
      expect(response.headers['retry-after']).toBeUndefined();
      expect(response.setCookies).toEqual([]);
    });

    it('a session is 503 afterwards, stays, and is renewed when Wristband is back', async () => {
      const browser = await expired(1);

      for (const path of ['session', 'session-jwt', 'jwt-session', 'optional']) {
        expectOutage(await send(path, { browser }));
      }
      emulator.heal();
      expect((await send('session', { browser })).status).toBe(200);
    });

    it('a good token is enough where it is an alternative', async () => {
      const browser = await expired(1);

      for (const path of ['session-jwt', 'jwt-session', 'optional']) {
        const response = await send(path, { browser, bearer: token });
        expect(response.json()).toEqual({ strategy: 'JWT' });
        expect(response.headers['retry-after']).toBeUndefined();
      }
    });

    it('a bad token does not hide the outage', async () => {
      const browser = await expired(1);

      for (const path of ['session-jwt', 'jwt-session', 'optional']) {
        expectOutage(await send(path, { browser, bearer: 'garbage' }));
      }
    });

    it('a forged request is 403 and costs no exchange', async () => {
      const browser = await expired(1);
      emulator.clearCalls();

      const response = await send('session-jwt', { method: 'POST', browser });

      expect(response.json()).toMatchObject({ statusCode: 403, code: 'csrf_failed' });
      expect(response.headers['www-authenticate']).toBeUndefined();
      expect(emulator.callsTo('token')).toEqual([]);
    });
  });

  it('a sign-in that Wristband ended is told as that, also when there is no token', async () => {
    const browser = await signedIn(app, emulator);
    await browser.get(`${app.origin}/guarded/expire`);
    emulator.fail('token', { kind: 'status', status: 400, body: { error: 'invalid_grant' } });

    for (const path of ['session-jwt', 'jwt-session']) {
      const response = await send(path, { browser });

      expect(response.json()).toMatchObject({ statusCode: 401, code: 'token_refresh_failed' });
      expect(response.headers['www-authenticate']).toBe('Bearer');
      expect(response.setCookies.every((line) => line.includes('Max-Age=0'))).toBe(true);
      expect(response.setCookies).toHaveLength(2);
    }
    expect((await send('optional', { browser })).json()).toEqual({ strategy: 'nobody' });
  });

  it('10 requests with a good token at a cold start cost one look at the keys', async () => {
    emulator.clearCalls();
    emulator.fail('jwks', { kind: 'delay', ms: 50 });

    const responses = await Promise.all(
      Array.from({ length: 10 }, () => send('session-jwt', { bearer: token })),
    );

    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(emulator.callsTo('jwks')).toHaveLength(1);
  });
});
