import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import fc, { type Arbitrary } from 'fast-check';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Sealer } from '../../lib/crypto/sealer.js';
import { WristbandModule } from '../../lib/index.js';
import { type RawAnswer, sendPipelined } from '../support/raw-http.js';
import { describePlatforms, SESSION_SECRET } from '../support/test-app.js';
import { SEED, TIMES } from './cases.js';
import { damaged, distorted, hostileText, json, jsonText } from './texts.js';

/** Requests at the same time: while one waits for a new try, the others go on. */
const AT_ONCE = 20;
/** For each platform: 600 answers in all. */
const RUNS = 15;
const SECRET = 'a-client-secret-of-32-characters-or-more';
const STATE = 's'.repeat(43);

const { publicKey, privateKey } = await generateKeyPair('RS256');
const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'key-1', use: 'sig', alg: 'RS256' }] };
const TOKENS = {
  access_token: 'a',
  token_type: 'Bearer',
  expires_in: 1800,
  refresh_token: 'r',
  id_token: 'i',
};
const USER = { sub: 'user-1', tnt_id: 'tenant-1', app_id: 'app', idp_name: 'wristband' };
const SDK = {
  loginUrl: 'http://localhost/api/auth/login',
  redirectUri: 'http://localhost/api/auth/callback',
  customApplicationLoginPageUrl: null,
  isApplicationCustomDomainActive: true,
};

const bodies = (good: object): Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: distorted({ ...good }).map(jsonText) },
    { weight: 2, arbitrary: json.map(jsonText) },
    fc.constant(JSON.stringify(good)),
    damaged(JSON.stringify(good)),
    hostileText,
    fc.constantFrom(
      '',
      '\ufeff{}',
      `{"a":"${'x'.repeat(1_100_000)}"}`,
      JSON.stringify({ error: 'invalid_grant' }),
    ),
  );
const oddHeaders = fc.array(
  fc.oneof(
    fc.constantFrom(
      'Content-Type: application/json',
      'Content-Type: text/html',
      'Content-Type: ;;;',
      'Retry-After: 0',
      'Retry-After: -1',
      'Content-Encoding: gzip',
      'Content-Encoding: x',
      'Location: http://evil.com/',
      'Set-Cookie: session=evil',
      'Transfer-Encoding: chunked',
    ),
    hostileText.map((text) => `X-Odd: ${text.slice(0, 500)}`),
    hostileText.map((text) => text.slice(0, 100)),
  ),
  { maxLength: 3 },
);
/** Often good in all but one respect: what is bad in all of them gets no further than the first check. */
const headers = fc.oneof(
  { weight: 2, arbitrary: fc.constant(['Content-Type: application/json']) },
  oddHeaders,
);
const STATUS = [
  ...Array<number>(16).fill(200),
  201,
  204,
  206,
  301,
  304,
  400,
  401,
  403,
  404,
  408,
  418,
  422,
  429,
  500,
  502,
  503,
  599,
  999,
];
/** Whether the length is told, is too large, or is left to the end of the connection. */
const LENGTHS = ['right', 'right', 'right', 'too large', 'none'];

const answerLike = (good: object) =>
  fc
    .tuple(fc.constantFrom(...STATUS), headers, bodies(good), fc.constantFrom(...LENGTHS))
    .map(([status, lines, body, length]) => {
      const size = Buffer.byteLength(body) + (length === 'right' ? 0 : 100);
      const all = [
        `HTTP/1.1 ${status} Odd`,
        'Connection: close',
        ...lines,
        ...(length === 'none' ? [] : [`Content-Length: ${size}`]),
      ];
      return `${all.join('\r\n')}\r\n\r\n${body}`;
    });

/** An endpoint of Wristband that is not itself, and the request that makes the application call it. */
const trouble = fc.oneof(
  fc.record({
    at: fc.constant('token' as const),
    by: fc.constantFrom('callback' as const, 'refresh' as const),
    bytes: answerLike(TOKENS),
  }),
  fc.record({
    at: fc.constant('userinfo' as const),
    by: fc.constant('callback' as const),
    bytes: answerLike(USER),
  }),
  fc.record({
    at: fc.constant('jwks' as const),
    by: fc.constant('callback' as const),
    bytes: answerLike(keys),
  }),
  fc.record({
    at: fc.constant('revoke' as const),
    by: fc.constant('logout' as const),
    bytes: answerLike({ ok: true }),
  }),
  fc.record({
    at: fc.constant('validate' as const),
    by: fc.constant('login' as const),
    bytes: answerLike({ valid: true }),
  }),
);
type Trouble = typeof trouble extends Arbitrary<infer T> ? T : never;

