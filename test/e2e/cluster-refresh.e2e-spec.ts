import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { type Cluster, startCluster } from '../cluster/cluster.js';
import { type Answer, ask, distinct, storm } from '../cluster/crowd.js';
import { expiredSession, sessionCookie, signInTo } from '../cluster/sign-ins.js';
import { type RedisServer, startRedis } from '../support/redis.js';

/** Milliseconds that a request may take when a process died over its session; 5 s of it is the lease. */
const PATIENCE = 30_000;

const json = <T>({ text }: Answer) => JSON.parse(text) as T;

// Most of the time they wait for a lease to end: side by side, each with a Wristband of its own.
describe.concurrent.each(['store', 'shared-cookie'] as const)('with sessions kept by %s', (mode) => {
  let emulator: WristbandEmulator;
  let redis: RedisServer;
  let cluster: Cluster;
  beforeAll(async () => {
    [emulator, redis] = await Promise.all([startWristbandEmulator(), startRedis()]);
    cluster = await startCluster({ emulator, mode, processes: 4, redisUrl: redis.url, keepAlive: true });
  });
  afterAll(async () => {
    await cluster.close();
    await emulator.close();
    await redis.stop();
  });
  afterEach(() => emulator.heal());

  const get = (path: string, cookie: string, on = 0) =>
    ask(cluster.origin, { path, cookie, port: cluster.workers[on]!.port });
  const exchanges = () => emulator.callsTo('token').map(({ status }) => status);

  describe.sequential('when the process that renews an access token is killed', () => {
    afterEach(async () => {
      const dead = cluster.workers.filter(({ isRunning }) => !isRunning);
      await Promise.all(dead.map((worker) => worker.start()));
    });

    /** The first process begins the exchange, requests come to all of them, and then it is killed. */
    async function killHolder(cookie: string): Promise<{ others: Answer[]; victims: Answer[] }> {
      const [holder] = cluster.workers;
      const first = get('/token', cookie).catch((error: unknown) => error);
      await vi.waitFor(() => expect(exchanges()).toHaveLength(1), 20_000);
      const answers = storm(cluster.origin, 40, { path: '/token', cookie });
      await delay(300);
      await holder!.kill();
      expect(await first).toBeInstanceOf(Error);
      const victims = (await answers).filter(({ worker }) => worker === holder!.name);
      const others = (await answers).filter(({ worker }) => worker !== holder!.name);
      return { others, victims };
    }

    it('before Wristband has seen its request, the others get their tokens by another exchange', async () => {
      const cookie = await expiredSession(cluster, emulator);
      // Taken, but not looked at.
      emulator.fail('token', { kind: 'hang', times: 1 });

      const { others, victims } = await killHolder(cookie);

      expect(others.length).toBeGreaterThanOrEqual(30);
      expect(distinct(others.map(({ status }) => status))).toEqual([200]);
      expect(distinct(others.map(({ text }) => text))).toHaveLength(1);
      expect(Math.max(...others.map(({ took }) => took))).toBeLessThan(PATIENCE);
      expect(exchanges()).toEqual([undefined, 200]);
      expect(distinct(victims.map(({ status }) => status))).toEqual([502]);
      const again = await storm(cluster.origin, victims.length, { path: '/token', cookie });
      expect(distinct(again.map(({ text }) => text))).toEqual([others[0]!.text]);
      await cluster.workers[0]!.start();
      expect((await get('/token', cookie)).text).toBe(others[0]!.text);
      expect(exchanges()).toHaveLength(2);
    });

    it('after Wristband has taken its refresh token, the others hear a verdict and do not wait for ever', async () => {
      const cookie = await expiredSession(cluster, emulator);
      const arrivals: number[] = [];
      // The answer comes to an end that is not there any more, and the new tokens are lost with it.
      const when = () => arrivals.push(performance.now()) === 1;
      emulator.fail('token', { kind: 'delay', ms: 1000, when });

      const { others } = await killHolder(cookie);

      expect(distinct(others.map(({ status }) => status))).toEqual([401]);
      const codes = distinct(others.map((answer) => json<{ code: string }>(answer).code));
      expect(codes).toContain('token_refresh_failed');
      expect(['token_refresh_failed', 'not_authenticated']).toEqual(expect.arrayContaining(codes));
      expect(Math.max(...others.map(({ took }) => took))).toBeLessThan(PATIENCE);
      // Nobody asks again before the lease of the dead process is over, and then one does.
      expect(exchanges()).toEqual([200, 400]);
      expect(arrivals[1]! - arrivals[0]!).toBeGreaterThan(3000);
      expect((await ask(cluster.origin, { path: '/me', cookie })).status).toBe(401);
      const newCookie = await sessionCookie(await signInTo(cluster, emulator), cluster);
      expect((await ask(cluster.origin, { path: '/me', cookie: newCookie })).status).toBe(200);
    });
  });

  describe.sequential('when Wristband does not answer', () => {
    it('all processes share one attempt, and the next one is that of the next request', async () => {
      const cookie = await expiredSession(cluster, emulator);
      emulator.fail('token', { kind: 'hang' });

      const answers = await storm(cluster.origin, 40, { path: '/token', cookie });

      expect(distinct(answers.map(({ worker }) => worker))).toHaveLength(4);
      expect(distinct(answers.map(({ status }) => status))).toEqual([503]);
      // The 5 s of the time-out, once.
      expect(Math.max(...answers.map(({ took }) => took))).toBeLessThan(PATIENCE);
      expect(exchanges()).toHaveLength(1);
      emulator.heal();
      const next = await storm(cluster.origin, 40, { path: '/token', cookie });
      expect(distinct(next.map(({ status }) => status))).toEqual([200]);
      expect(exchanges()).toHaveLength(2);
    });
  });

  // In a cookie the older token is simply the one of the older cookie.
  if (mode === 'shared-cookie') return;

  describe.sequential('an access token that was renewed without a new refresh token', () => {
    it('is not replaced by the one of an earlier renewal in another process', async () => {
      const cookie = await expiredSession(cluster, emulator);
      const tokenIn = async (index: number) =>
        json<{ accessToken: string }>(await get('/token', cookie, index)).accessToken;
      const answer = (token: string, seconds: number) => {
        emulator.heal();
        const body = { access_token: token, expires_in: seconds, token_type: 'Bearer' };
        emulator.fail('token', { kind: 'status', status: 200, body });
      };
      const set = (path: string, index: number) =>
        ask(cluster.origin, { method: 'POST', path, cookie, port: cluster.workers[index]!.port });
      answer('first', 100);
      expect(await tokenIn(0)).toBe('first');
      answer('second', 1000);
      await set('/set/expiresAt?json=1', 1);
      expect(await tokenIn(1)).toBe('second');

      await set('/set/key', 0);

      expect([await tokenIn(0), await tokenIn(1)]).toEqual(['second', 'second']);
      expect(exchanges()).toHaveLength(2);
    });
  });
});
