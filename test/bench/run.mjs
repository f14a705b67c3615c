// npm run bench [-- --quick | --smoke] [name]: CPU time per request of each server's own process, relative to a bare Nest route, of
// sealing, and of the start. "floor" is what is left when the same is done by hand.
// Only ratios count: the speed of a machine drifts, so all variants take turns in short bursts and are compared in pairs.
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { BenchServer } from './load.mjs';
import { median, spread, table } from './report.mjs';
import { BENCH_SECRET, sessionFields } from './session-data.mjs';
import { VARIANTS } from './servers.mjs';
import { compareStartUp } from './startup.mjs';
import { withTypeScript } from '../support/typescript.mjs';

const BASELINE = 'bare Nest';
const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean' }, smoke: { type: 'boolean' } },
  allowPositionals: true,
});
/** `--smoke` only shows that all of it runs: its figures mean nothing. */
const SIZES = {
  long: { warmUp: 4000, bursts: 101, requests: 250, sealings: { runs: 15, rounds: 500 }, starts: 21 },
  quick: { warmUp: 4000, bursts: 25, requests: 200, sealings: { runs: 5, rounds: 200 }, starts: 5 },
  smoke: { warmUp: 10, bursts: 1, requests: 10, sealings: { runs: 1, rounds: 5 }, starts: 1 },
};
const { warmUp, bursts, requests, sealings, starts } =
  SIZES[values.smoke ? 'smoke' : values.quick ? 'quick' : 'long'];

async function compareServers() {
  const isWanted = (name) =>
    name.startsWith(BASELINE) || positionals.length === 0 || positionals.some((part) => name.includes(part));
  const servers = Object.entries(VARIANTS)
    .filter(([name]) => isWanted(name))
    .map(([name, variant]) => new BenchServer(name, variant, !values.smoke || name.startsWith(BASELINE)));
  try {
    await Promise.all(servers.map((server) => server.start()));
    for (const server of servers) await server.burst(warmUp);
    const costs = new Map(servers.map(({ name }) => [name, []]));
    for (let burst = 0; burst < bursts; burst++) {
      // A new order each time, so that nobody always runs after the same neighbour.
      for (const server of servers.toSorted(() => Math.random() - 0.5)) {
        costs.get(server.name).push(await server.burst(requests));
      }
    }
    const bare = costs.get(BASELINE);
    return servers.map(({ name, variant }) => ({
      name,
      target: variant.target,
      ...spread(costs.get(name).map((cost, burst) => cost / bare[burst])),
    }));
  } finally {
    for (const server of servers) server.stop();
  }
}

const routes = await compareServers();
const sealing = await withTypeScript(async (load) => {
  const { compareSealing } = await load('/test/bench/sealing.ts');
  const ratios = await compareSealing({ secret: BENCH_SECRET, fields: sessionFields, ...sealings });
  return Object.entries(ratios).map(([name, list]) => ({ name, ratio: median(list) }));
});
const startUp = await compareStartUp(starts);

console.log(`\nCPU per request, bare Nest = 1 (${bursts} bursts of ${requests} requests)\n`);
console.log(
  table(
    ['variant', 'ratio', 'middle half', 'target'],
    routes.map(({ name, ratio, low, high, target }) => [
      name,
      ratio.toFixed(2),
      `${low.toFixed(2)} to ${high.toFixed(2)}`,
      target ? `≤ ${target.toFixed(2)}` : '',
    ]),
  ),
);
console.log('\nSeal and open 1.2 kB, ours = 1\n');
console.log(
  table(
    ['library', 'ratio'],
    sealing.map(({ name, ratio }) => [name, ratio.toFixed(1)]),
  ),
);

console.log('\nCPU of a start: imports, NestFactory.create() and init(), bare Nest = 1\n');
console.log(
  table(
    ['application', 'ratio', 'middle half', 'ms'],
    startUp.map(({ name, ratio, low, high, milliseconds }) => [
      name,
      ratio.toFixed(2),
      `${low.toFixed(2)} to ${high.toFixed(2)}`,
      milliseconds.toFixed(0),
    ]),
  ),
);

const folder = new URL('../../node_modules/.cache/', import.meta.url);
await mkdir(folder, { recursive: true });
await writeFile(
  new URL('bench.json', folder),
  JSON.stringify({ bursts, requests, routes, sealing, startUp }, null, 2),
);
// Servers that share this process would keep it alive.
process.exit();
