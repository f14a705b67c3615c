import { type ChildProcess, fork } from 'node:child_process';
import { on, once } from 'node:events';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));

/** What a process says of itself: bytes, and milliseconds by which timers were late. */
export interface Gauge {
  readonly heap: number;
  readonly resident: number;
  readonly handles: number;
  /** Of half of the timers. */
  readonly middle: number;
  /** Of one in a hundred. */
  readonly long: number;
}

/** One process of a cluster, which can be killed and started again. */
export class WorkerProcess {
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(
    readonly name: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /** Another one after every start. */
  get port(): number {
    return this.#port;
  }

  /** Another one after every start, too. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Resolves when it takes requests. */
  async start(): Promise<void> {
    const child = fork(WORKER, {
      env: { ...process.env, ...this.env, WORKER_NAME: this.name },
      execArgv: ['--expose-gc'],
    });
    const failed = once(child, 'exit').then(([code]: unknown[]) => {
      throw new Error(`The process ${this.name} ended with ${String(code)} before it listened`);
    });
    const [message] = (await Promise.race([once(child, 'message'), failed])) as [{ port: number }];
    failed.catch(() => undefined);
    this.#port = message.port;
    this.#child = child;
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
  }

  /** The next release of the application takes over, in the same process, with these secrets. */
  async replace(secrets: readonly string[]): Promise<void> {
    this.#port = (await this.#order<{ port: number }>('replace', { secrets })).port;
  }

  /** How large it is after a collection of garbage, and how late its event loop was since the last time. */
  gauge(): Promise<Gauge> {
    return this.#order<Gauge>('gauge');
  }

  async #order<T>(order: string, details: object = {}): Promise<T> {
    const child = this.#child;
    if (!child) throw new Error(`The process ${this.name} does not run`);
    child.send({ order, ...details });
    for await (const [answer] of on(child, 'message', { signal: AbortSignal.timeout(30_000) })) {
      if ((answer as { order?: string }).order === order) return answer as T;
    }
    throw new Error(`The process ${this.name} did not ${order}`);
  }

  /** As when the machine fails: nothing is finished, nothing given back. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
}
