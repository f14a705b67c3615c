import { Controller, Get, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  Auth,
  Public,
  Session,
  SessionAuthGuard,
  WristbandAuthService,
  type HttpRequest,
  type HttpResponse,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { authSettings, lastCallback } from '../support/auth.controller.js';
import { userOf } from '../support/bearer-tokens.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import { describePlatforms, startTestApp, type TestApp } from '../support/test-app.js';

@Controller('things')
@UseGuards(SessionAuthGuard)
class ThingsController {
  constructor(private readonly wristband: WristbandAuthService) {}

  @Get()
  list(@Session() session: Session<{ isAdmin: boolean }>) {
    return { isAdmin: session.isAdmin ?? 'nobody said so', inherited: 'isAdmin' in {} };
  }

  @Get('expire')
  expire(@Session() session: Session) {
    session.expiresAt = Date.now();
  }

  @Get('token')
  @Auth('JWT', 'SESSION')
  token() {
    return {};
  }

  @Post('backchannel')
  @Public()
  @HttpCode(200)
  backChannel(@Req() req: HttpRequest, @Res({ passthrough: true }) res: HttpResponse) {
    return this.wristband.backChannelLogout(req, res);
  }
}

const POLLUTION = JSON.parse(
  '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},"a":1}',
);

/** What ends a line, moves a cursor, or does either in some viewer of logs. */
// oxlint-disable-next-line no-control-regex -- that is what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** The texts in an event, as they are: JSON would hide what is looked for. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

describePlatforms('hostile input', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({ emulator, platform, controllers: [ThingsController] });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });
  afterEach(() => {
    emulator.heal();
    emulator.tamper();
    Object.assign(authSettings, { login: {}, landing: '/api/auth/session' });
  });

  const loginUrl = (query = '') => `${app.origin}/api/auth/login?tenant_name=acme${query}`;
  const signedIn = async (browser = new Browser()) => {
    await signIn(browser, loginUrl(), userOf(emulator));
    return browser;
  };

  describe('that wants to change the prototype of all objects', () => {
    const names = ['__proto__[isAdmin]', '__proto__.isAdmin', 'constructor[prototype][isAdmin]', '__proto__'];
    const query = names.map((name) => `${name}=true`).join('&');

    it('does so by no query, cookie or body', async () => {
      const browser = await signedIn();
      const cookie = `${await browser.jar.getCookieString(app.origin)}; ${query.replaceAll('&', '; ')}`;

      for (const path of ['login', 'callback', 'session', 'logout']) {
        await browser.get(`${app.origin}/api/auth/${path}?${query}&state=a&code=b`, {
          redirect: 'manual',
          headers: path === 'logout' ? {} : { cookie },
        });
      }
      for (const [type, body] of [
        ['application/json', JSON.stringify(POLLUTION)],
        ['application/x-www-form-urlencoded', `${query}&logout_token=a`],
      ] as const) {
        await new Browser().post(`${app.origin}/things/backchannel`, {
          body,
          headers: { 'Content-Type': type },
        });
      }

      expect('isAdmin' in {}).toBe(false);
    });

    it('does so by nothing that Wristband sends, and by nothing that the application keeps', async () => {
      authSettings.login = { customState: POLLUTION };
      const pollute = (claims: object) => ({
        ...claims,
        ...POLLUTION,
        custom_claims: POLLUTION,
        roles: [POLLUTION],
      });
      emulator.tamper({ userinfo: pollute, idTokenClaims: (claims) => ({ ...POLLUTION, ...claims }) });

      const browser = await signedIn();
      const { customState, userInfo } = lastCallback.data!;

      expect((await browser.get(`${app.origin}/things`)).json()).toEqual({
        isAdmin: 'nobody said so',
        inherited: false,
      });
      // What was sent is there as it was, as fields of their own.
      expect(JSON.stringify(customState)).toBe(JSON.stringify(POLLUTION));
      for (const one of [customState, userInfo, userInfo.customClaims])
        expect(one).not.toHaveProperty('isAdmin');
      expect(userInfo.roles).toEqual([]);
    });
  });

  it('forges no line of the log, and nothing in an event or a message', async () => {
    const evil = 'x\r\n[Nest] forged\u001b[2J\u2028forged\u0085forged';
    const value = encodeURIComponent(evil);
    const browser = new Browser();
    const messages: string[] = [];
    const visit = async (url: string) => {
      const response = await browser.get(url, { redirect: 'manual' });
      if (response.status >= 400) messages.push(...textsIn(response.json()));
      return response;
    };
    for (const name of [
      'state',
      'tenant_name',
      'tenant_custom_domain',
      'return_url',
      'sign_in_attempt',
      value,
    ]) {
      for (const path of ['login', 'callback', 'logout']) {
        await visit(`${app.origin}/api/auth/${path}?${name}=${value}`);
      }
    }
    for (const name of ['error', 'error_description', 'code', 'iss', 'tenant_name']) {
      const state = (await visit(loginUrl())).location.searchParams.get('state')!;
      const answer = new URLSearchParams({ state, error: 'x', [name]: evil });
      await visit(`${app.origin}/api/auth/callback?${answer}`);
    }
    for (const name of ['authorization', 'cookie', 'origin', 'referer', 'x-forwarded-host']) {
      const start = { authorization: 'Bearer ', cookie: 'session=' }[name] ?? '';
      await browser.get(`${app.origin}/things/token`, {
        headers: { [name]: `${start}forged\u0085forged\u009b2J` },
      });
    }
    await signedIn(browser);
    await visit(`${app.origin}/things/expire`);
    for (const status of [400, 401]) {
      emulator.fail('token', { kind: 'status', status, body: { error: evil, error_description: evil } });
      const state = (await visit(loginUrl())).location.searchParams.get('state')!;
      await visit(`${app.origin}/api/auth/callback?state=${state}&code=a`);
      await visit(`${app.origin}/things`);
    }

    const told = [...app.logs, ...messages, ...app.events.flatMap((event) => textsIn(event))];
    expect(messages.length).toBeGreaterThan(20);
    expect(told.filter((line) => line.includes('login.failed')).length).toBeGreaterThan(10);
    expect(told.filter((line) => CONTROL.test(line))).toEqual([]);
  });

  it('in logout tokens with made-up keys does not become as many calls to Wristband', async () => {
    await signedIn();
    emulator.clearCalls();
    const statuses: number[] = [];
    for (let index = 0; index < 50; index += 1) {
      const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'logout+jwt', kid: `kid-${index}` }));
      const body = `logout_token=${header.toString('base64url')}.e30.AAAA`;
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
      statuses.push((await new Browser().post(`${app.origin}/things/backchannel`, { body, headers })).status);
    }

    expect(new Set(statuses)).toEqual(new Set([400]));
    expect(emulator.callsTo('jwks').length).toBeLessThanOrEqual(2);
  });

  it('in paths that look like files brings the answer of a session into no cache', async () => {
    const browser = await signedIn();
    for (const end of [
      '/a.css',
      ';a.css',
      '%00.css',
      '%3Fa.css',
      '%2Fa.css',
      '.css',
      '/',
      '?a.css',
      '%23a.css',
    ]) {
      const { status, headers } = await browser.get(`${app.origin}/api/auth/session${end}`);

      const isPrivate = headers['cache-control']?.includes('no-store') === true;
      expect(status === 200 ? isPrivate : status >= 400, end).toBe(true);
    }
  });

  it('does not wait behind sign-ins for which Wristband takes its time', async () => {
    const browser = await signedIn();
    emulator.fail('customDomainValidation', { kind: 'hang' });
    const slow = Array.from({ length: 50 }, (_, index) =>
      new Browser().get(loginUrl(`&tenant_custom_domain=made-up-${index}.example`), { redirect: 'manual' }),
    );

    const first = await Promise.race([browser.get(`${app.origin}/things`), ...slow]);

    expect(first.status).toBe(200);
    const statuses = (await Promise.all(slow)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([503]));
  });
});
