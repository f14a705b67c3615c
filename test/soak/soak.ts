import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../chaos/random.js';
import type { Report } from '../chaos/report.js';
import { Saboteur } from '../chaos/saboteur.js';
import { type Stage, startStage } from '../chaos/simulation.js';
import { CLUSTER_SECRET } from '../cluster/cluster.js';
import type { Gauge } from '../cluster/worker-process.js';
import { PasserBy } from './passer-by.js';

const MODES = ['shared-cookie', 'store'] as const;

export interface SoakOptions {
  readonly seed: string;
  readonly ms: number;
  /** Of each mode. */
  readonly users: number;
  /** How many requests may begin in a second, of each mode. */
  readonly rate: number;
  /** How often a release with another secret is rolled out, and half as often Wristband's signing keys change. */
  readonly releases: number;
}

export interface SoakReport extends Report {
  readonly gauges: readonly Gauge[];
}

const PASSERS_BY = 4;
const GAUGES = 30;
/** Of 30 minutes in an hour. */
const TOKEN_LIFE = 0.1;

/** Lets an application work for long in each mode at the same time, while secrets and keys are rotated and Wristband fails. */
export async function runSoak(options: SoakOptions): Promise<SoakReport[]> {
  const runs = await Promise.allSettled(MODES.map((mode) => soak(mode, options)));
  return runs.map((run) => {
    if (run.status === 'rejected') throw run.reason;
    return run.value;
  });
}

async function soak(mode: (typeof MODES)[number], options: SoakOptions): Promise<SoakReport> {
  const { seed, ms } = options;
  const tokenLife = Math.max(Math.round((ms / 1000) * TOKEN_LIFE), 4);
  const title = `Soak: mode ${mode}, seed ${seed}, ${options.users} users`;
  const lag = monitorEventLoopDelay();
  lag.enable();
  const stage = await startStage({ ...options, mode, processes: 1, tokenLife });
  try {
    const { world, redis, users } = stage;
    let keysChangedAt = -Infinity;
    const saboteur = new Saboteur(world, redis, seed, { wristband: 1 });
    const passersBy = Array.from(
      { length: PASSERS_BY },
      (_, index) => new PasserBy(world, new Random(`${seed} passer-by ${index}`), () => keysChangedAt),
    );
    const gauges: Gauge[] = [];
    await Promise.all([
      ...[...users, ...passersBy].map((one) => one.live(ms)),
      saboteur.work(ms),
      rotateSecrets(stage, options),
      rotateKeys(stage, options, () => (keysChangedAt = world.journal.now())),
      measure(stage, ms, gauges),
    ]);
    await Promise.all(users.map((user) => user.settle()));
    return { title, journal: world.journal, longestLag: lag.max / 1e6, gauges };
  } finally {
    await stage.close();
  }
}

/** As with the releases of an application: the newest secret seals, those before it still open. */
async function rotateSecrets({ world }: Stage, { ms, releases }: SoakOptions): Promise<void> {
  const secrets = [CLUSTER_SECRET];
  for (let release = 1; release < releases; release += 1) {
    await delay(ms / releases);
    secrets.unshift(`the-session-secret-of-release-${release}-of-the-soak`);
    for (const worker of world.cluster.workers) await worker.replace(secrets);
    world.journal.fault('secrets rotated in a new release');
  }
}

async function rotateKeys({ world }: Stage, options: SoakOptions, onChange: () => void): Promise<void> {
  const rotations = options.releases / 2;
  for (let rotation = 1; rotation < rotations; rotation += 1) {
    await delay(options.ms / rotations);
    await world.emulator.rotateKeys();
    onChange();
    world.journal.fault('signing keys of Wristband rotated');
  }
}

async function measure({ world }: Stage, ms: number, gauges: Gauge[]): Promise<void> {
  const [worker] = world.cluster.workers;
  for (let count = 0; worker && count < GAUGES; count += 1) {
    await delay(ms / GAUGES);
    gauges.push(await worker.gauge());
    // A log of every call in an emulator that runs for long is not what is measured, but it is memory.
    world.emulator.clearCalls();
  }
}
