import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Milliseconds that a command may take to end after a signal. */
const GRACE = 5000;
const INTERVAL = 50;

const isWindows = process.platform === 'win32';

/** How a command ended. */
export interface CommandEnd {
  readonly exitCode: number;
  /** The signal that this process received and passed on. */
  readonly stoppedBy: NodeJS.Signals | undefined;
}

/**
 * Runs a command to its end, then ends what is left of the processes that it started. A signal that this process receives
 * goes to all of them, because npm passes on SIGINT only.
 *
 * @throws Error when there is no such command
 */
export async function runCommand(
  [file, ...args]: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
): Promise<CommandEnd> {
  const child = isWindows
    ? // npm is a script there, which only a shell runs.
      spawn([file, ...args].map(quoted).join(' '), { stdio: 'inherit', env, shell: true })
    : // A process group of its own, to which signals can be sent as a whole.
      spawn(file, args, { stdio: 'inherit', env, detached: true });
  let stoppedBy: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    // npx passes on a Ctrl-C that this process has received from the terminal already.
    if (stoppedBy === signal) return;
    stoppedBy = signal;
    if (!isWindows) send(child, signal);
    setTimeout(() => kill(child), GRACE).unref();
  };
  const onExit = (): void => kill(child);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.once('exit', onExit);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    await endGroup(child);
    return { exitCode: code ?? 128 + (signal ? constants.signals[signal] : 0), stoppedBy };
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw isMissing ? new Error(`There is no command ${file}.`, { cause }) : cause;
  } finally {
    process.off('exit', onExit);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

/** Ends what a command has left behind. */
async function endGroup(child: ChildProcess): Promise<void> {
  if (isWindows || !send(child, 'SIGTERM')) return;
  for (let waited = 0; waited < GRACE && isRunning(child); waited += INTERVAL) await wait(INTERVAL);
  kill(child);
}

/** Whether a process of the group still runs. In containers, processes that have ended may stay in the list of Linux. */
function isRunning(child: ChildProcess): boolean {
  if (!send(child, 0)) return false;
  if (process.platform !== 'linux') return true;
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && isRunningMember(name, String(child.pid)));
}

function isRunningMember(pid: string, group: string): boolean {
  try {
    // pid (name) state parent group …
    const [state, , processGroup] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .split(') ')
      .at(-1)!
      .split(' ');
    return processGroup === group && state !== 'Z' && state !== 'X';
  } catch {
    return false; // has ended meanwhile
  }
}

function kill(child: ChildProcess): void {
  if (isWindows) spawnSync('taskkill', ['/pid', String(child.pid), '/T', '/F']);
  else send(child, 'SIGKILL');
}

/** Whether a process of the group is there to receive it. */
function send({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  try {
    return pid !== undefined && process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/** For cmd.exe. */
function quoted(argument: string): string {
  return /^[\w./:=@\\-]+$/.test(argument) ? argument : `"${argument.replaceAll('"', '""')}"`;
}
