// How long an application takes to start: each in fresh processes that take turns, compared in pairs.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { median, spread } from './report.mjs';

const APPLICATIONS = {
  bare: 'bare Nest',
  ours: 'ours',
  passport: '@nestjs/passport, express-session',
};

/** Milliseconds of CPU. */
async function start(application) {
  const child = fork(fileURLToPath(new URL('startup-app.mjs', import.meta.url)), [application]);
  const [{ cost }] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`"${application}" ended with code ${code} before it had started`);
    }),
  ]);
  return cost;
}

export async function compareStartUp(runs) {
  const costs = Object.fromEntries(Object.keys(APPLICATIONS).map((application) => [application, []]));
  // The first start of each warms the disk's cache.
  for (let run = runs > 1 ? -1 : 0; run < runs; run++) {
    for (const application of Object.keys(APPLICATIONS).toSorted(() => Math.random() - 0.5)) {
      const cost = await start(application);
      if (run >= 0) costs[application].push(cost);
    }
  }
  return Object.entries(APPLICATIONS).map(([application, name]) => {
    const ratios = costs[application].map((cost, run) => cost / costs.bare[run]);
    return { name, milliseconds: median(costs[application]), ...spread(ratios) };
  });
}
