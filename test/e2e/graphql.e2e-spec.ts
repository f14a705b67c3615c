import { createClient } from 'graphql-ws';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { SessionStrategy } from '../../lib/strategies/session.strategy.js';
import { lastCallback } from '../support/auth.controller.js';
import { Browser } from '../support/browser.js';
import { CounterController } from '../support/counter.controller.js';
import { describeGraphql } from '../support/graphql.module.js';
import { CompanyResolver } from '../support/graphql.resolver.js';
import { signIn } from '../support/sign-in.js';
import { optionsFor, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: { originalError: object } }[];
}

const ADMIN = { id: 'role-1', name: 'app:billing:admin', displayName: 'Billing' };
const TRUSTED = 'https://trusted.example';
/** Seconds. */
const LIFETIME = 1800;
const MAX_AGE = 7200;

let emulator: WristbandEmulator;
let app: TestApp;
let browser: Browser;

/** Only the clock: timers, and so every time-out, run on as usual. */
function advanceClock(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}

async function signInAs(email: string): Promise<void> {
  const user = emulator.users.find((one) => one.email === email)!;
  await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, user);
  emulator.clearCalls();
}

const csrfToken = async () =>
  (await browser.jar.getCookies(app.origin)).find(({ key }) => key === 'CSRF-TOKEN')?.value ?? '';

async function post(query: string, headers: Record<string, string> = {}) {
  const response = await browser.post(`${app.origin}/graphql`, {
    headers: { 'content-type': 'application/json', 'x-csrf-token': await csrfToken(), ...headers },
    body: JSON.stringify({ query }),
  });
  return { answer: response.json<Answer>(), headers: response.headers, setCookies: response.setCookies };
}

/** What the client is told of each error, at the place that all servers have in common. */
const bodies = ({ errors = [] }: Answer) => errors.map(({ extensions }) => extensions.originalError);

async function cookieHeaders(): Promise<Record<string, string>> {
  return { cookie: await browser.jar.getCookieString(app.origin), origin: app.origin };
}

function openSocket(headers: Record<string, string>, connectionParams?: Record<string, unknown>) {
  class WebSocketWithHeaders extends WebSocket {
    constructor(address: string, protocols: string) {
      super(address, protocols, { headers });
    }
  }
  const url = `ws://localhost:${app.port}/graphql`;
  return createClient({
    url,
    webSocketImpl: WebSocketWithHeaders,
    lazy: false,
    retryAttempts: 0,
    connectionParams,
  });
}

/** The first thing that comes of an operation: its first value or its error. */
async function first(client: ReturnType<typeof openSocket>, query: string): Promise<Answer> {
  try {
    for await (const result of client.iterate({ query })) return result as Answer;
    return {};
  } catch (errors) {
    return { errors: errors as Answer['errors'] & object };
  }
}

/** One operation on a socket of its own. */
async function subscribe(query: string, ...how: Parameters<typeof openSocket>): Promise<Answer> {
  const client = openSocket(...how);
  const answer = await first(client, query);
  await client.dispose();
  return answer;
}

