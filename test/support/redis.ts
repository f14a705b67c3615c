import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.js';
import { programOf } from './system-packages.js';

/** A real Redis on a free port, that keeps nothing on disk. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** It takes connections but answers nobody, as behind a broken network. */
  pause(): void;
  resume(): void;
  /** Ends it at once; connections break. */
  stop(): Promise<void>;
  /** Starts it again after {@link stop}, on the same port, with nothing in it. */
  start(): Promise<void>;
}

export async function startRedis(...options: readonly string[]): Promise<RedisServer> {
  const port = await freePort();
  let running = await launch(port, options);
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    pause: () => void running.kill('SIGSTOP'),
    resume: () => void running.kill('SIGCONT'),
    stop: () => end(running),
    start: async () => {
      running = await launch(port, options);
    },
  };
}

async function launch(port: number, options: readonly string[]): Promise<ChildProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'redis-'));
  const settings = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', directory];
  const child = spawn(
    programOf('redis-server'),
    [...settings, '--save', '', '--appendonly', 'no', ...options],
    {
      stdio: 'ignore',
    },
  );
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => {
    process.off('exit', kill);
    rmSync(directory, { recursive: true, force: true });
  });
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await accepts(port)) return child;
    if (child.exitCode !== null) break;
    await delay(50);
  }
  kill();
  throw new Error(`redis-server did not start on port ${port}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
