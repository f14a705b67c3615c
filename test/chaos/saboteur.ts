import { setTimeout as delay } from 'node:timers/promises';
import type { EmulatorEndpoint, EmulatorFault } from '../../lib/testing/index.js';
import type { DurableRedis } from './durable-redis.js';
import { Random } from './random.js';
import type { World } from './world.js';

/** Processes that run at any time. */
const SURVIVORS = 2;
/** How often what is broken. */
const MISCHIEF = { kill: 4, killInExchange: 4, pauseRedis: 4, restartRedis: 2, wristband: 6 } as const;
const ENDPOINTS = { token: 6, userinfo: 2, revoke: 1, jwks: 1 } as const;
/** None of them does the work and loses the answer: that ends a sign-in, whoever asked. */
const WRISTBAND = {
  'answers 500': { kind: 'status', status: 500 },
  'answers 503': { kind: 'status', status: 503, headers: { 'retry-after': '1' } },
  'answers 429': { kind: 'status', status: 429 },
  hangs: { kind: 'hang' },
  resets: { kind: 'reset' },
  stalls: { kind: 'stall' },
  'answers nonsense': { kind: 'garbage' },
  'is slow': { kind: 'delay', ms: 800 },
  'is very slow': { kind: 'delay', ms: 2500 },
} satisfies Record<string, EmulatorFault>;

type Mischief = keyof typeof MISCHIEF;

/** Breaks one thing after the other, and several at the same time. */
export class Saboteur {
  /** Of the plan. Each thing that is done has a row of its own, so that the plan is the same however long it takes. */
  readonly #random: Random;
  #begun = 0;
  #until = Infinity;
  readonly #ongoing = new Set<Promise<void>>();
  readonly #busy = new Set<Mischief>();

  constructor(
    private readonly world: World,
    private readonly redis: DurableRedis,
    private readonly seed: string,
    /** What may break, and how often what. */
    private readonly mischief: Readonly<Partial<Record<Mischief, number>>> = MISCHIEF,
  ) {
    this.#random = new Random(`${seed} saboteur`);
    this.#watchTokens();
  }

  /** @param until milliseconds since the run began; when this resolves everything is well again */
  async work(until: number): Promise<void> {
    this.#until = until;
    while (this.world.journal.now() < until) {
      await delay(this.#random.between(300, 2500));
      this.#begin(this.#random.weighted<Mischief>(this.mischief));
    }
    await Promise.all(this.#ongoing);
  }

  /** Of each kind one at a time; both that stop Redis count as one. */
  #begin(mischief: Mischief): void {
    const kind = mischief === 'restartRedis' ? 'pauseRedis' : mischief;
    const random = new Random(`${this.seed} ${mischief} ${(this.#begun += 1)}`);
    if (this.#busy.has(kind)) return;
    this.#busy.add(kind);
    const steps: Record<Mischief, () => Promise<void>> = {
      kill: () => this.#kill(random.pick(this.#running()).name, random),
      killInExchange: () => this.#killInExchange(random),
      pauseRedis: () => this.#pauseRedis(random),
      restartRedis: () => this.#restartRedis(random),
      wristband: () => this.#breakWristband(random),
    };
    const done = steps[mischief]()
      .catch((error: unknown) => {
        const text = error instanceof Error ? error.message : 'unknown';
        this.world.journal.violation('the simulation failed', 'saboteur', `${mischief}: ${text}`);
      })
      .finally(() => {
        this.#busy.delete(kind);
        this.#ongoing.delete(done);
      });
    this.#ongoing.add(done);
  }

  async #kill(name: string, random: Random): Promise<void> {
    const { cluster, watch, journal } = this.world;
    const worker = cluster.worker(name);
    if (!worker.isRunning || this.#running().length <= SURVIVORS) return;
    journal.fault('process killed', name);
    watch.killed(worker);
    const pause = this.#atMost(random.between(200, 3000));
    await worker.kill();
    await delay(pause);
    await worker.start();
  }

  /** At the moment at which it hurts most, or a little later. */
  async #killInExchange(random: Random): Promise<void> {
    const { watch } = this.world;
    const lag = random.pick([0, 5, 20, 100, 400]);
    const name = await new Promise<string | undefined>((resolve) => {
      watch.onExchange = resolve;
      void delay(3000).then(() => resolve(undefined));
    });
    watch.onExchange = () => undefined;
    await delay(lag);
    if (name !== undefined) await this.#kill(name, random);
  }

  async #pauseRedis(random: Random): Promise<void> {
    const ms = this.#atMost(random.pick([100, 600, 1200, 2500, 4000]));
    const isOver = this.world.watch.storeTrouble();
    this.world.journal.fault('Redis paused', `for ${ms} ms`);
    this.redis.pause();
    await delay(ms).finally(() => this.redis.resume());
    isOver();
  }

  async #restartRedis(random: Random): Promise<void> {
    const isOver = this.world.watch.storeTrouble();
    this.world.journal.fault('Redis killed and started again');
    const pause = random.between(0, 1500);
    await this.redis.stop();
    await delay(pause);
    await this.redis.start();
    isOver();
  }

  async #breakWristband(random: Random): Promise<void> {
    const { emulator, journal } = this.world;
    const endpoint = random.weighted(ENDPOINTS);
    const [name, fault] = random.pick(Object.entries(WRISTBAND));
    const part = random.pick([0.2, 1]);
    const ms = this.#atMost(random.between(800, 6000));
    journal.fault(`Wristband: ${name}`, `at ${endpoint} for ${Math.round(ms)} ms`);
    this.#watchTokens(endpoint);
    emulator.fail(endpoint, { ...fault, when: () => random.chance(part) });
    await delay(ms);
    this.#watchTokens(endpoint);
  }

  /** Nothing is broken for longer than the work goes on. */
  #atMost(ms: number): number {
    return Math.max(Math.min(ms, this.#until - this.world.journal.now()), 100);
  }

  /** Forgets the faults of an endpoint, and sees its calls before those that come next do. */
  #watchTokens(endpoint: EmulatorEndpoint = 'token'): void {
    const { emulator, watch } = this.world;
    emulator.heal(endpoint);
    if (endpoint !== 'token') return;
    const look: EmulatorFault['when'] = (call) => {
      watch.called(call);
      return false;
    };
    emulator.fail('token', { kind: 'hang', when: look });
  }

  #running() {
    return this.world.cluster.workers.filter(({ isRunning }) => isRunning);
  }
}
