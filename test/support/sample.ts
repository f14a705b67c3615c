import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from './free-port.js';

export interface RunningSample {
  readonly port: number;
  readonly origin: string;
  /** What it printed so far. */
  output(): string;
  /** Presses Ctrl-C and answers the exit code. */
  pressCtrlC(): Promise<number | null>;
}

/** Runs an npm script of the repository as a person would, and waits until it answers. */
export async function npmStart(directory: string, env: NodeJS.ProcessEnv = {}): Promise<RunningSample> {
  const port = await freePort();
  const child = spawn('npm', ['start'], {
    cwd: directory,
    env: { ...process.env, NODE_ENV: '', PORT: String(port), ...env },
    // A process group of its own, so that Ctrl-C reaches all of it as in a terminal.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const exited = once(child, 'exit');
  const pressCtrlC = async () => {
    if (child.exitCode === null && child.pid) process.kill(-child.pid, 'SIGINT');
    await exited;
    return child.exitCode;
  };
  const deadline = Date.now() + 60_000;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await pressCtrlC();
      throw new Error(`npm start did not come up:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { port, origin: `http://localhost:${port}`, output: () => output, pressCtrlC };
}

/** Whether somebody serves HTTP on a port. */
export async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' });
    return true;
  } catch {
    return false;
  }
}
