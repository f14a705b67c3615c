import { expect, it } from 'vitest';
import { textOf } from '../chaos/report.js';
import { runChaos } from '../chaos/simulation.js';

const OPERATIONS = ['read', 'write', 'update', 'read in parallel', 'logout', 'replay', 'sign in'] as const;
// The long form is `npm run chaos`.
const SHORT = { seed: '1', users: 50, rate: 120 };

it.each(['store', 'shared-cookie'] as const)(
  'nobody misses anything while processes, Redis and Wristband fail, with sessions kept by %s',
  { timeout: 300_000 },
  async (mode) => {
    const faults = new Set<string>();
    const answers = new Set<string>();
    // How much a run gets done depends on how busy the machine is.
    const isEnough = () => faults.size >= 4 && OPERATIONS.every((name) => answers.has(name));
    for (let seed = 1; seed <= 6 && !isEnough(); seed += 1) {
      const report = await runChaos({ ...SHORT, seed: `${seed}`, mode, ms: 9000 });
      expect(report.journal.violations, textOf(report)).toEqual([]);
      for (const name of report.journal.faults.keys()) faults.add(name);
      for (const name of report.journal.answers.keys()) answers.add(name);
    }

    expect([...faults]).toEqual(expect.arrayContaining(['process killed', 'Redis paused']));
    expect(faults.size).toBeGreaterThanOrEqual(4);
    expect([...answers]).toEqual(expect.arrayContaining([...OPERATIONS]));
  },
);

it('finds what processes do to sessions that know nothing of each other', { timeout: 180_000 }, async () => {
  const kinds = new Set<string>();
  // How much of it shows in a short run depends on how busy the machine is.
  for (let seed = 1; seed <= 4 && kinds.size < 2; seed += 1) {
    const { journal } = await runChaos({ ...SHORT, seed: `${seed}`, mode: 'cookie', ms: 9000 });
    for (const { kind } of journal.violations) kinds.add(kind);
  }

  expect([...kinds].toSorted()).toEqual(['alive after the logout', 'signed out without a reason']);
});
