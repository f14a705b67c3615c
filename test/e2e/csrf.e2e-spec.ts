import { All, Controller, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SessionAuthGuard } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import {
  describePlatforms,
  optionsFor,
  SESSION_SECRET,
  startTestApp,
  type TestApp,
} from '../support/test-app.js';

@Controller('thing')
@UseGuards(SessionAuthGuard)
class ThingController {
  @All()
  handle() {
    return { ok: true };
  }
}

const TRUSTED = 'https://trusted.example';
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];
const TOKENS = ['none', 'wrong', "another session's", 'right', 'twice', '8 kB', 'non-ASCII'] as const;
const SITES: Readonly<Record<string, (own: string) => Record<string, string>>> = {
  'same-origin': () => ({ 'sec-fetch-site': 'same-origin' }),
  'same-site': () => ({ 'sec-fetch-site': 'same-site' }),
  'cross-site': () => ({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }),
  'cross-site, trusted': () => ({ 'sec-fetch-site': 'cross-site', origin: TRUSTED }),
  'a typed address': () => ({ 'sec-fetch-site': 'none' }),
  'no browser': () => ({}),
  'own Origin': (own) => ({ origin: own }),
  'foreign Origin': () => ({ origin: 'https://evil.example' }),
  'trusted Origin': () => ({ origin: TRUSTED }),
  'null Origin': () => ({ origin: 'null' }),
  'another port of the host': () => ({ origin: 'http://localhost:1' }),
  'a longer trusted Origin': () => ({ origin: `${TRUSTED}.evil.example` }),
  'cross-site, a longer trusted Origin': () => ({
    'sec-fetch-site': 'cross-site',
    origin: `${TRUSTED}.evil.example`,
  }),
};
const FOREIGN = new Set([
  'cross-site',
  'foreign Origin',
  'null Origin',
  'another port of the host',
  'a longer trusted Origin',
  'cross-site, a longer trusted Origin',
]);

describePlatforms('CSRF protection', (platform) => {
  let emulator: WristbandEmulator;
  const apps = new Map<boolean, { app: TestApp; browser: Browser; otherToken: string }>();

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    for (const isTokenOn of [false, true]) {
      const session = {
        secrets: SESSION_SECRET,
        secure: false,
        enableCsrfProtection: isTokenOn,
        csrfHeaderName: 'X-Custom-XSRF',
      };
      const options = { ...optionsFor(emulator), session, trustedOrigins: [TRUSTED] };
      const app = await startTestApp({ emulator, platform, options, controllers: [ThingController] });
      const [browser, other] = [new Browser(), new Browser()];
      for (const one of [browser, other])
        await signIn(one, `${app.origin}/api/auth/login?tenant_name=acme`, grace());
      apps.set(isTokenOn, { app, browser, otherToken: (await tokenOf(other, app)) ?? '' });
    }
  });
  afterAll(async () => {
    for (const { app } of apps.values()) await app.close();
    await emulator.close();
  });
  const grace = () => emulator.users.find(({ email }) => email === 'grace@acme.example')!;
  const tokenOf = async (browser: Browser, app: TestApp) =>
    (await browser.jar.getCookies(app.origin)).find(({ key }) => key === 'CSRF-TOKEN')?.value;

  const expected = (
    method: string,
    token: (typeof TOKENS)[number],
    site: string,
    isTokenOn: boolean,
  ): number => {
    const isUnsafe = !['GET', 'HEAD'].includes(method);
    if (isUnsafe && FOREIGN.has(site)) return 403;
    const mustHaveToken = isTokenOn && (isUnsafe || token !== 'none');
    return mustHaveToken && token !== 'right' ? 403 : 200;
  };

  describe.each([false, true])('with the token on: %s', (isTokenOn) => {
    it.each(METHODS.flatMap((method) => TOKENS.map((token) => [method, token] as const)))(
      '%s with the token %s follows the rule for every site (weakness 17)',
      async (method, token) => {
        const { app, browser, otherToken } = apps.get(isTokenOn)!;
        const right = (await tokenOf(browser, app)) ?? 'no-token-is-made';
        const values: Record<(typeof TOKENS)[number], string | string[] | undefined> = {
          none: undefined,
          wrong: 'x'.repeat(32),
          "another session's": otherToken || 'other',
          right,
          twice: [right, right],
          '8 kB': 'x'.repeat(8192),
          'non-ASCII': 'tökén',
        };
        const value = values[token];

        const answers: Record<string, number> = {};
        for (const [site, headers] of Object.entries(SITES)) {
          const response = await browser.request(`${app.origin}/thing`, {
            method,
            headers: { ...headers(app.origin), ...(value !== undefined && { 'x-CUSTOM-xsrf': value }) },
          });
          answers[site] = response.status;
          if (response.status === 403 && method !== 'HEAD')
            expect(response.json()).toMatchObject({ code: 'csrf_failed' });
        }

        const rule = Object.fromEntries(
          Object.keys(SITES).map((site) => [site, expected(method, token, site, isTokenOn)]),
        );
        expect(answers).toEqual(rule);
      },
    );
  });

  it('makes a token that scripts can read without decoding, for as long as the session', async () => {
    const { app, browser } = apps.get(true)!;
    const cookies = await browser.jar.getCookies(app.origin);
    const [session, csrf] = ['session', 'CSRF-TOKEN'].map((name) => cookies.find(({ key }) => key === name)!);

    expect(csrf!.value).toMatch(/^[\w-]{32}$/);
    expect(csrf).toMatchObject({ httpOnly: false, path: '/', sameSite: 'lax', maxAge: session!.maxAge });
  });

  it('makes a new token with every sign-in, and the old one is worth nothing then', async () => {
    const { app } = apps.get(true)!;
    const browser = new Browser();
    const login = () => browser.get(`${app.origin}/api/auth/login?tenant_name=acme`);
    await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, grace());
    const before = (await tokenOf(browser, app))!;

    await login();

    const response = await browser.post(`${app.origin}/thing`, { headers: { 'X-Custom-XSRF': before } });
    expect(await tokenOf(browser, app)).not.toBe(before);
    expect(response.status).toBe(403);
  });

  it('removes the token with the session', async () => {
    const { app } = apps.get(true)!;
    const browser = new Browser();
    await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, grace());

    const { setCookies } = await browser.get(`${app.origin}/api/auth/logout`, { redirect: 'manual' });

    expect(setCookies).toEqual([
      'session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax',
      'CSRF-TOKEN=; Max-Age=0; Path=/; SameSite=Lax',
    ]);
  });

  it('does not look at a token before it knows that somebody is signed in', async () => {
    const { app } = apps.get(true)!;

    const response = await new Browser().post(`${app.origin}/thing`);

    expect(response.status).toBe(401);
  });
});
