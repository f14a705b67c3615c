import { afterAll, afterEach, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import type { SessionOptions, WristbandOptions } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import { describePlatforms, SESSION_SECRET, startTestApp } from '../support/test-app.js';

let emulator: WristbandEmulator;
let browser: Browser;

beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());
beforeEach(() => {
  browser = new Browser();
});
afterEach(() => void vi.unstubAllEnvs());

describePlatforms('WRISTBAND_EMULATOR', (platform) => {
  /** An application whose options say nothing of an emulator. */
  async function start(session: Partial<SessionOptions> = {}, options: Partial<WristbandOptions> = {}) {
    const app = await startTestApp({
      emulator,
      platform,
      options: {
        dangerouslyAllowInsecureRequests: undefined,
        dangerouslyDisableSecureCookies: undefined,
        session: { secrets: SESSION_SECRET, ...session },
        ...options,
      } as Partial<WristbandOptions>,
    });
    onTestFinished(() => app.close());
    return app;
  }
  const loginOf = ({ origin }: { origin: string }) =>
    browser.get(`${origin}/api/auth/login?tenant_name=acme`, { redirect: 'manual' });

  it('lets an application sign in over http, with cookies that every browser takes', async () => {
    vi.stubEnv('WRISTBAND_EMULATOR', emulator.origin);
    const app = await start();

    const login = await loginOf(app);
    browser = new Browser();
    const grace = emulator.users.find(({ email }) => email === 'grace@acme.example')!;
    const landed = await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, grace);
    const [callback = ''] = landed.trail.filter((url) => url.includes('/callback'));
    const cookies = await browser.jar.getCookies(callback);

    expect(login.setCookies.join()).not.toMatch(/secure/i);
    expect(cookies.map(({ key, secure }) => [key, secure])).toEqual([['session', false]]);
    expect((await browser.get(`${app.origin}/api/auth/session`)).json()).toMatchObject({
      tenantId: 'tenant-acme',
    });
  });

  it.each<[string, Partial<SessionOptions>]>([
    ['the SameSite value', { sameSite: 'none' }],
    ['a partitioned cookie', { sameSite: 'none', partitioned: true }],
    ['the prefix of its name', { cookieName: '__Host-session' }],
  ])('keeps cookies Secure where %s needs it', async (_, session) => {
    vi.stubEnv('WRISTBAND_EMULATOR', emulator.origin);

    const { setCookies } = await loginOf(await start(session));

    expect(setCookies).not.toEqual([]);
    for (const cookie of setCookies) expect(cookie).toMatch(/; secure/i);
  });

  it('replaces no option that is set', async () => {
    vi.stubEnv('WRISTBAND_EMULATOR', emulator.origin);
    const app = await start({ secure: true }, { dangerouslyDisableSecureCookies: false });
    expect((await loginOf(app)).setCookies[0]).toMatch(/; secure/i);

    const overHttps = await start({}, { dangerouslyAllowInsecureRequests: false });
    expect((await loginOf(overHttps)).status).toBe(503);
  });

  it.each([
    ['another emulator', () => 'http://localhost:1'],
    ['a part of the vanity domain', () => emulator.origin.slice(0, -1)],
    ['an emulator over https', () => emulator.origin.replace('http:', 'https:')],
    ['nothing', () => ''],
  ])('changes nothing where it names %s', async (_, value) => {
    vi.stubEnv('WRISTBAND_EMULATOR', value());

    expect((await loginOf(await start())).status).toBe(503);
  });

  it('changes nothing where the vanity domain is not on this machine', async () => {
    vi.stubEnv('WRISTBAND_EMULATOR', 'http://app.us.wristband.dev');
    const requested: string[] = [];
    const fetch = (url: Parameters<typeof globalThis.fetch>[0]) => {
      requested.push(String(url instanceof Request ? url.url : url));
      return Promise.reject(new TypeError('fetch failed'));
    };
    const app = await start(
      {},
      { wristbandApplicationVanityDomain: 'app.us.wristband.dev', http: { fetch, timeout: 500 } },
    );

    await loginOf(app);

    expect(requested).not.toEqual([]);
    for (const url of requested) expect(url).toMatch(/^https:\/\/app\.us\.wristband\.dev\//);
  });
});
