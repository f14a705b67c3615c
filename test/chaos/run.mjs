// npm run chaos [-- --seconds 180 --seed 1 --mode store|shared-cookie --users 200 --rate 120]: users work while processes,
// Redis and Wristband fail. Ends with 1 when somebody missed what the library promises.
import { parseArgs } from 'node:util';
import { withTypeScript } from '../support/typescript.mjs';

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

await withTypeScript(async (load) => {
  const { runChaos } = await load('/test/chaos/simulation.ts');
  const { textOf } = await load('/test/chaos/report.ts');
  const report = await runChaos({
    mode,
    seed,
    ms: Number(values.seconds) * 1000,
    users: Number(values.users),
    rate: Number(values.rate),
  });
  process.stdout.write(`${textOf(report)}\n`);
  if (report.journal.violations.length > 0) process.exitCode = 1;
});
