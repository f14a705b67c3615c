import { defineConfig } from 'vitest/config';
import { SlowFilesFirst } from './slow-files-first.js';

const root = new URL('..', import.meta.url).pathname;

export default defineConfig({
  root,
  test: {
    environment: 'node',
    // Most files wait for servers and clocks: two workers would leave a third of two cores idle.
    maxWorkers: 3,
    sequence: { sequencer: SlowFilesFirst },
    // Files clean up after themselves: loading Nest again for each of them would take as long as a third of the tests.
    isolate: false,
    globalSetup: ['test/support/system-packages.ts'],
    // Fails every file in whose logs or events a secret is found.
    setupFiles: ['test/support/secret-sink.setup.ts'],
    include: ['test/**/*.spec.ts', '{test,sample/*/test}/**/*.e2e-spec.ts'],
    // Run in applications of their own.
    exclude: ['**/node_modules/**', 'test/package/apps/**'],
    // Real servers, and a browser in some files: generous, so that a busy machine is not a failure.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    restoreMocks: true,
    reporters: ['default', 'json'],
    outputFile: { json: 'node_modules/.cache/test-results.json' },
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts'],
      // These run in processes or threads of their own, in e2e/init, e2e/cli, e2e/module-formats and e2e/emulator-in-thread.
      exclude: [
        'lib/cli/*.ts',
        'lib/cli/emulate/**',
        'lib/cli/init/{init.command,project-files}.ts',
        'lib/shared-entry.ts',
        'lib/testing/emulator/{emulator-thread,thread-messages,wristband.emulator-in-thread}.ts',
      ],
      reporter: ['text-summary', 'json'],
      reportsDirectory: 'node_modules/.cache/coverage',
      reportOnFailure: true,
      thresholds: {
        lines: 95,
        branches: 95,
        'lib/{crypto,csrf}/**': { 100: true },
        'lib/tenant/{tenant-host,return-url}.ts': { 100: true },
        'lib/session/session-{changes,in-use,outcome,snapshot}.ts': { 100: true },
      },
    },
  },
});
