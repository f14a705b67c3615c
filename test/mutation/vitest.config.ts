import { defineConfig } from 'vitest/config';
import base from '../vitest.config.js';

/** The unit tests of the modules that are mutated: they need no server. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/unit/{crypto,csrf,tenant}/*.spec.ts', 'test/unit/session/{,cookies/,keepers/}*.spec.ts'],
    globalSetup: [],
    setupFiles: [],
    // A mutant that lets a response hang is noticed as well.
    testTimeout: 5000,
    reporters: ['default'],
  },
});
