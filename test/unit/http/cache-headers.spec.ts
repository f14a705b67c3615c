import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { privateCacheControl, varyByCookie } from '../../../lib/http/cache-headers.js';

const DIRECTIVES =
  'public|PUBLIC|private|no-store|no-cache|max-age=600|Max-Age=0|s-maxage=60|immutable|stale-while-revalidate=30|' +
  'stale-if-error=5|must-revalidate|no-transform|x=y|| ';
const directive = fc.constantFrom(...DIRECTIVES.split('|'));
const fieldName = fc.constantFrom(
  'Cookie',
  'cookie',
  'COOKIE',
  'Origin',
  'Accept-Encoding',
  '*',
  '',
  ' ',
  'X-Cookie',
);

describe('privateCacheControl', () => {
  it.each([
    ['', 'private, no-store'],
    ['public, max-age=600', 'private, no-store'],
    ['PUBLIC, S-MaxAge=60, Immutable', 'private, no-store'],
    ['stale-while-revalidate=30, stale-if-error=5', 'private, no-store'],
    ['private', 'private, no-store'],
    ['no-store', 'private, no-store'],
    ['private, no-store', 'private, no-store'],
    ['no-cache, must-revalidate', 'private, no-store, no-cache, must-revalidate'],
    ['no-transform, max-age=1', 'private, no-store, no-transform'],
    [' , ,no-cache ,', 'private, no-store, no-cache'],
  ])('makes of %j %j', (current, expected) => {
    expect(privateCacheControl(current)).toBe(expected);
  });

  it('makes something of nothing', () => {
    expect(privateCacheControl()).toBe('private, no-store');
  });

  // RFC 9111 section 5.2.2.3: a cache that understands must-understand and the status ignores no-store.
  it.each(['must-understand', 'must-understand, max-age=600', 'Must-Understand, no-store'])(
    'drops what would lift no-store: %s',
    (current) => {
      expect(privateCacheControl(current)).toBe('private, no-store');
    },
  );

  it('always forbids to store, never shares, and never gives a lifetime', () => {
    fc.assert(
      fc.property(fc.array(directive), (directives) => {
        const items = privateCacheControl(directives.join(',')).split(', ');

        expect(items.slice(0, 2)).toEqual(['private', 'no-store']);
        expect(items.slice(2).join()).not.toMatch(/public|private|no-store|maxage|max-age|stale-|immutable/i);
      }),
    );
  });

  it('changes nothing when it is applied again', () => {
    fc.assert(
      fc.property(fc.array(directive), (directives) => {
        const once = privateCacheControl(directives.join(', '));

        expect(privateCacheControl(once)).toBe(once);
      }),
    );
  });
});

describe('varyByCookie', () => {
  it.each([
    ['', 'Cookie'],
    ['Origin', 'Origin, Cookie'],
    ['Origin,Accept', 'Origin, Accept, Cookie'],
    ['Cookie', 'Cookie'],
    ['Origin, cookie', 'Origin, cookie'],
    ['*', '*'],
    ['X-Cookie', 'X-Cookie, Cookie'],
    [' , ', 'Cookie'],
  ])('makes of %j %j', (current, expected) => {
    expect(varyByCookie(current)).toBe(expected);
  });

  it('makes something of nothing', () => {
    expect(varyByCookie()).toBe('Cookie');
  });

  it('keeps every name and holds Cookie or a star', () => {
    fc.assert(
      fc.property(fc.array(fieldName), (names) => {
        const result = varyByCookie(names.join(', '))
          .split(',')
          .map((name) => name.trim());

        expect(result.some((name) => name === '*' || name.toLowerCase() === 'cookie')).toBe(true);
        for (const name of names.filter((one) => one.trim() !== '')) expect(result).toContain(name);
      }),
    );
  });

  it('changes nothing when it is applied again', () => {
    fc.assert(
      fc.property(fc.array(fieldName), (names) => {
        const once = varyByCookie(names.join(', '));

        expect(varyByCookie(once)).toBe(once);
      }),
    );
  });
});
