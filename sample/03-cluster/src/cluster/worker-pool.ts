import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const WORKER = join(import.meta.dirname, '../app/worker.js');
/** Milliseconds; a process that cannot start must not keep the machine busy. */
const PAUSE_BEFORE_RESTART = 500;

/** Keeps a number of processes of the application running. */
export class WorkerPool {
  readonly #children = new Map<number, ChildProcess>();
  /** Of those that take requests. */
  readonly #ports = new Map<number, number>();
  #lives: Promise<void>[] = [];
  #isStopping = false;

  constructor(
    private readonly size: number,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Resolves when all of them take requests. */
  async start(): Promise<void> {
    this.#lives = Array.from({ length: this.size }, (_, index) => this.#keepAlive(index + 1));
    while (this.#ports.size < this.size) await delay(50);
  }

  /** The ports of those that take requests. Waits while there is none. */
  async ports(): Promise<readonly number[]> {
    while (this.#ports.size === 0) await delay(50);
    return [...this.#ports.values()];
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const child of this.#children.values()) child.kill();
    await Promise.all(this.#lives);
  }

  /** Starts one process, and starts it again whenever it dies. */
  async #keepAlive(number: number): Promise<void> {
    while (!this.#isStopping) {
      const child = this.#fork(number);
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      this.#ports.delete(number);
      if (this.#isStopping) return;
      log(
        `Process ${number} (pid ${child.pid}) died of ${signal ?? `exit code ${code}`}: it is started again.`,
      );
      await delay(PAUSE_BEFORE_RESTART);
    }
  }

  #fork(number: number): ChildProcess {
    const env = { ...process.env, ...this.env, WORKER: String(number) };
    // Detached: Ctrl-C is for this process alone, which stops the others in the right order.
    const child = fork(WORKER, { env, detached: true });
    this.#children.set(number, child);
    child.once('message', ({ port }: { port: number }) => {
      this.#ports.set(number, port);
      log(`Process ${number} (pid ${child.pid}) takes requests.`);
    });
    return child;
  }
}

function log(line: string): void {
  process.stdout.write(`  ${line}\n`);
}
