import type { SessionOptions } from '../../lib/index.js';
import type { WristbandEmulator } from '../../lib/testing/index.js';
import { startProxy } from './proxy.js';
import { WorkerProcess } from './worker-process.js';

/** That sessions are sealed with until the processes are told another one. */
export const CLUSTER_SECRET = 'a-session-secret-for-clusters-of-32-or-more';

export interface ClusterSettings {
  readonly emulator: WristbandEmulator;
  readonly processes: number;
  /** `shared-cookie` has a store for coordination only. `uncoordinated` is not ours: see uncoordinated.mjs. */
  readonly mode: 'cookie' | 'shared-cookie' | 'store' | 'uncoordinated';
  /** Needed with `store` and `shared-cookie`. */
  readonly redisUrl?: string;
  /** What all keys in Redis begin with. */
  readonly prefix?: string;
  /** Whether the proxy keeps its connections to the processes. */
  readonly keepAlive?: boolean;
  /** Further options of sessions. */
  readonly session?: Partial<SessionOptions>;
}

/** An application that runs in several processes, behind a proxy that gives each request to the next one. */
export interface Cluster {
  /** Of the proxy: where browsers go. */
  readonly origin: string;
  readonly workers: readonly WorkerProcess[];
  /** The process that an `x-worker` header names. */
  worker(name: string | undefined): WorkerProcess;
  close(): Promise<void>;
}

/** Starts all processes and the proxy. */
export async function startCluster(settings: ClusterSettings): Promise<Cluster> {
  const { processes, keepAlive = false } = settings;
  const workers: WorkerProcess[] = [];
  // First, since its address is where Wristband sends people back to.
  const proxy = await startProxy(() => workers.filter(({ isRunning }) => isRunning), { keepAlive });
  const origin = `http://localhost:${proxy.port}`;
  const env = environmentOf(settings, origin);
  for (let index = 0; index < processes; index += 1) workers.push(new WorkerProcess(`worker-${index}`, env));
  const close = async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    await proxy.close();
  };
  try {
    await Promise.all(workers.map((worker) => worker.start()));
  } catch (error) {
    await close();
    throw error;
  }
  const worker = (name: string | undefined) => {
    const found = workers.find((one) => one.name === name);
    if (!found) throw new Error(`There is no process ${name}`);
    return found;
  };
  return { origin, workers, worker, close };
}

function environmentOf(settings: ClusterSettings, origin: string): Record<string, string> {
  const { emulator, mode, redisUrl = '', prefix = 'wristband:', session = {} } = settings;
  return {
    CLUSTER_MODE: mode,
    CLIENT_ID: emulator.clientId,
    CLIENT_SECRET: emulator.clientSecret,
    APPLICATION_VANITY_DOMAIN: emulator.vanityDomain,
    LOGIN_URL: `${origin}/api/auth/login`,
    REDIRECT_URI: `${origin}/api/auth/callback`,
    SESSION_SECRET: CLUSTER_SECRET,
    REDIS_URL: redisUrl,
    REDIS_PREFIX: prefix,
    SESSION_OPTIONS: JSON.stringify(session),
  };
}