/** Of the requests under way, by what they bring to Wristband. */
const troubles = new Map<string, Trouble>();
let sdkConfiguration = '';
let vanityDomain = '';
const idToken = (kid: string) =>
  new SignJWT({ nonce: 'n' })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(`http://${vanityDomain}`)
    .setAudience('client')
    .setSubject('user-1')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);

/** Wristband: what the trouble of a request says, and else a good answer. */
const wristband = createServer((request, response) => {
  void answerTo(request).then((bytes) =>
    typeof bytes === 'string' ? response.socket?.end(bytes) : response.end(JSON.stringify(bytes)),
  );
});

async function answerTo(request: IncomingMessage): Promise<string | object> {
  const endpoint = request.url?.split('/').at(-1);
  const body = await text(request);
  const form = new URLSearchParams(body);
  if (endpoint === 'sdk-configuration') return sdkConfiguration;
  // One key set for all: the last of those who wait for it decides.
  if (endpoint === 'jwks') return [...troubles.values()].findLast(({ at }) => at === 'jwks')?.bytes ?? keys;
  const id =
    endpoint === 'userinfo'
      ? request.headers.authorization?.slice('Bearer '.length)
      : (form.get('code') ?? form.get('refresh_token') ?? form.get('token'));
  const known = troubles.get(
    endpoint === 'validate'
      ? (JSON.parse(body) as { tenantCustomDomain: string }).tenantCustomDomain
      : (id ?? ''),
  );
  if (known?.at === endpoint) return known?.bytes ?? '';
  if (endpoint === 'userinfo') return USER;
  return {
    ...TOKENS,
    access_token: id,
    id_token: await idToken(known?.at === 'jwks' ? `key of ${id}` : 'key-1'),
  };
}

const failures: unknown[] = [];
const keep = (failure: unknown) => void failures.push(failure);
beforeAll(async () => {
  process.on('unhandledRejection', keep).on('uncaughtException', keep);
  await new Promise<void>((resolve) => wristband.listen(0, '127.0.0.1', resolve));
  vanityDomain = `localhost:${(wristband.address() as AddressInfo).port}`;
});
afterAll(() => {
  process.off('unhandledRejection', keep).off('uncaughtException', keep);
  wristband.closeAllConnections();
  wristband.close();
});

