import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { type Cluster, CLUSTER_SECRET, startCluster } from '../cluster/cluster.js';
import { type Answer, ask, askAll, distinct, pairOf } from '../cluster/crowd.js';
import { dumpOf } from '../cluster/redis-dump.js';
import { expiredSession, expiry, sessionCookie, signInTo, withShortTokens } from '../cluster/sign-ins.js';
import { type RedisServer, startRedis } from '../support/redis.js';

let emulator: WristbandEmulator;
let redis: RedisServer;
let cluster: Cluster;
/** Sessions in cookies, with a store for coordination. */
let shared: Cluster;
/** One process, with sessions in cookies. */
let single: Cluster;
beforeAll(async () => {
  [emulator, redis] = await Promise.all([startWristbandEmulator(), startRedis()]);
  const settings = { emulator, processes: 4, redisUrl: redis.url, keepAlive: true };
  [cluster, shared, single] = await Promise.all([
    startCluster({ ...settings, mode: 'store', prefix: 'store:' }),
    startCluster({ ...settings, mode: 'shared-cookie', prefix: 'shared:' }),
    startCluster({ emulator, mode: 'cookie', processes: 1 }),
  ]);
});
afterAll(async () => {
  await Promise.all([cluster.close(), shared.close(), single.close()]);
  await emulator.close();
  await redis.stop();
});
afterEach(() => emulator.heal());

const json = <T>({ text }: Answer) => JSON.parse(text) as T;
const exchanges = () => emulator.callsTo('token').map(({ status }) => status);

async function signInHere(email?: string, where = cluster): Promise<string> {
  return sessionCookie(await signInTo(where, emulator, email), where);
}

describe('a logout', () => {
  it.each([
    ['in the store', () => cluster],
    ['in shared cookies', () => shared],
    ['in a cookie', () => single],
  ])('with sessions %s holds against slow requests and every cookie that there was', async (_, where) => {
    const { origin, workers } = where();
    const [one, other] = [workers[0]!, workers.at(-1)!];
    const seen = [await signInHere(undefined, where())];
    const collect = (answer: Answer) => {
      seen.push(...answer.setCookies.map(pairOf).filter((pair) => !pair.endsWith('=')));
      return answer;
    };
    const questions = ['a', 'b'].map((key) => ({ method: 'POST' as const, path: `/set/${key}` }));
    for (const question of questions) collect(await ask(origin, { ...question, cookie: seen.at(-1)! }));
    const cookie = seen.at(-1)!;
    const slow = ask(origin, { path: '/slow/1500?set=late', cookie, port: one.port });
    await delay(500);

    const logout = collect(await ask(origin, { path: '/api/auth/logout', cookie, port: other.port }));
    const late = collect(await slow);

    expect([logout.status, late.status, late.setCookies]).toEqual([302, 200, []]);
    expect(logout.setCookies).toContainEqual(expect.stringMatching(/^(sid|session)=; Max-Age=0/));
    expect(distinct(seen)).toHaveLength(3);
    for (const cookie of seen) {
      for (const { port } of workers) {
        const me = await ask(origin, { path: '/me', cookie, port });
        const set = await ask(origin, { method: 'POST', path: '/set/c', cookie, port });
        expect([me.status, set.status]).toEqual([401, 401]);
      }
    }
  });

  it.each([
    ['in the store', () => cluster],
    ['in shared cookies', () => shared],
  ])('with sessions %s holds against a process that renews the access token', async (_, where) => {
    const { origin, workers } = where();
    const cookie = await expiredSession(where(), emulator);
    const get = (path: string, on: number) => ask(origin, { path, cookie, port: workers[on]!.port });
    emulator.fail('token', { kind: 'delay', ms: 1500, times: 1 });
    const renewing = get('/me', 0);
    await vi.waitFor(() => expect(exchanges()).toHaveLength(1), 20_000);

    const logout = await get('/api/auth/logout', 1);
    const renewed = await renewing;

    expect(logout.status).toBe(302);
    expect(renewed.setCookies.map(pairOf).filter((pair) => !pair.endsWith('='))).toEqual([]);
    for (const index of workers.keys()) expect((await get('/me', index)).status).toBe(401);
  });
});

describe('20 requests in 4 processes that set a key each', () => {
  it.each([
    ['are all kept', () => signInHere(), 0],
    ['are all kept while the access token is renewed', () => expiredSession(cluster, emulator), 1],
  ])('%s', async (_, signIn, exchanged) => {
    const cookie = await signIn();
    emulator.clearCalls();
    const keys = Array.from({ length: 20 }, (_, index) => `key${index}`);

    const answers = await askAll(
      cluster.origin,
      keys.map((key) => ({ path: `/slow/50?set=${key}`, cookie })),
    );

    expect(distinct(answers.map(({ status }) => status))).toEqual([200]);
    expect(distinct(answers.map(({ worker }) => worker))).toHaveLength(4);
    const { fields } = json<{ fields: object }>(await ask(cluster.origin, { path: '/fields', cookie }));
    expect(fields).toMatchObject(Object.fromEntries(keys.map((key) => [key, key])));
    expect(exchanges()).toHaveLength(exchanged);
  });
});

