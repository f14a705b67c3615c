// Sealing alone: seal and open what a session holds, beside the libraries that others use for it.
import { createSecretKey, randomBytes } from 'node:crypto';
import { CompactEncrypt, compactDecrypt } from 'jose';
import * as Iron from 'iron-webcrypto';
import { Sealer } from '../../dist/crypto/sealed-cookie.js';
import { BENCH_SECRET, sessionFields } from './session-data.mjs';
import { median } from './report.mjs';

const joseKey = createSecretKey(randomBytes(32));
const ours = new Sealer('session', [BENCH_SECRET]);

const SEALERS = {
  ours: async () => {
    const { data } = ours.open(ours.seal(JSON.stringify(sessionFields)));
    return data;
  },
  jose: async () => {
    const token = await new CompactEncrypt(Buffer.from(JSON.stringify(sessionFields)))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(joseKey);
    return JSON.parse(Buffer.from((await compactDecrypt(token, joseKey)).plaintext).toString());
  },
  'iron-webcrypto': async () =>
    Iron.unseal(await Iron.seal(sessionFields, BENCH_SECRET, Iron.defaults), BENCH_SECRET, Iron.defaults),
};

/** Microseconds of CPU for one seal and open. */
async function cost(sealAndOpen, rounds) {
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round++) await sealAndOpen();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}

/** How many times as much as ours the others take, by paired runs. */
export async function compareSealing(runs, rounds) {
  const ratios = Object.fromEntries(Object.keys(SEALERS).map((name) => [name, []]));
  for (const [name, sealAndOpen] of Object.entries(SEALERS)) {
    const { userId } = await sealAndOpen();
    if (userId !== sessionFields.userId) throw new Error(`${name} does not give back what was sealed`);
    await cost(sealAndOpen, rounds);
  }
  for (let run = 0; run < runs; run++) {
    const own = await cost(SEALERS.ours, rounds);
    for (const [name, sealAndOpen] of Object.entries(SEALERS)) {
      ratios[name].push((await cost(sealAndOpen, rounds)) / own);
    }
  }
  return Object.entries(ratios).map(([name, list]) => ({ name, ratio: median(list) }));
}
