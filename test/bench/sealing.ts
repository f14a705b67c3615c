import { createSecretKey, randomBytes } from 'node:crypto';
import { CompactEncrypt, compactDecrypt } from 'jose';
import * as Iron from 'iron-webcrypto';
import { Sealer } from '../../lib/crypto/sealer.js';

interface Comparison {
  readonly secret: string;
  /** What is sealed. */
  readonly fields: { readonly userId: string };
  /** Paired runs, and how often each of them seals and opens. */
  readonly runs: number;
  readonly rounds: number;
}

type SealAndOpen = () => Promise<unknown>;

/** Compares sealing alone with the libraries that others use for it: per run, how many times as much as ours each takes. */
export async function compareSealing(comparison: Comparison): Promise<Record<string, number[]>> {
  const sealers = sealersFor(comparison);
  const { fields, runs, rounds } = comparison;
  const ratios = Object.fromEntries(Object.keys(sealers).map((name) => [name, [] as number[]]));
  for (const [name, sealAndOpen] of Object.entries(sealers)) {
    const { userId } = (await sealAndOpen()) as { userId?: string };
    if (userId !== fields.userId) throw new Error(`${name} does not return what was sealed`);
    await cost(sealAndOpen, rounds);
  }
  for (let run = 0; run < runs; run += 1) {
    const own = await cost(sealers.ours, rounds);
    for (const [name, sealAndOpen] of Object.entries(sealers))
      ratios[name]?.push((await cost(sealAndOpen, rounds)) / own);
  }
  return ratios;
}

function sealersFor({ secret, fields }: Comparison) {
  const joseKey = createSecretKey(randomBytes(32));
  const ours = new Sealer('session', [secret]);
  return {
    ours: async () => ours.open(ours.seal(JSON.stringify(fields)))?.data,
    jose: async () => {
      const token = await new CompactEncrypt(Buffer.from(JSON.stringify(fields)))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(joseKey);
      return JSON.parse(Buffer.from((await compactDecrypt(token, joseKey)).plaintext).toString()) as unknown;
    },
    'iron-webcrypto': async () =>
      Iron.unseal(await Iron.seal(fields, secret, Iron.defaults), secret, Iron.defaults),
  } satisfies Record<string, SealAndOpen>;
}

/** Microseconds of CPU for one seal and open. */
async function cost(sealAndOpen: SealAndOpen, rounds: number): Promise<number> {
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await sealAndOpen();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}
