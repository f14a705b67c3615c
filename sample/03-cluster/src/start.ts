import { randomBytes } from 'node:crypto';
import { startWristbandEmulator } from 'nestjs-wristband/testing';
import { printBanner } from './banner.js';
import { startProxy } from './cluster/proxy.js';
import { startRedis } from './cluster/redis-server.js';
import { WorkerPool } from './cluster/worker-pool.js';
import { readSettings } from './settings.js';

try {
  await start();
} catch (error) {
  process.stderr.write(`\n  ${error instanceof Error ? error.message : String(error)}\n\n`);
  // What was started already ends with this process, however that ends.
  process.exit(1);
}

async function start(): Promise<void> {
  const settings = readSettings(process.env);
  const origin = `http://localhost:${settings.port}`;
  const redis = await startRedis();
  const emulator = await startWristbandEmulator({
    application: { loginUrl: `${origin}/api/auth/login`, redirectUris: [`${origin}/api/auth/callback`] },
  });
  // What all processes have in common; the secret above all, so that each opens the cookies of the others.
  const pool = new WorkerPool(settings.workers, {
    CLIENT_ID: emulator.clientId,
    CLIENT_SECRET: emulator.clientSecret,
    APPLICATION_VANITY_DOMAIN: emulator.vanityDomain,
    SESSION_SECRET: randomBytes(32).toString('base64url'),
    SESSIONS: settings.sessions,
    REDIS_URL: redis.url,
    WORKERS: String(settings.workers),
  });
  stopOnSignal(async () => {
    await pool.stop();
    await Promise.all([redis.stop(), emulator.close()]);
  });
  await pool.start();
  await startProxy(settings.port, () => pool.ports());
  printBanner({ origin, settings, emulator, redisUrl: redis.url });
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
