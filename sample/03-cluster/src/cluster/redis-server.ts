import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';

const MISSING =
  'This sample needs redis-server. Install it: "sudo apt-get install redis-server" on Debian and Ubuntu, ' +
  '"brew install redis" on macOS.';

/** Waits for the end of its input, which comes when this process ends, however that happens; then all of Redis goes. */
const REDIS_UNTIL_END_OF_INPUT = `
  redis-server "$@" &
  read -r _
  kill -9 $!
  wait
  rm -rf "$DIRECTORY"
`;

const CONNECT_ATTEMPTS = 100;

export interface RedisServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** A Redis of its own on a free port of this machine, which keeps nothing on disk. */
export async function startRedis(): Promise<RedisServer> {
  install();
  const DIRECTORY = mkdtempSync(join(tmpdir(), 'redis-'));
  const port = await freePort();
  const settings = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', DIRECTORY];
  const child = spawn(
    'sh',
    ['-c', REDIS_UNTIL_END_OF_INPUT, 'sh', ...settings, '--save', '', '--appendonly', 'no'],
    // Detached: Ctrl-C is for this process alone, which stops the others in the right order.
    { env: { ...process.env, DIRECTORY }, stdio: ['pipe', 'ignore', 'ignore'], detached: true },
  );
  const exited = once(child, 'exit');
  const url = `redis://127.0.0.1:${port}`;
  await untilItAnswers(url);
  return {
    url,
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}

function install(): void {
  if (isInstalled()) return;
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) throw new Error(MISSING);
  process.stdout.write('\n  Installing Redis …\n');
  try {
    execFileSync('apt-get', ['update'], { stdio: 'pipe' });
    execFileSync('apt-get', ['install', '--yes', '--no-install-recommends', 'redis-server'], {
      stdio: 'pipe',
    });
  } catch {
    throw new Error(`${MISSING} Here apt-get could not do it.`);
  }
}

function isInstalled(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0;
}

async function untilItAnswers(url: string): Promise<void> {
  const reconnectStrategy = (attempts: number) =>
    attempts < CONNECT_ATTEMPTS ? 50 : new Error('redis-server did not start.');
  const client = createClient({ url, socket: { reconnectStrategy } }).on('error', () => undefined);
  await client.connect();
  client.destroy();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
