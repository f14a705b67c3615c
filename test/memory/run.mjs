// npm run memory [-- --requests 1000000 --mode cookie|store|shared-cookie | --smoke]: every four requests are a session of their own,
// which signs in, has its tokens renewed, is read, and mostly signs out. Ends with 1 when the server's memory grows, of which
// --smoke, a run of 160 requests, says nothing.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { withTypeScript } from '../support/typescript.mjs';
import { Visitors } from './visitors.mjs';

const SAMPLES = 20;
/** Parts of the run that the process may take to find its size: its memories of recent sessions fill up. */
const WARM_UP = 0.4;
/** By how much it may be larger at the end than after the warm-up. */
const MOST_GROWTH = { heap: 0.05, resident: 0.1 };

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    mode: { type: 'string', default: 'cookie' },
    smoke: { type: 'boolean', default: false },
  },
});
const { mode, smoke } = values;
const requests = smoke ? 160 : Number(values.requests);
if (!['cookie', 'store', 'shared-cookie'].includes(mode)) throw new Error(`There is no mode ${mode}`);

async function measure(redisUrl) {
  const server = fork(new URL('server.mjs', import.meta.url), [], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, MODE: mode, REDIS_URL: redisUrl },
  });
  try {
    const [{ port }] = await once(server, 'message');
    const visitors = new Visitors(port);
    const samples = [];
    for (let sample = 1; sample <= SAMPLES; sample += 1) {
      await visitors.visit(requests / SAMPLES / 4);
      server.send('memory');
      const [memory] = await once(server, 'message');
      samples.push(memory);
      print((requests / SAMPLES) * sample, memory);
    }
    return samples;
  } finally {
    server.kill();
  }
}

function print(count, { heap, resident, handles }) {
  const sizes = `heap ${megabytes(heap)} MB, resident ${megabytes(resident)} MB`;
  process.stdout.write(`${String(count).padStart(8)} requests: ${sizes}, ${handles} handles\n`);
}

function megabytes(bytes) {
  return (bytes / 2 ** 20).toFixed(1).padStart(6);
}

/** The part by which the middle of the last fifth is larger than that of the fifth after the warm-up. */
function growth(samples, key) {
  const fifth = Math.ceil(samples.length / 5);
  const start = Math.floor(samples.length * WARM_UP);
  const middle = (part) => part.map((one) => one[key]).sort((a, b) => a - b)[Math.floor(part.length / 2)];
  return middle(samples.slice(-fifth)) / middle(samples.slice(start, start + fifth)) - 1;
}

await withTypeScript(async (load) => {
  const { startRedis } = await load('/test/support/redis.ts');
  const redis = mode === 'cookie' ? undefined : await startRedis();
  try {
    const samples = await measure(redis?.url ?? '');
    for (const [key, most] of Object.entries(MOST_GROWTH)) {
      const grown = growth(samples, key);
      process.stdout.write(
        `${key}: ${(grown * 100).toFixed(1)} % larger at the end than after the warm-up\n`,
      );
      if (grown > most && !smoke) process.exitCode = 1;
    }
  } finally {
    await redis?.stop();
  }
});
