import { afterAll, expect } from 'vitest';

// Unit tests of pure functions have no server, and should not wait for Nest to load.
if (!expect.getState().testPath?.includes('/test/unit/')) {
  const { openSecretSink } = await import('./secret-sink.js');
  const watch = openSecretSink();
  afterAll(() => {
    expect(watch.leaks(), 'a log line or an event holds a token, a code, a secret or a cookie').toEqual([]);
  });
}