describeGraphql('GraphQL', (server) => {
  beforeAll(async () => {
    emulator = await startWristbandEmulator({
      accessTokenTtl: LIFETIME,
      users: [
        { email: 'grace@acme.example', password: 'password', tenant: 'acme', roles: [ADMIN] },
        { email: 'ada@acme.example', password: 'password', tenant: 'acme' },
      ],
    });
    const options = {
      ...optionsFor(emulator),
      http: { timeout: 5000 },
      scopes: ['openid', 'offline_access', 'email', 'roles'],
      trustedOrigins: [TRUSTED],
      session: { secrets: SESSION_SECRET, secure: false, enableCsrfProtection: true, maxAge: MAX_AGE },
    };
    app = await startTestApp({
      emulator,
      platform: server.platform,
      trustsProxies: true,
      options,
      imports: [server.module()],
      providers: [CompanyResolver],
      controllers: [CounterController],
    });
  });
  beforeEach(() => {
    browser = new Browser();
  });
  afterEach(() => {
    vi.useRealTimers();
    emulator.heal();
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  it('gives the fields of one operation one user, when session and bearer token belong to two', async () => {
    await signInAs('ada@acme.example');
    const accessToken = lastCallback.data?.accessToken ?? '';
    const foreign = decodeJwt(accessToken).sub ?? '';
    browser = new Browser();
    await signInAs('grace@acme.example');
    const own = lastCallback.data?.userInfo.userId ?? '';
    expect([own, foreign]).toEqual([expect.stringContaining('grace'), expect.stringContaining('ada')]);
    const bearer = { authorization: `Bearer ${accessToken}` };

    for (const query of ['{ me token }', '{ token me }', '{ me visitor token }']) {
      const { answer } = await post(query, bearer);
      const text = JSON.stringify(answer.data);
      expect([text.includes(own), text.includes(foreign)].filter(Boolean), text).toHaveLength(1);
      expect(bodies(answer)).toContainEqual(expect.objectContaining({ code: 'invalid_token' }));
    }
    const withoutCsrf = await post('mutation { count }', { ...bearer, 'x-csrf-token': '' });
    expect(bodies(withoutCsrf.answer)).toMatchObject([{ code: 'csrf_failed' }]);
  });

  it('refuses one resolver, answers the other, and tells the code', async () => {
    const { answer } = await post('{ me company { name } }');

    expect(answer.data).toEqual({ me: null, company: { name: 'Acme' } });
    expect(bodies(answer)).toEqual([
      { statusCode: 401, error: 'Unauthorized', message: 'Sign in first', code: 'not_authenticated' },
    ]);
  });

  it('guards a field of a public query', async () => {
    const { answer } = await post('{ company { name secret } }');
    expect(answer.data).toEqual({ company: { name: 'Acme', secret: null } });
    expect(bodies(answer)).toMatchObject([{ code: 'not_authenticated' }]);

    await signInAs('ada@acme.example');

    const { data } = (await post('{ company { name secret } }')).answer;
    const { userId } = lastCallback.data!.userInfo;
    expect(data).toEqual({ company: { name: 'Acme', secret: `Acme trusts ${userId}` } });
  });

  it('knows who is signed in', async () => {
    await signInAs('ada@acme.example');

    const { answer } = await post('{ me }');

    const { userInfo, accessToken } = lastCallback.data!;
    expect(String(answer.data?.me)).not.toContain(accessToken);
    expect(JSON.parse(String(answer.data?.me))).toMatchObject({
      userId: userInfo.userId,
      tenantId: userInfo.tenantId,
      tenantName: 'acme',
      strategy: 'SESSION',
      isSameToken: true,
    });
  });

  it('lets visitors pass where that is said', async () => {
    expect((await post('{ visitor }')).answer).toEqual({ data: { visitor: 'a visitor' } });

    await signInAs('ada@acme.example');

    const { userId } = lastCallback.data!.userInfo;
    expect((await post('{ visitor }')).answer).toEqual({ data: { visitor: userId } });
  });

  it('asks for roles', async () => {
    await signInAs('ada@acme.example');
    const refused = (await post('{ bills me }')).answer;
    expect(bodies(refused)).toMatchObject([{ code: 'insufficient_role', statusCode: 403 }]);
    expect(refused.data).toMatchObject({ bills: null, me: expect.any(String) });

    browser = new Browser();
    await signInAs('grace@acme.example');

    expect((await post('{ bills }')).answer).toEqual({ data: { bills: 'many' } });
  });

  it('takes a bearer token, and says what is wrong with a bad one', async () => {
    await signInAs('ada@acme.example');
    const { accessToken, userInfo } = lastCallback.data!;
    browser = new Browser();

    const good = await post('{ token me }', { authorization: `Bearer ${accessToken}` });
    const bad = await post('{ token }', { authorization: `Bearer ${accessToken}x` });
    const none = await post('{ token }');

    expect(good.answer.data).toMatchObject({
      token: `true ${userInfo.userId}`,
      me: expect.stringContaining('"strategy":"JWT"'),
    });
    expect(bodies(bad.answer)).toMatchObject([{ code: 'invalid_token' }]);
    expect(bodies(none.answer)).toMatchObject([{ code: 'not_authenticated' }]);
  });

  it('writes the session with the response', async () => {
    await signInAs('ada@acme.example');

    const { answer, setCookies, headers } = await post('mutation { one: count two: count }');

    expect(answer.data).toEqual({ one: 1, two: 2 });
    expect(setCookies.filter((line) => line.startsWith('session='))).toHaveLength(1);
    expect(headers['cache-control']).toContain('no-store');
    expect((await browser.get(`${app.origin}/counter/read`)).json()).toMatchObject({ count: 2 });
    expect((await post('mutation { count }')).answer.data).toEqual({ count: 3 });
  });

  it('answers an error when a session cannot be written', async () => {
    await signInAs('ada@acme.example');

    const { answer, setCookies } = await post('mutation { fill(bytes: 5000) }');

    expect(answer.data).toEqual({ fill: null });
    expect(bodies(answer)).toMatchObject([{ code: 'session_too_large', statusCode: 500 }]);
    expect(setCookies).toEqual([]);
    expect((await post('{ visitor }')).answer.data?.visitor).toBe(lastCallback.data!.userInfo.userId);
  });

  it.each([
    ['a foreign site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['a foreign origin', { origin: 'https://evil.example' }],
    ['a page without the token', { 'x-csrf-token': 'wrong' }],
  ])('refuses a request of %s', async (_, headers) => {
    await signInAs('ada@acme.example');

    const { answer } = await post('mutation { count }', headers);

    expect(answer.data).toEqual({ count: null });
    expect(bodies(answer)).toMatchObject([{ code: 'csrf_failed', statusCode: 403 }]);
    expect((await browser.get(`${app.origin}/counter/read`)).json()).not.toHaveProperty('count');
  });

  it('does the work once for all resolvers of a request, and renews the access token on the way', async () => {
    await signInAs('ada@acme.example');
    const authenticate = vi.spyOn(app.app.get(SessionStrategy, { strict: false }), 'authenticate');
    advanceClock(LIFETIME + 1);

    const { answer, setCookies } = await post('{ me again: me visitor company { secret } }');

    expect(answer.errors).toBeUndefined();
    expect(JSON.parse(String(answer.data?.me)).accessToken).not.toBe(lastCallback.data!.accessToken);
    expect(authenticate).toHaveBeenCalledTimes(1);
    expect(emulator.callsTo('token')).toHaveLength(1);
    expect(setCookies.filter((line) => line.startsWith('session='))).toHaveLength(1);
  });

  it('is told of an outage, and keeps the session', async () => {
    await signInAs('ada@acme.example');
    emulator.fail('token', { kind: 'status', status: 503 });
    advanceClock(LIFETIME + 1);

    const { answer, setCookies } = await post('{ me visitor }');

    expect(bodies(answer)).toMatchObject([
      { code: 'wristband_unavailable', statusCode: 503 },
      { code: 'wristband_unavailable', statusCode: 503 },
    ]);
    expect(setCookies.filter((line) => line.includes('Max-Age=0;'))).toEqual([]);
  });

  it('refuses a subscription of nobody', async () => {
    const answer = await subscribe('subscription { greetings }', { origin: app.origin });

    expect(bodies(answer)).toMatchObject([{ code: 'not_authenticated', statusCode: 401 }]);
  });

  it('knows who subscribes, by session or by token', async () => {
    await signInAs('ada@acme.example');
    const { accessToken, userInfo } = lastCallback.data!;

    const bySession = await subscribe('subscription { greetings }', await cookieHeaders());
    const byToken = await subscribe('subscription { tokens }', { authorization: `Bearer ${accessToken}` });

    expect(bySession).toEqual({ data: { greetings: `Hello ${userInfo.userId} of acme` } });
    expect(byToken).toEqual({ data: { tokens: userInfo.userId } });
  });

  it('refuses the socket of a foreign page, whatever that page says', async () => {
    await signInAs('ada@acme.example');
    const headers = await cookieHeaders();
    const query = 'subscription { greetings }';
    const claims = { 'sec-fetch-site': 'same-origin', 'x-forwarded-host': 'evil.example' };
    const lie = { ...claims, headers: claims };

    const foreign = await subscribe(query, { ...headers, origin: 'https://evil.example' });
    const liar = await subscribe(query, { ...headers, origin: 'https://evil.example' }, lie);
    const trusted = await subscribe(query, { ...headers, origin: TRUSTED });

    expect(bodies(foreign)).toMatchObject([{ code: 'csrf_failed', statusCode: 403 }]);
    expect(bodies(liar)).toMatchObject([{ code: 'csrf_failed', statusCode: 403 }]);
    expect(trusted.data?.greetings).toContain('acme');
  });

  it('says on a socket that a session cannot be changed there', async () => {
    await signInAs('ada@acme.example');

    const answer = await subscribe('subscription { changes }', await cookieHeaders());
    const mutation = await subscribe('mutation { count }', await cookieHeaders());

    expect(JSON.stringify(answer)).toContain('The session cannot be changed here');
    expect(JSON.stringify(mutation)).toContain('The session cannot be changed here');
  });

  it('asks with every operation of a socket, and never spends the refresh token', async () => {
    await signInAs('ada@acme.example');
    const client = openSocket(await cookieHeaders());
    const query = 'subscription { greetings }';
    const now = Date.now();
    expect((await first(client, query)).data).toBeDefined();

    advanceClock(LIFETIME + 1);
    const expired = await first(client, query);
    const callsOfSocket = emulator.callsTo('token').length;
    const renewed = await post('{ me }');
    const goesOn = await first(client, query);
    vi.setSystemTime(now + (MAX_AGE + 1) * 1000);
    const idle = await first(client, query);
    await client.dispose();

    expect(bodies(expired)).toMatchObject([{ code: 'not_authenticated' }]);
    expect(callsOfSocket).toBe(0);
    expect(renewed.answer.errors).toBeUndefined();
    expect(goesOn.data).toBeDefined();
    expect(bodies(idle)).toMatchObject([{ code: 'not_authenticated' }]);
    expect(emulator.callsTo('token')).toHaveLength(1);
  });
});
