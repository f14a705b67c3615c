import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));

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
      execArgv: [],
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
