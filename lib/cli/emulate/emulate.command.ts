import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { WristbandEmulator } from '../../testing/emulator/wristband-emulator.interface.js';
import { startWristbandEmulator } from '../../testing/emulator/wristband.emulator.js';
import type { Terminal } from '../terminal.js';
import { isListening, type Reached, whenUp } from './application-probe.js';
import { type CommandEnd, runCommand } from './command-process.js';

const USUAL_PORT = 4000;
const USUAL_APPLICATION_PORT = '3000';
/** Milliseconds without a response after which a hint is printed. */
const PATIENCE = 10_000;

/** Options of `emulate`. */
export interface EmulateOptions {
  /** The port of the emulator. Default 4000, or any free one when that is taken. */
  readonly port?: number | undefined;
  /**
   * Where browsers reach the endpoints of the application. Default `/api/auth` on `http://localhost`, on the port in PORT
   * or 3000.
   */
  readonly url?: string | undefined;
}

/** Where the application is expected. */
interface Expected {
  /** The URL of its endpoints. */
  readonly url: string;
  /** PORT of the command; undefined where it has none. */
  readonly port: string | undefined;
  readonly command: string;
}

/**
 * Runs a command with an embedded Wristband beside it, and names that to it in environment variables.
 *
 * @returns the exit code of the command
 * @throws Error when a port is in use, and when there is no such command
 */
export async function emulate(
  command: readonly [string, ...string[]],
  options: EmulateOptions,
  terminal: Terminal,
): Promise<number> {
  const expected = await expectedApplication(command.join(' '), options.url, terminal);
  const loginUrl = `${expected.url}/login`;
  const emulator = await start(options.port, { loginUrl, redirectUris: [`${expected.url}/callback`] });
  const ended = new AbortController();
  try {
    const variables = environment(emulator, expected.port);
    terminal.write(banner(emulator, Object.keys(variables), expected));
    const end = runCommand(command, { ...process.env, ...variables });
    const isUp = reportWhenUp(expected, emulator, ended.signal, terminal);
    const { exitCode, stoppedBy } = await end;
    ended.abort();
    if (stoppedBy === undefined) terminal.write(farewell(expected, { exitCode, isUp: await isUp }));
    return exitCode;
  } finally {
    ended.abort();
    await emulator.close();
  }
}

/** @throws Error when something else runs in the place of the application */
async function expectedApplication(
  command: string,
  url: string | undefined,
  terminal: Terminal,
): Promise<Expected> {
  const inFile = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {};
  // With a URL, which may be that of a proxy, the port of the application is its own matter.
  const port = process.env.PORT || inFile.PORT || (url === undefined ? USUAL_APPLICATION_PORT : undefined);
  if (port !== undefined && !URL.canParse(`http://localhost:${port}`)) {
    throw new Error(`PORT must be a number from 1 to 65535, not ${port}.`);
  }
  if (port !== undefined && (await isListening(port))) {
    throw new Error(
      `Port ${port} is in use already. Stop what runs on localhost:${port}, for instance an earlier start of the application,\n` +
        `or give the application another port: PORT=${Number(port) + 1} npx nestjs-wristband emulate …`,
    );
  }
  const expected = { url: url ?? `http://localhost:${port}/api/auth`, port, command };
  if (url !== undefined && (await isListening(portOf(url)))) {
    terminal.write(
      `\nSomething runs on ${new URL(url).host} already. That is right where it is a proxy in front of the application.\n`,
    );
  }
  return expected;
}

function portOf(url: string): string {
  const { port, protocol } = new URL(url);
  return port || (protocol === 'https:' ? '443' : '80');
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
    if (port === undefined) return startWristbandEmulator({ application });
    throw new Error(
      `Port ${port}, which the emulator shall have, is in use already. Name another one with --port, or none: then a free one is found.`,
      { cause: error },
    );
  }
}

