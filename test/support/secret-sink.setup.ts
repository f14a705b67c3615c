import { afterAll, expect } from 'vitest';

// Unit tests of pure functions have no server, and should not wait for Nest to load.
if (!expect.getState().testPath?.includes('/test/unit/')) {
  const { secretSink } = await import('./secret-sink.js');
  // Files that share a process share it too.
  secretSink.clear();
  afterAll(() => {
    expect(secretSink.leaks(), 'a log line or an event holds a token, a code, a secret or a cookie').toEqual(
      [],
    );
  });
}
