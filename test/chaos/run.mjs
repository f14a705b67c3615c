// npm run chaos [-- --seconds 180 --seed 1 --mode store|shared-cookie --users 200 --rate 120 | --smoke]: users work while processes,
// Redis and Wristband fail. Ends with 1 when a user missed what the library promises; --smoke, a run of two seconds, only shows
// that all of it runs.
import { parseArgs } from 'node:util';
import { withTypeScript } from '../support/typescript.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '180' },
    seed: { type: 'string', default: '1' },
    mode: { type: 'string', default: 'store' },
    users: { type: 'string', default: '200' },
    rate: { type: 'string', default: '120' },
    smoke: { type: 'boolean', default: false },
  },
});
const { mode, seed, smoke } = values;
const { seconds, users, rate } = smoke ? { seconds: 2, users: 10, rate: 40 } : values;
if (!['store', 'shared-cookie', 'cookie'].includes(mode)) throw new Error(`There is no mode ${mode}`);

await withTypeScript(async (load) => {
  const { runChaos } = await load('/test/chaos/simulation.ts');
  const { textOf } = await load('/test/chaos/report.ts');
  const report = await runChaos({
    mode,
    seed,
    ms: Number(seconds) * 1000,
    users: Number(users),
    rate: Number(rate),
  });
  process.stdout.write(`${textOf(report)}\n`);
  if (report.journal.violations.length > 0 && !smoke) process.exitCode = 1;
});
