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

export interface ChaosReport {
  readonly options: ChaosOptions;
  readonly journal: Journal;
  /** The longest that this process was kept from its work, in milliseconds. */
  readonly longestLag: number;
}

/** Seconds that access tokens live; the session takes half of it off. */
const TOKEN_LIFE = 10;
const PROCESSES = 4;

/** Lets many users work with a cluster while parts of it break, and reports what each of them missed. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { mode, users: count } = options;
  const accounts = Array.from({ length: count }, (_, index) => ({
    id: `user-${index}`,
    email: `user-${index}@example.com`,
    password: 'password',
    tenant: index % 2 ? 'acme' : 'globex',
  }));
  const parts: { close(): Promise<void> }[] = [];
  const started = async <T extends { close(): Promise<void> }>(part: Promise<T>): Promise<T> => {
    const one = await part;
    parts.unshift(one);
    return one;
  };
  try {
    const emulator = await started(startWristbandEmulator({ users: accounts, accessTokenTtl: TOKEN_LIFE }));
    const redis = await started(startDurableRedis());
    const session = { touchAfter: 5 };
    const settings = { emulator, mode, session, processes: PROCESSES, redisUrl: redis.url, keepAlive: true };
    const cluster = await started(startCluster(settings));
    return await simulate(options, worldOf(options, emulator, cluster), redis, accounts);
  } finally {
    for (const part of parts) await part.close();
  }
}

function worldOf({ mode, rate }: ChaosOptions, emulator: WristbandEmulator, cluster: Cluster): World {
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

async function simulate(
  options: ChaosOptions,
  world: World,
  redis: DurableRedis,
  accounts: readonly ConstructorParameters<typeof ChaosUser>[0][],
): Promise<ChaosReport> {
  const { seed, ms } = options;
  const { journal } = world;
  const lag = monitorEventLoopDelay();
  lag.enable();
  const users = accounts.map((account) => new ChaosUser(account, world, seed));
  const saboteur = new Saboteur(world, redis, seed);
  await Promise.all([saboteur.work(ms), ...users.map((user) => user.live(ms))]);
  await Promise.all(users.map((user) => user.settle()));
  lag.disable();
  return { options, journal, longestLag: lag.max / 1e6 };
}
