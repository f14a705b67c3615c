import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCsrfToken, isSameToken } from '../../../lib/csrf/csrf-token.js';

describe('createCsrfToken', () => {
  it('makes 24 random bytes that need no decoding in a cookie', () => {
    const tokens = Array.from({ length: 100 }, () => createCsrfToken());

    for (const token of tokens) expect(token).toMatch(/^[\w-]{32}$/);
    expect(new Set(tokens).size).toBe(100);
  });
});

describe('isSameToken', () => {
  it('tells of any two texts whether they are the same', () => {
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', 'a', 'A', 'ab', 'a '));
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(isSameToken(one, one)).toBe(true);
        expect(isSameToken(one, other)).toBe(one === other);
      }),
    );
  });
});
