import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { type Cluster, startCluster } from '../cluster/cluster.js';
import { type Answer, ask, askAll, distinct, pairOf } from '../cluster/crowd.js';
import { dumpOf } from '../cluster/redis-dump.js';
import { expiredSession, expiry, sessionCookie, signInTo, withShortTokens } from '../cluster/sign-ins.js';
import { type RedisServer, startRedis } from '../support/redis.js';

let emulator: WristbandEmulator;
let redis: RedisServer;
let cluster: Cluster;
/** One process, with sessions in cookies. */
let single: Cluster;
beforeAll(async () => {
  [emulator, redis] = await Promise.all([startWristbandEmulator(), startRedis()]);
  [cluster, single] = await Promise.all([
    startCluster({ emulator, mode: 'store', processes: 4, redisUrl: redis.url, keepAlive: true }),
    startCluster({ emulator, mode: 'cookie', processes: 1 }),
  ]);
});
afterAll(async () => {
  await Promise.all([cluster.close(), single.close()]);
  await emulator.close();
  await redis.stop();
});
afterEach(() => emulator.heal());

const get = (path: string, cookie: string, on = 0) =>
  ask(cluster.origin, { path, cookie, port: cluster.workers[on]!.port });
const json = <T>({ text }: Answer) => JSON.parse(text) as T;
const exchanges = () => emulator.callsTo('token').map(({ status }) => status);

async function signInHere(email?: string, where = cluster): Promise<string> {
  return sessionCookie(await signInTo(where, emulator, email), where);
}

describe('a logout', () => {
  it.each([
    ['in the store', () => cluster],
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

  it('holds against a process that renews the access token at that moment', async () => {
    const cookie = await expiredSession(cluster, emulator);
    emulator.fail('token', { kind: 'delay', ms: 1500, times: 1 });
    const renewing = get('/me', cookie, 0);
    await vi.waitFor(() => expect(exchanges()).toHaveLength(1), 5000);

    const logout = await get('/api/auth/logout', cookie, 1);
    const renewed = await renewing;

    expect(logout.status).toBe(302);
    expect(renewed.setCookies.map(pairOf).filter((pair) => !pair.endsWith('='))).toEqual([]);
    for (const [index] of cluster.workers.entries()) {
      expect((await get('/me', cookie, index)).status).toBe(401);
    }
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

  it('tells nothing about the sessions that live and lived in it', async () => {
    emulator.clearCalls();
    const secrets: string[] = [...EMAILS];
    const known: Known[] = [];
    const look = async (cookie: string) => {
      const answer = json<Known>(await ask(cluster.origin, { path: '/fields', cookie }));
      known.push(answer);
      secrets.push(cookie, cookie.split('=')[1]!, ...secretsOf(answer));
    };
    const signInAll = async () => {
      const cookies: string[] = [];
      for (const email of EMAILS) cookies.push(await signInHere(email));
      return cookies;
    };
    const cookies = await withShortTokens(emulator, signInAll);
    for (const cookie of cookies) {
      const path = '/set/note?json=%22a-note-in-clear-text%22';
      const { setCookies } = await ask(cluster.origin, { method: 'POST', path, cookie });
      secrets.push(...setCookies.map(pairOf));
    }
    await expiry();
    emulator.fail('token', { kind: 'delay', ms: 1000 });
    const renewals = cookies.map(look);
    await vi.waitFor(() => expect(emulator.callsTo('token').length).toBeGreaterThanOrEqual(6), 5000);
    const during = await dumpOf(redis.url);
    await Promise.all(renewals);
    await ask(cluster.origin, { path: '/api/auth/logout', cookie: cookies[0]! });
    const after = await dumpOf(redis.url);

    for (const { form } of emulator.callsTo('token')) secrets.push(...Object.values(form));
    const ours = secrets.filter((secret) => !['refresh_token', 'authorization_code'].includes(secret));
    expect(ours.every((secret) => typeof secret === 'string' && secret.length > 3)).toBe(true);
    expect(ours.length).toBeGreaterThan(40);
    for (const secret of ours) expect(`${during}${after}`.includes(secret), secret).toBe(false);
    // It is the right Redis: what was looked for was there, under other names.
    const kept = known.map(({ id }) => after.includes(`session:${hash('sha256', id, 'base64url')}`));
    expect(during).toContain('wristband:lock:');
    expect(after).toContain('wristband:tag:');
    expect(kept.filter(Boolean)).toHaveLength(2);
  });
});
