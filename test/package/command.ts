import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly cwd: string;
  /** After so many seconds it is stopped. */
  readonly seconds: number;
  /** Added to this process's own. */
  readonly env?: NodeJS.ProcessEnv;
}

const LINES_OF_A_FAILURE = 40;

/**
 * Runs a command to its end and answers what it printed to stdout.
 *
 * @throws Error with the end of what it printed, when it fails or takes too long
 */
export async function run(
  command: string,
  args: readonly string[],
  { cwd, seconds, env }: CommandOptions,
): Promise<string> {
  // `npm run --silent` would be handed down to npm, and nobody would know what is wrong.
  const inherited = { ...process.env, npm_config_loglevel: 'error' };
  // A group of its own, so that what it started ends with it.
  const child = spawn(command, args, { cwd, env: { ...inherited, ...env }, detached: true });
  const kill = () => void (child.pid && child.exitCode === null && process.kill(-child.pid, 'SIGKILL'));
  process.once('exit', kill);
  child.stdin.end();
  let stdout = '';
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
    output += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => (output += chunk));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, seconds * 1000);
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  clearTimeout(timer);
  process.off('exit', kill);
  if (code === 0) return stdout;
  const problem = isLate ? `did not end within ${seconds} seconds` : 'failed';
  const end = output.trimEnd().split('\n').slice(-LINES_OF_A_FAILURE).join('\n');
  throw new Error(`[${command} ${args.join(' ')}] ${problem} in ${cwd}\n${end}`);
}