/** @param urls where the application is; without them it asks Wristband */
async function startApp(
  platform: string,
  urls?: { readonly loginUrl: string; readonly redirectUri: string },
) {
  @Module({
    imports: [
      WristbandModule.forRoot({
        clientId: 'client',
        clientSecret: SECRET,
        wristbandApplicationVanityDomain: vanityDomain,
        dangerouslyAllowInsecureRequests: true,
        dangerouslyDisableSecureCookies: true,
        autoConfigureEnabled: urls === undefined,
        ...urls,
        session: { secrets: SESSION_SECRET, secure: false },
        // Also what never ends is over soon; on a busy machine some good answers are too late as well.
        http: { timeout: 400 },
        logger: { log: () => undefined, error: () => undefined, warn: () => undefined },
        routes: { path: 'api/auth' },
      }),
    ],
  })
  class AppModule {}
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(AppModule, adapter, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  return { app, port: (app.getHttpServer().address() as AddressInfo).port };
}

const sessions = new Sealer('session', [SESSION_SECRET]);
const loginStates = new Sealer('login-state', [SECRET]);

/** The request of a user that makes the application ask Wristband with an ID. */
function requestFor(by: Trouble['by'], id: string) {
  const fields = {
    isAuthenticated: true,
    accessToken: 'a',
    expiresAt: 1,
    userId: 'u',
    tenantId: 't',
    tenantName: 'acme',
    refreshToken: id,
  };
  const session = () =>
    `session=${sessions.seal(JSON.stringify({ id, createdAt: Date.now() / 1000, fields }))}`;
  const loginState = {
    state: STATE,
    codeVerifier: id,
    nonce: 'n',
    redirectUri: 'http://x/',
    tenantName: 'acme',
  };
  const login = () => `login#${STATE}#1=${loginStates.seal(JSON.stringify(loginState), 60)}`;
  const requests = {
    callback: () => ({ target: `/api/auth/callback?code=${id}&state=${STATE}`, cookie: login() }),
    refresh: () => ({ target: '/api/auth/session', cookie: session() }),
    logout: () => ({ target: '/api/auth/logout', cookie: session() }),
    login: () => ({ target: `/api/auth/login?tenant_custom_domain=${id}`, cookie: '' }),
  };
  const { target, cookie } = requests[by]();
  return { method: 'GET', target, headers: ['Host: localhost', `Cookie: ${cookie}`] };
}

/** A redirect, a refusal or an outage; 500 only where it says that the set-up is wrong, or cannot hold what came. */
function expectHarmless({ status, headers, location, body }: RawAnswer, about: string): void {
  if (status === 500) expect(body, about).toMatch(/"code":"(configuration_rejected|session_too_large)"/);
  else expect([200, 302, 400, 401, 403, 503], `${status} ${body} after ${about}`).toContain(status);
  const place = new URL(location ?? '/', 'http://localhost').host;
  expect(
    place === 'localhost' || place.endsWith(vanityDomain) || place.endsWith('.example'),
    `${location} after ${about}`,
  ).toBe(true);
  expect(
    headers.filter(([name, value]) => name === 'x-odd' || value.includes('evil')),
    about,
  ).toEqual([]);
}

describePlatforms('whatever Wristband answers', (platform) => {
  let count = 0;

  it(
    'is a redirect, a refusal or an outage for the user',
    { timeout: 120_000 * Math.max(TIMES, 1) },
    async () => {
      const { app, port } = await startApp(platform, SDK);
      const seen = new Set<number>();
      const property = fc.asyncProperty(
        fc.array(trouble, { minLength: AT_ONCE, maxLength: AT_ONCE }),
        async (all) => {
          troubles.clear();
          const under = all.map((one) => ({ one, id: `id-${(count += 1)}.${platform}.example` }));
          for (const { one, id } of under) troubles.set(id, one);
          await Promise.all(
            under.map(async ({ one, id }) => {
              const [answer] = await sendPipelined(port, [requestFor(one.by, id)]);
              seen.add(answer!.status);
              expectHarmless(answer!, JSON.stringify(one));
            }),
          );
        },
      );
      await fc.assert(property, { numRuns: Math.ceil(RUNS * TIMES), seed: SEED, endOnFailure: true });
      troubles.clear();
      // Keys that were accepted during the trouble are used until they are too old.
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 48 * 3_600_000 });
      const whenAllIsWell = async () => {
        const requests = [requestFor('callback', 'good'), requestFor('refresh', 'good-too')];
        const [landed, renewed] = await sendPipelined(port, requests);
        expect(landed).toMatchObject({ status: 302, location: '/' });
        expect(renewed).toMatchObject({ status: 200 });
      };
      await vi.waitFor(whenAllIsWell, { timeout: 60_000, interval: 500 });
      vi.useRealTimers();
      await app.close();

      if (TIMES >= 1) expect([...seen]).toEqual(expect.arrayContaining([302, 401, 503]));
      expect(failures).toEqual([]);
    },
  );
});

describe('whatever Wristband says about the application', () => {
  it('is a redirect, a wrong set-up or an outage', { timeout: 120_000 * Math.max(TIMES, 1) }, async () => {
    let { app, port } = await startApp('express');
    const property = fc.asyncProperty(answerLike(SDK), async (bytes) => {
      sdkConfiguration = bytes;
      const [answer] = await sendPipelined(port, [
        { method: 'GET', target: '/api/auth/login?tenant_name=acme', headers: ['Host: localhost'] },
      ]);
      const place = answer?.location ?? '';
      expect([302, 500, 503], `${answer?.status} ${answer?.body} after ${bytes}`).toContain(answer?.status);
      if (answer?.status === 500) expect(answer.body).toContain('"code":"configuration_rejected"');
      if (answer?.status !== 302) return;
      expect(URL.canParse(place), bytes).toBe(true);
      // A configuration that was found good is kept.
      await app.close();
      ({ app, port } = await startApp('express'));
    });
    await fc.assert(property, { numRuns: Math.ceil(60 * TIMES), seed: SEED, endOnFailure: true });
    await app.close();

    expect(failures).toEqual([]);
  });
});
