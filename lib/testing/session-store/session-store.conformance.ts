import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  ConformanceTests,
  SessionStoreConformanceOptions,
  SessionStoreConformanceTest,
} from './conformance-test.interface.js';
import { lockTests } from './lock.tests.js';
import { recordTests } from './record.tests.js';
import { tagTests } from './tag.tests.js';
import { writeTests } from './write.tests.js';

/**
 * Everything that a session store has to keep, as tests for any test runner. They may run at the same time.
 *
 * @example
 * ```ts
 * for (const { name, run } of sessionStoreConformance({ create: () => new MyStore() })) it(name, run);
 * ```
 */
export function sessionStoreConformance({
  create,
  wait = (milliseconds) => delay(milliseconds),
  lists = true,
}: SessionStoreConformanceOptions): SessionStoreConformanceTest[] {
  const tests: ConformanceTests = { ...recordTests, ...writeTests, ...(lists && tagTests), ...lockTests };
  return Object.entries(tests).map(([name, test]) => ({
    name,
    run: async () => {
      const id = randomUUID();
      await test({ store: await create(), wait, unique: (key) => `${key}-${id}` });
    },
  }));
}
