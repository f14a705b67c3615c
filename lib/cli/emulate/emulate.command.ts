import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { parseEnv } from 'node:util';
import type { WristbandEmulator } from '../../testing/emulator/wristband-emulator.interface.js';
import { startWristbandEmulator } from '../../testing/emulator/wristband.emulator.js';
import type { Terminal } from '../terminal.js';
import { isListening, whenAnswering } from './when-answering.js';

const USUAL_PORT = 4000;

/** What `emulate` can be told. */
export interface EmulateOptions {
  /** The port of the emulator. Default 4000, or any free one when that is taken. */
  readonly port?: number | undefined;
  /** Where the application has its endpoints. Default `/api/auth` on `http://localhost`, on the port that PORT names or 3000. */
  readonly url?: string | undefined;
}

/**
 * Runs a command with an embedded Wristband beside it, and tells it of that by environment variables.
 *
 * @returns the exit code of the command
 */
export async function emulate(
  command: readonly [string, ...string[]],
  options: EmulateOptions,
  terminal: Terminal,
): Promise<number> {
  const port = applicationPort();
  const url = options.url ?? `http://localhost:${port}/api/auth`;
  if (await isListening(new URL(url))) {
    throw new Error(
      `Something runs on ${new URL(url).host} already. PORT gives the application another port.`,
    );
  }
  const application = { loginUrl: `${url}/login`, redirectUris: [`${url}/callback`] };
  const emulator = await start(options.port, application);
  const ended = new AbortController();
  try {
    const exitCode = run(command, {
      ...process.env,
      PORT: port,
      CLIENT_ID: emulator.clientId,
      CLIENT_SECRET: emulator.clientSecret,
      APPLICATION_VANITY_DOMAIN: emulator.vanityDomain,
      // The sessions of the last run have lost their emulator.
      SESSION_SECRET: randomBytes(32).toString('base64'),
    });
    terminal.write(`\nA Wristband runs on ${emulator.origin}\n\n`);
    // Before that, compilers in watch mode clear the screen.
    void whenAnswering(new URL(url), ended.signal).then(
      () => ended.signal.aborted || terminal.write(banner(emulator, application.loginUrl)),
    );
    return await exitCode;
  } finally {
    ended.abort();
    await emulator.close();
  }
}

/** Where the application will listen. It is told as well, so that both mean the same. */
function applicationPort(): string {
  const inFile = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {};
  const port = process.env.PORT || inFile.PORT || '3000';
  if (URL.canParse(`http://localhost:${port}`)) return port;
  throw new Error(`PORT must be a number from 1 to 65535, not ${port}.`);
}

async function start(
  port: number | undefined,
  application: { loginUrl: string; redirectUris: string[] },
): Promise<WristbandEmulator> {
  try {
    return await startWristbandEmulator({ port: port ?? USUAL_PORT, application });
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!isTaken) throw error;
    if (port !== undefined) throw new Error(`Port ${port} is in use.`, { cause: error });
    return startWristbandEmulator({ application });
  }
}

function banner({ origin, users }: WristbandEmulator, loginUrl: string): string {
  const rows = [
    ['E-mail', 'Password', 'Tenant'],
    ...users.map(({ email, password, tenant }) => [email, password, tenant]),
  ];
  const widthOf = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + 2;
  const lines = [
    `Wristband  ${origin} (an emulator: nothing leaves this machine)`,
    `Sign in    ${loginUrl}`,
    '',
    ...rows.map((row) =>
      row
        .map((text, column) => text.padEnd(widthOf(column)))
        .join('')
        .trimEnd(),
    ),
  ];
  return `\n${lines.map((line) => (line ? `  ${line}` : '')).join('\n')}\n\n`;
}

function run([file, ...args]: readonly [string, ...string[]], env: NodeJS.ProcessEnv): Promise<number> {
  // On Windows npm is a script, which only a shell runs.
  const child = spawn(file, args, { stdio: 'inherit', env, shell: process.platform === 'win32' });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  // A terminal gives its Ctrl-C to the command as well.
  process.on('SIGINT', process.stdin.isTTY ? () => undefined : pass);
  process.on('SIGTERM', pass).on('SIGHUP', pass);
  return new Promise((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) =>
      reject(cause.code === 'ENOENT' ? new Error(`There is no command ${file}.`, { cause }) : cause),
    );
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}
