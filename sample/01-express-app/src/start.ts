import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createApp } from './app.js';
import { printBanner } from './banner.js';
import { emulatorEnvironment, startEmulator } from './emulator.js';
import { isPortInUse } from './port-in-use.error.js';

const WRISTBAND_VARIABLES = ['CLIENT_ID', 'CLIENT_SECRET', 'APPLICATION_VANITY_DOMAIN'];

try {
  await start();
} catch (error) {
  process.stderr.write(`\n  ${explain(error)}\n\n`);
  process.exit(1);
}

async function start(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile();
  const { env } = process;
  const port = readPort(env.PORT);
  const missing = WRISTBAND_VARIABLES.filter((name) => !env[name]);
  if (missing.length > 0 && missing.length < WRISTBAND_VARIABLES.length) {
    throw new Error(
      `Not set: ${missing.join(', ')}.\n` +
        `  Set all of ${WRISTBAND_VARIABLES.join(', ')}, or none of them to start with an emulator.`,
    );
  }
  const hasOwnSecret = Boolean(env.SESSION_SECRET);
  env.SESSION_SECRET ||= randomBytes(32).toString('base64url');
  env.COOKIE_SECRET ||= randomBytes(32).toString('base64url');

  const emulator = missing.length > 0 ? await startEmulator(port) : undefined;
  if (emulator) Object.assign(env, emulatorEnvironment(emulator, port));
  const app = await createApp();
  // Listened for before the port is open, so that an early Ctrl-C ends both as well.
  stopOnSignal(() => Promise.all([app.close(), emulator?.close()]));
  await app.listen(port);
  app.useLogger(['fatal', 'error', 'warn']);
  printBanner({ port, emulator, hasOwnSecret });
}

function readPort(text = '3000'): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Error(`PORT must be a number from 1 to 65535, not "${text}".`);
}

function stopOnSignal(stop: () => Promise<unknown>): void {
  let stopping: Promise<never> | undefined;
  // More than once, as npm passes Ctrl-C on to a process that got it from the terminal already.
  const onSignal = (): void => {
    stopping ??= stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
}

function explain(error: unknown): string {
  if (isPortInUse(error)) return `Port ${error.port} is in use. Choose another one: PORT=3001 npm start`;
  return error instanceof Error ? error.message : String(error);
}
