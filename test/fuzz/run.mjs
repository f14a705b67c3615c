// npm run fuzz [-- --seed 1 --times 10 [file …]]: the tests of test/fuzz with a random seed, or with that of an earlier run.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string' }, times: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const seed = Number(values.seed ?? randomInt(2 ** 31));
const times = Number(values.times);
if (!Number.isInteger(seed)) throw new RangeError('--seed takes an integer');
if (!(times > 0)) throw new RangeError('--times takes a number above 0');

const repeat = `npm run fuzz -- ${['--seed', seed, '--times', times, ...positionals].join(' ')}`;
console.log(`Seed ${seed}. To run the same cases again: ${repeat}`);
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const files = positionals.length > 0 ? positionals.map((name) => `test/fuzz/${name}`) : ['test/fuzz/'];
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '-c', 'test/vitest.config.ts', '--reporter=default', ...files],
  { stdio: 'inherit', env: { ...process.env, FUZZ_SEED: String(seed), FUZZ_TIMES: String(times) } },
);
if (status !== 0) console.log(`\nTo run the same cases again: ${repeat}`);
process.exitCode = status ?? 1;