describe('a copy of Redis', () => {
  const EMAILS = ['grace@acme.example', 'linus@globex.example', 'ada@example.com'];
  interface Known {
    readonly id: string;
    readonly fields: Record<string, string>;
  }

  /** All that a session knows about its user, and all by which one could use it. */
  const secretsOf = ({ id, fields }: Known) => {
    const { accessToken, refreshToken, userId, tenantId, tenantName, note } = fields;
    return [id, accessToken, refreshToken, userId, tenantId, tenantName, note] as string[];
  };

  it.each([
    // Those that live are in it, or those that have ended.
    { sessions: 'in the store', where: () => cluster, prefix: 'store:', key: (id: string) => id, kept: 2 },
    {
      sessions: 'in shared cookies',
      where: () => shared,
      prefix: 'shared:',
      key: (id: string) => `ended ${id}`,
      kept: 1,
    },
  ])('with sessions $sessions tells nothing about them', async ({ where, prefix, key, kept }) => {
    const { origin } = where();
    emulator.clearCalls();
    const secrets: string[] = [...EMAILS];
    const known: Known[] = [];
    const look = async (cookie: string) => {
      const answer = json<Known>(await ask(origin, { path: '/fields', cookie }));
      known.push(answer);
      secrets.push(cookie, cookie.split('=')[1]!, ...secretsOf(answer));
    };
    const signInAll = async () => {
      const cookies: string[] = [];
      for (const email of EMAILS) cookies.push(await signInHere(email, where()));
      return cookies;
    };
    const cookies: string[] = [];
    for (const cookie of await withShortTokens(emulator, signInAll)) {
      const path = '/set/note?json=%22a-note-in-clear-text%22';
      const { setCookies } = await ask(origin, { method: 'POST', path, cookie });
      cookies.push(pairOf(setCookies[0]!));
      secrets.push(cookie, cookies.at(-1)!);
    }
    await expiry();
    emulator.fail('token', { kind: 'delay', ms: 1000 });
    const renewals = cookies.map(look);
    await vi.waitFor(() => expect(emulator.callsTo('token').length).toBeGreaterThanOrEqual(6), 20_000);
    const during = await dumpOf(redis.url);
    await Promise.all(renewals);
    await ask(origin, { path: '/api/auth/logout', cookie: cookies[0]! });
    const after = await dumpOf(redis.url);

    for (const { form } of emulator.callsTo('token')) secrets.push(...Object.values(form));
    const ours = secrets.filter((secret) => !['refresh_token', 'authorization_code'].includes(secret));
    expect(ours.every((secret) => typeof secret === 'string' && secret.length > 3)).toBe(true);
    expect(ours.length).toBeGreaterThan(40);
    for (const secret of ours) expect(`${during}${after}`.includes(secret), secret).toBe(false);
    // It is the right Redis: what was looked for was there, under other names.
    const names = known.map(({ id }) => `${prefix}session:${hash('sha256', key(id), 'base64url')}`);
    expect(during).toContain(`${prefix}lock:`);
    expect(names.filter((name) => after.includes(name))).toHaveLength(kept);
  });
});

describe('a new secret, release after release', () => {
  it.each([
    ['in the store', () => cluster],
    ['in shared cookies', () => shared],
  ])('signs nobody out while processes differ, with sessions %s', async (_, where) => {
    const { origin, workers } = where();
    const [old, next] = [CLUSTER_SECRET, 'the-secret-of-the-next-release-of-32-or-more'];
    const release = (secrets: string[], some = workers) =>
      Promise.all(some.map((worker) => worker.replace(secrets)));
    const cookie = await signInHere(undefined, where());

    await release([old, next]);
    await release([next, old], workers.slice(0, 1));
    const [first, last] = [workers[0]!.port, workers.at(-1)!.port];
    const written = await ask(origin, { method: 'POST', path: '/set/theme', cookie, port: first });
    const moved = written.setCookies.map(pairOf).at(-1)!;
    const meanwhile = [cookie, moved].map((one) => ask(origin, { path: '/me', cookie: one, port: last }));
    expect((await Promise.all(meanwhile)).map(({ status }) => status)).toEqual([200, 200]);

    await release([next]);
    const after = [cookie, moved].map((one) => ask(origin, { path: '/me', cookie: one }));
    // What only the old secret opens is over with it.
    expect((await Promise.all(after)).map(({ status }) => status)).toEqual([401, 200]);
  });
});
