import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createCsrfToken, isSameToken } from '../../../lib/csrf/csrf-token.js';

describe('createCsrfToken', () => {
  it('makes 24 random bytes that need no decoding in a cookie', () => {
    const tokens = Array.from({ length: 100 }, () => createCsrfToken());

    for (const token of tokens) expect(token).toMatch(/^[\w-]{32}$/);
    expect(new Set(tokens).size).toBe(100);
  });
});

describe('isSameToken', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  });

  it('tells of any two texts whether they are the same', () => {
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', 'a', 'A', 'ab', 'a '));
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(isSameToken(one, one)).toBe(true);
        expect(isSameToken(one, other)).toBe(one === other);
      }),
    );
  });

  it.each([
    ['nothing of it', 'b'.repeat(32)],
    ['all but the last letter', `${'a'.repeat(31)}b`],
    ['all but the first letter', `b${'a'.repeat(31)}`],
    ['its beginning', 'a'.repeat(31)],
    ['nothing', ''],
    ['more than it', 'a'.repeat(8192)],
    ['all of it', 'a'.repeat(32)],
  ])('compares whole hashes in constant time when %s is right', (_title, given) => {
    // The real one, watched.
    const compare = vi.spyOn(crypto, 'timingSafeEqual');
    syncBuiltinESMExports();

    const isSame = isSameToken('a'.repeat(32), given);

    expect(compare.mock.calls.map((hashes) => hashes.map(({ byteLength }) => byteLength))).toEqual([
      [32, 32],
    ]);
    expect(compare.mock.results).toEqual([{ type: 'return', value: isSame }]);
  });
});
