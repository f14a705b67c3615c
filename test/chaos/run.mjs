// npm run chaos [-- --seconds 180 --seed 1 --mode store|shared-cookie --users 200 --rate 120]: users work while processes,
// Redis and Wristband fail. Ends with 1 when somebody missed what the library promises.
import { parseArgs } from 'node:util';
import { createViteServer } from 'vitest/node';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '180' },
    seed: { type: 'string', default: '1' },
    mode: { type: 'string', default: 'store' },
    users: { type: 'string', default: '200' },
    rate: { type: 'string', default: '120' },
  },
});
const { mode, seed } = values;
if (!['store', 'shared-cookie', 'cookie'].includes(mode)) throw new Error(`There is no mode ${mode}`);

// What runs is TypeScript, as all tests are.
const vite = await createViteServer({
  root: new URL('../..', import.meta.url).pathname,
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
});
// Whatever was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
try {
  const { runChaos } = await vite.ssrLoadModule('/test/chaos/simulation.ts');
  const { textOf } = await vite.ssrLoadModule('/test/chaos/report.ts');
  const report = await runChaos({
    mode,
    seed,
    ms: Number(values.seconds) * 1000,
    users: Number(values.users),
    rate: Number(values.rate),
  });
  process.stdout.write(`${textOf(report)}\n`);
  if (report.journal.violations.length > 0) process.exitCode = 1;
} finally {
  await vite.close();
}
