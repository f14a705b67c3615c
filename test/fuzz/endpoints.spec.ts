import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemorySessionStore } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { signedIn } from '../support/bearer-tokens.js';
import { InputController } from '../support/input.controller.js';
import { type RawAnswer, sendPipelined, type WireRequest } from '../support/raw-http.js';
import { type Platform, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';
import { Browser } from '../support/browser.js';
import { SEED, TIMES } from './cases.js';
import { hostileRequest, type Loot } from './requests.js';

/** Requests that are sent at once over one connection, and connections at once. */
const BATCH = 25;
const CONNECTIONS = 4;
/** For each application: 12,000 requests in all. */
const RUNS = 40;

const KNOWN_HEADERS = new Set(
  (
    'allow cache-control connection content-length content-security-policy content-type date etag keep-alive location pragma referrer-policy ' +
    'set-cookie transfer-encoding vary www-authenticate x-powered-by accept-ranges'
  ).split(' '),
);

interface Setting {
  readonly name: string;
  readonly platform: Platform;
  readonly hasStore: boolean;
  readonly hasSubdomains: boolean;
}

const SETTINGS: readonly Setting[] = [
  { name: 'cookies on Express', platform: 'express', hasStore: false, hasSubdomains: false },
  {
    name: 'cookies on Fastify, tenants with subdomains',
    platform: 'fastify',
    hasStore: false,
    hasSubdomains: true,
  },
  { name: 'a store on Express', platform: 'express', hasStore: true, hasSubdomains: false },
];

const failures: unknown[] = [];
const keep = (failure: unknown) => void failures.push(failure);
beforeAll(() => void process.on('unhandledRejection', keep).on('uncaughtException', keep));
afterAll(() => void process.off('unhandledRejection', keep).off('uncaughtException', keep));

describe.each(SETTINGS)('sessions in $name', ({ platform, hasStore, hasSubdomains }) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let loot: Loot;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    const session = { secrets: SESSION_SECRET, secure: false, enableCsrfProtection: true };
    app = await startTestApp({
      emulator,
      platform,
      hasSubdomains,
      controllers: [InputController],
      options: {
        scopes: ['openid', 'offline_access', 'email', 'roles'],
        redirectPagesToLogin: true,
        routes: { path: 'api/auth', backChannelLogout: 'back-channel-logout' },
        // Wristband is in no trouble here, however busy the machine is.
        http: { timeout: 60_000 },
        hooks: { landingUrl: '/api/auth/session' },
        session: hasStore ? { ...session, store: new MemorySessionStore() } : { ...session, maxCookies: 2 },
      },
    });
    loot = await lootOf(app, emulator, hasStore ? 'sid' : 'session', hasSubdomains);
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  it(
    'answer every request in time, never with 500 or to a foreign place',
    { timeout: 180_000 * Math.max(TIMES, 1) },
    async () => {
      const seen = new Set<number>();
      const requests = fc.array(hostileRequest(loot), {
        minLength: BATCH * CONNECTIONS,
        maxLength: BATCH * CONNECTIONS,
      });
      const property = fc.asyncProperty(requests, async (all) => {
        const batches = Array.from({ length: CONNECTIONS }, (_, at) =>
          all.slice(at * BATCH, (at + 1) * BATCH),
        );
        const answers = (await Promise.all(batches.map((batch) => sendPipelined(app.port, batch)))).flat();
        for (const [index, answer] of answers.entries()) {
          seen.add(answer.status);
          expectHarmless(answer, all[index]!);
        }
      });
      await fc.assert(property, { numRuns: Math.ceil(RUNS * TIMES), seed: SEED, endOnFailure: true });

      // They were good enough to get everywhere.
      if (TIMES >= 1) expect([...seen]).toEqual(expect.arrayContaining([200, 302, 400, 401, 403, 404]));
      expect(failures).toEqual([]);
      expect((await signedIn(app, emulator)).jar).toBeDefined();
    },
  );

  function expectHarmless({ status, headers, location, body }: RawAnswer, sent: WireRequest): void {
    const about = JSON.stringify(sent);
    // Wristband may tell of an outage by way of the browser.
    const outage = /[?&]error=(server_error|temporarily_unavailable)/.test(sent.target) ? [503] : [];
    expect(
      [200, 204, 302, 304, 400, 401, 403, 404, 405, 406, 413, 415, 416, ...outage],
      `${status} ${body} to ${about}`,
    ).toContain(status);
    expect(
      headers.map(([name]) => name).filter((name) => !KNOWN_HEADERS.has(name)),
      about,
    ).toEqual([]);
    if (location !== undefined) expect(isOurs(location), `${location} for ${about}`).toBe(true);
    if (status === 200 && sent.target.startsWith('/input/')) expect(mayPass(sent), about).toBe(true);
  }

  function isOurs(location: string): boolean {
    const { hostname, host, username, password } = new URL(location, app.origin);
    const isOwn =
      host === `localhost:${app.port}` || (hasSubdomains && host.endsWith(`.localhost:${app.port}`));
    const isWristband =
      host === emulator.vanityDomain ||
      (hostname.endsWith('.localhost') && host.endsWith(`:${new URL(emulator.origin).port}`));
    return (isOwn || isWristband) && username + password === '' && !location.includes('\n');
  }

  /** A good credential, but for its last letter: of that one not every bit counts. Or one that is sealed with our key. */
  function mayPass({ target, headers }: WireRequest): boolean {
    const isOpen = /^\/input\/(optional|public)/.test(target);
    const values = [loot.accessToken, loot.sessionCookie].map((text) => text.slice(0, -1));
    const inParts = new RegExp(`; ${loot.cookieName}\\.1=|\\.0(?==)`, 'g');
    const lines = headers.map((line) => line.replaceAll(inParts, ''));
    const isSealed = (line: string) => line.includes(`${loot.cookieName}=ey`);
    return isOpen || lines.some((line) => isSealed(line) || values.some((value) => line.includes(value)));
  }
});

async function lootOf(
  app: TestApp,
  emulator: WristbandEmulator,
  cookieName: string,
  hasSubdomains: boolean,
): Promise<Loot> {
  const browser = await signedIn(app, emulator);
  const origin = hasSubdomains ? app.tenantOrigin('acme') : app.origin;
  const all = await browser.jar.getCookies(origin);
  const valueOf = (name: string) => all.find(({ key }) => key === name)?.value ?? '';
  const token = await browser.get(`${origin}/api/auth/token`);
  const other = new Browser();
  const begun = await other.get(`${origin}/api/auth/login?tenant_name=acme`, { redirect: 'manual' });
  const loginCookie = begun.setCookies[0]?.split(';')[0] ?? '';
  return {
    host: new URL(origin).host,
    cookieName,
    sessionCookie: `${cookieName}=${valueOf(cookieName)}`,
    csrfToken: valueOf('CSRF-TOKEN'),
    accessToken: token.json<{ accessToken: string }>().accessToken,
    loginCookie,
    state: new URL(begun.location.href).searchParams.get('state') ?? '',
    logoutToken: await emulator.signLogoutToken({ sid: 'nobody' }),
    sessionSecret: SESSION_SECRET,
    loginStateSecret: emulator.clientSecret,
  };
}
