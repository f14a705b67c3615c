import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { expect, onTestFinished } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;

/** A running `nestjs-wristband emulate`. */
export interface Emulation {
  readonly process: ChildProcess;
  /** What it and its command printed so far. */
  output(): string;
  /** Waits until that contains a text. */
  printed(text: string | RegExp): Promise<void>;
  stop(): Promise<void>;
  /** Waits for its end, and returns the exit code. */
  ended(): Promise<number | null>;
}

/** Runs the command line of this package in a folder, until the end of the test. */
export function emulate(...args: Parameters<typeof startEmulate>): Emulation {
  const emulation = startEmulate(...args);
  onTestFinished(() => emulation.stop());
  return emulation;
}

/** Runs it until it is stopped. */
export function startEmulate(
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Emulation {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [`${root}dist/cli/main.js`, 'emulate', ...args], {
    cwd: folder,
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  }
  const closed = once(child, 'close');
  const output = () => stripVTControlCharacters(text);
  return {
    process: child,
    output,
    printed: async (part) => {
      await expect.poll(output, { timeout: 60_000, interval: 20 }).toMatch(part);
    },
    stop: async () => {
      child.kill('SIGTERM');
      await closed;
    },
    ended: async () => {
      await closed;
      return child.exitCode;
    },
  };
}
