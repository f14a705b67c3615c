import { expect, it } from 'vitest';
import { textOf } from '../chaos/report.js';
import { runChaos } from '../chaos/simulation.js';

// The long form is `npm run chaos`.
const SHORT = { seed: '1', users: 50, rate: 120 };

it.each(['store', 'shared-cookie'] as const)(
  'nobody misses anything while processes, Redis and Wristband fail, with sessions kept by %s',
  { timeout: 90_000 },
  async (mode) => {
    const report = await runChaos({ ...SHORT, mode, ms: 9000 });

    const { violations, faults, answers } = report.journal;
    expect(violations, textOf(report)).toEqual([]);
    expect([...faults.keys()]).toEqual(expect.arrayContaining(['process killed', 'Redis paused']));
    for (const name of ['read', 'write', 'update', 'read in parallel', 'logout', 'replay', 'sign in'])
      expect(answers.get(name)?.size, name).toBeGreaterThan(0);
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
