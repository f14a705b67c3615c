import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { type Cluster, startCluster } from '../cluster/cluster.js';
import { ask, askAll, distinct, pairOf, storm } from '../cluster/crowd.js';
import { expiry, sessionCookie, signInTo, withShortTokens } from '../cluster/sign-ins.js';
import type { Browser } from '../support/browser.js';
import { type RedisServer, startRedis } from '../support/redis.js';

const CLUSTERS = {
  'in the store, 2 processes': { mode: 'store', processes: 2 },
  'in the store, 4 processes': { mode: 'store', processes: 4 },
  'in shared cookies, 2 processes': { mode: 'shared-cookie', processes: 2 },
  'in shared cookies, 4 processes': { mode: 'shared-cookie', processes: 4 },
  'in a cookie, 1 process': { mode: 'cookie', processes: 1 },
  'refreshed by each request, 2 processes': { mode: 'uncoordinated', processes: 2 },
} as const;
type ClusterName = keyof typeof CLUSTERS;

interface Storm {
  readonly sessions: ClusterName;
  readonly requests: number;
  /** Milliseconds that the token endpoint takes. */
  readonly latency: number;
}
const STORMS: readonly Storm[] = [
  // Nearly the 5 s after which an answer is given up: others must not take the process for dead.
  { sessions: 'in the store, 4 processes', requests: 1000, latency: 4500 },
  { sessions: 'in the store, 4 processes', requests: 50, latency: 0 },
  { sessions: 'in the store, 4 processes', requests: 1000, latency: 0 },
  { sessions: 'in the store, 2 processes', requests: 1000, latency: 500 },
  { sessions: 'in shared cookies, 4 processes', requests: 50, latency: 0 },
  { sessions: 'in shared cookies, 4 processes', requests: 1000, latency: 500 },
  { sessions: 'in shared cookies, 2 processes', requests: 1000, latency: 0 },
  { sessions: 'in a cookie, 1 process', requests: 50, latency: 0 },
  { sessions: 'in a cookie, 1 process', requests: 1000, latency: 500 },
];

let emulator: WristbandEmulator;
let redis: RedisServer;
const clusters = new Map<ClusterName, Cluster>();
beforeAll(async () => {
  [emulator, redis] = await Promise.all([startWristbandEmulator(), startRedis()]);
  await Promise.all(
    Object.entries(CLUSTERS).map(async ([name, settings]) => {
      const cluster = await startCluster({ emulator, redisUrl: redis.url, ...settings });
      clusters.set(name as ClusterName, cluster);
    }),
  );
});
afterAll(async () => {
  await Promise.all([...clusters.values()].map((cluster) => cluster.close()));
  await emulator.close();
  await redis.stop();
});
afterEach(() => emulator.heal());

const originOf = (name: ClusterName) => clusters.get(name)!.origin;

describe('an access token that has expired is renewed once', () => {
  const oldCookies: string[] = [];
  const survivors: {
    readonly sessions: ClusterName;
    readonly oldCookie: string;
    readonly newCookie: string;
    readonly token: string;
  }[] = [];

  beforeAll(async () => {
    await withShortTokens(emulator, async () => {
      for (const { sessions } of STORMS) {
        const cluster = clusters.get(sessions)!;
        oldCookies.push(await sessionCookie(await signInTo(cluster, emulator), cluster));
      }
    });
    await expiry();
  });

  it.each(STORMS)('for $requests requests, $sessions, Wristband takes $latency ms', async (row) => {
    const { sessions, requests, latency } = row;
    const oldCookie = oldCookies[STORMS.indexOf(row)]!;
    emulator.clearCalls();
    if (latency > 0) emulator.fail('token', { kind: 'delay', ms: latency });

    const answers = await storm(originOf(sessions), requests, { path: '/token', cookie: oldCookie });

    expect(distinct(answers.map(({ status }) => status))).toEqual([200]);
    expect(distinct(answers.map(({ worker }) => worker))).toHaveLength(CLUSTERS[sessions].processes);
    expect(emulator.callsTo('token').map(({ status }) => status)).toEqual([200]);
    const [token, ...others] = distinct(answers.map(({ text }) => text));
    expect(others).toEqual([]);
    // Whichever response was the last that a browser got: its cookie leads to the same tokens.
    const cookies = distinct([oldCookie, ...answers.flatMap(({ setCookies }) => setCookies.map(pairOf))]);
    const questions = cookies.map((cookie) => ({ path: '/token', cookie }));
    const read = await askAll(originOf(sessions), questions);
    expect(distinct(read.map(({ text }) => text))).toEqual([token]);
    expect(emulator.callsTo('token')).toHaveLength(1);
    survivors.push({ sessions, oldCookie, newCookie: cookies.at(-1)!, token: token! });
  });

  // Up to 45 shows more: a process remembers the result of an exchange for a minute, and the first storms are over by now.
  const seconds = Number(process.env.STORM_LATE_SECONDS ?? 3);
  it(
    `also for requests that come with the old cookie in the ${seconds} s after it`,
    { timeout: (seconds + 30) * 1000 },
    async () => {
      emulator.clearCalls();
      for (let round = 0; round <= 5; round += 1) {
        if (round > 0) await delay((seconds * 1000) / 5);
        for (const { sessions, oldCookie, token } of survivors) {
          const late = await ask(originOf(sessions), { path: '/token', cookie: oldCookie });
          expect(late).toMatchObject({ status: 200, text: token });
        }
      }
      expect(emulator.callsTo('token')).toEqual([]);
    },
  );

  it('and once more when the next one has expired: no sign-in has ended', async () => {
    expect(survivors).toHaveLength(STORMS.length);
    for (const { sessions, newCookie, token } of survivors) {
      emulator.clearCalls();
      const path = '/set/expiresAt?json=1';
      const changed = await ask(originOf(sessions), { method: 'POST', path, cookie: newCookie });
      const cookie = pairOf(changed.setCookies[0]!);

      const next = await ask(originOf(sessions), { path: '/token', cookie });

      expect(next.status).toBe(200);
      expect(next.text).not.toBe(token);
      expect(emulator.callsTo('token').map(({ status }) => status)).toEqual([200]);
    }
  });
});

// So that it can be seen what such requests do to sessions that nobody looks after: the tests above can fail.
it('of 8 users whose pages send 10 requests each, those are signed out whose sessions each request refreshes', async () => {
  const compared = [
    'refreshed by each request, 2 processes',
    'in the store, 4 processes',
    'in shared cookies, 4 processes',
  ] as const;
  const signedOut = await withShortTokens(emulator, async () => {
    const users: { readonly sessions: ClusterName; readonly browser: Browser }[] = [];
    for (const sessions of compared) {
      for (let count = 0; count < 8; count += 1)
        users.push({ sessions, browser: await signInTo(clusters.get(sessions)!, emulator) });
    }
    const open = ({ sessions, browser }: (typeof users)[number]) => browser.get(`${originOf(sessions)}/me`);
    await expiry();
    await Promise.all(users.flatMap((user) => Array.from({ length: 10 }, () => open(user))));
    // What a browser is left with shows when its tokens have expired once more.
    await expiry();
    const answers = await Promise.all(users.map(open));
    return users.filter((_, index) => answers[index]!.status === 401).map(({ sessions }) => sessions);
  });

  console.log(`Signed out: ${signedOut.length} of 24 users`);
  expect(distinct(signedOut)).toEqual([compared[0]]);
});
