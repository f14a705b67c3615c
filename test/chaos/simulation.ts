import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  startWristbandEmulator,
  type EmulatorJson,
  type WristbandEmulator,
} from '../../lib/testing/index.js';
import { type Cluster, startCluster } from '../cluster/cluster.js';
import { Client, Pace } from './client.js';
import { type DurableRedis, startDurableRedis } from './durable-redis.js';
import { Journal } from './journal.js';
import { Saboteur } from './saboteur.js';
import { TokenWatch } from './token-watch.js';
import type { Report } from './report.js';
import { ChaosUser } from './user.js';
import type { ChaosMode, World } from './world.js';

export interface ChaosOptions {
  readonly mode: ChaosMode;
  /** Of the plans of all users and of the saboteur; how long things take is up to the machine. */
  readonly seed: string;
  /** Milliseconds that users and saboteur work, without start and last look. */
  readonly ms: number;
  readonly users: number;
  /** How many requests may begin in a second. */
  readonly rate: number;
}

/** Seconds that access tokens live; the session takes half of it off. */
const TOKEN_LIFE = 10;
const PROCESSES = 4;

/** A world with its users, and the Redis that it has. */
export interface Stage {
  readonly world: World;
  readonly redis: DurableRedis;
  readonly users: readonly ChaosUser[];
  close(): Promise<void>;
}

export interface StageOptions extends Pick<ChaosOptions, 'mode' | 'seed' | 'users' | 'rate'> {
  readonly processes: number;
  /** Seconds that access tokens live; the session takes half of it off. */
  readonly tokenLife: number;
}

/** Lets many users work with a cluster while parts of it break, and reports what each of them missed. */
export async function runChaos(options: ChaosOptions): Promise<Report> {
  const stage = await startStage({ ...options, processes: PROCESSES, tokenLife: TOKEN_LIFE });
  try {
    return await simulate(options, stage);
  } finally {
    await stage.close();
  }
}

/** Starts Wristband, Redis and the processes of an application. */
export async function startStage(options: StageOptions): Promise<Stage> {
  const { mode, seed, users: count, processes, tokenLife } = options;
  const accounts = Array.from({ length: count }, (_, index) => ({
    id: `user-${index}`,
    email: `user-${index}@example.com`,
    password: 'password',
    tenant: index % 2 ? 'acme' : 'globex',
  }));
  const parts: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const part of parts) await part.close();
  };
  const started = async <T extends { close(): Promise<void> }>(part: Promise<T>): Promise<T> => {
    const one = await part;
    parts.unshift(one);
    return one;
  };
  try {
    const emulator = await started(startWristbandEmulator({ users: accounts, accessTokenTtl: tokenLife }));
    const redis = await started(startDurableRedis());
    const session = { touchAfter: 5 };
    const settings = { emulator, mode, session, processes, redisUrl: redis.url, keepAlive: true };
    const world = worldOf(options, emulator, await started(startCluster(settings)));
    return { world, redis, users: accounts.map((account) => new ChaosUser(account, world, seed)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function worldOf({ mode, rate }: StageOptions, emulator: WristbandEmulator, cluster: Cluster): World {
  const { origin } = cluster;
  emulator.setApplication({
    loginUrl: `${origin}/api/auth/login`,
    redirectUris: [`${origin}/api/auth/callback`],
  });
  const journal = new Journal();
  const watch = new TokenWatch(journal);
  const tokenAnswer = (answer: EmulatorJson) => {
    watch.answered(answer);
    return answer;
  };
  emulator.tamper({ tokenAnswer });
  const client = new Client(origin, new Pace(rate), () => journal.now());
  return { mode, cluster, emulator, client, journal, watch };
}

async function simulate(options: ChaosOptions, { world, redis, users }: Stage): Promise<Report> {
  const { mode, seed, ms, users: count } = options;
  const title = `Chaos: mode ${mode}, seed ${seed}, ${count} users, ${ms / 1000} s of trouble`;
  const lag = monitorEventLoopDelay();
  lag.enable();
  const saboteur = new Saboteur(world, redis, seed);
  await Promise.all([saboteur.work(ms), ...users.map((user) => user.live(ms))]);
  await Promise.all(users.map((user) => user.settle()));
  lag.disable();
  return { title, journal: world.journal, longestLag: lag.max / 1e6 };
}
