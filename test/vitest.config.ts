import { defineConfig } from 'vitest/config';

const root = new URL('..', import.meta.url).pathname;

export default defineConfig({
  root,
  test: {
    environment: 'node',
    // Most files wait for servers and clocks: on two cores one worker would leave one of them idle.
    maxWorkers: 2,
    globalSetup: ['test/support/chromium.ts', 'test/support/redis.ts'],
    // Fails every file in whose logs or events a secret is found.
    setupFiles: ['test/support/secret-sink.setup.ts'],
    include: ['test/**/*.spec.ts', '{test,sample/*/test}/**/*.e2e-spec.ts'],
    // Real servers, and a browser in some files: generous, so that a busy machine is not a failure.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    restoreMocks: true,
    reporters: ['default', 'json'],
    outputFile: { json: 'node_modules/.cache/test-results.json' },
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts'],
      reporter: ['text-summary', 'json'],
      reportsDirectory: 'node_modules/.cache/coverage',
      reportOnFailure: true,
    },
  },
});