function environment(emulator: WristbandEmulator, port: string | undefined): Record<string, string> {
  return {
    CLIENT_ID: emulator.clientId,
    CLIENT_SECRET: emulator.clientSecret,
    APPLICATION_VANITY_DOMAIN: emulator.vanityDomain,
    // The sessions of the last run have lost their emulator.
    SESSION_SECRET: randomBytes(32).toString('base64'),
    WRISTBAND_EMULATOR: emulator.origin,
    ...(port !== undefined && { PORT: port }),
  };
}

/** @returns whether the application came up */
async function reportWhenUp(
  expected: Expected,
  emulator: WristbandEmulator,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<boolean> {
  const loginUrl = new URL(`${expected.url}/login`);
  const hintAt = Date.now() + PATIENCE;
  let isHintDue = true;
  const status = await whenUp(loginUrl, signal, (reached) => {
    if (!isHintDue || Date.now() < hintAt) return;
    isHintDue = false;
    terminal.write(terminal.paint('yellow', hint(expected, reached)));
  });
  if (status === undefined) return false;
  // Once more with the users: compilers in watch mode have cleared the screen.
  terminal.write(block([`Sign in    ${terminal.paint('green', loginUrl.href)}`, '', ...userTable(emulator)]));
  if (status === 404 || status === 405) {
    const text = [
      `${loginUrl.href} responds with ${status}: the application has no Login Endpoint there.`,
      'If its endpoints are elsewhere, for instance below a global prefix, name the URL above login:',
      `  npx nestjs-wristband emulate --url ${loginUrl.origin}/… -- ${expected.command}`,
    ];
    terminal.write(terminal.paint('yellow', block(text)));
  }
  return true;
}

function hint({ url, port, command }: Expected, reached: Reached): string {
  const { host } = new URL(url);
  if (typeof reached === 'number') {
    return block([
      `${url}/login still responds with ${reached}. The reason is in the output of the application, or of the proxy in front of it.`,
    ]);
  }
  if (reached === 'silent') return block([`${host} accepts connections, but does not respond.`]);
  const portHint =
    port === undefined
      ? [
          `- PORT is not set. An application that listens on another port than ${portOf(url)} is started with it: PORT=…`,
        ]
      : [
          `- The application has to listen on process.env.PORT, which is ${port} (not on process.env.port, nor on a fixed port).`,
          '- A script may set another PORT, for instance with cross-env PORT=… or in a .env file that is loaded over it.',
        ];
  return block([
    `Nothing listens on ${host} yet. If the application is still being compiled, wait. Otherwise:`,
    '- It may have failed to start: see its output above.',
    ...portHint,
    '- If it has another address, name it:',
    `    npx nestjs-wristband emulate --url http://localhost:…${new URL(url).pathname} -- ${command}`,
  ]);
}

function banner(
  emulator: WristbandEmulator,
  variables: readonly string[],
  { command, url, port }: Expected,
): string {
  return block([
    `Wristband  ${emulator.origin} (an emulator: nothing leaves this machine)`,
    `Runs       ${command}`,
    `with       ${variables.join(', ')}${port === undefined ? '' : `=${port}`}`,
    '',
    ...userTable(emulator),
    '',
    `Waiting for the application on ${new URL(url).origin}. Ctrl-C stops both.`,
  ]);
}

function userTable({ users }: WristbandEmulator): string[] {
  const rows = [
    ['E-mail', 'Password', 'Tenant'],
    ...users.map(({ email, password, tenant }) => [email, password, tenant]),
  ];
  const widthOf = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + 2;
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widthOf(column)))
      .join('')
      .trimEnd(),
  );
}

function farewell(
  { command, url }: Expected,
  { exitCode, isUp }: Pick<CommandEnd, 'exitCode'> & { isUp: boolean },
): string {
  const when = isUp ? '' : ` before anything listened on ${new URL(url).host}`;
  return block([`${command} ended with exit code ${exitCode}${when}.`]);
}

/** Lines that stand out from what the command prints. */
function block(lines: readonly string[]): string {
  return `\n${lines.map((line) => (line ? `  ${line}` : '')).join('\n')}\n\n`;
}
