import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redirectTo, withQuery } from '../../../lib/http/redirect.js';

describe('redirectTo', () => {
  it.each([
    ['/orders?a=1&b=%20#x', '/orders?a=1&b=%20#x'],
    ['https://app.example/a b', 'https://app.example/a%20b'],
    ['/ü', '/%C3%BC'],
    ['/😀', '/%F0%9F%98%80'],
    ['/\ud800', '/%EF%BF%BD'],
    ['/x\r\nSet-Cookie: a=b', '/x%0D%0ASet-Cookie:%20a=b'],
    ['/\t/evil.com', '/%09/evil.com'],
    ['/\0', '/%00'],
    ['/\u007f', '/%7F'],
    ['', ''],
  ])('sends %j as %j', (url, location) => {
    expect(redirectTo(url)).toEqual({ url: location, statusCode: 302 });
  });

  it('makes printable ASCII of any text and leaves what is printable ASCII', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)) }),
        (text) => {
          const withoutPercent = text.replaceAll('%', '');

          const { url } = redirectTo(withoutPercent);

          expect(url).toMatch(/^[!-~]*$/);
          expect(decodeURIComponent(url)).toBe(withoutPercent.toWellFormed());
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('changes nothing when it is applied again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const once = redirectTo(text).url;

        expect(redirectTo(once).url).toBe(once);
      }),
    );
  });
});

describe('withQuery', () => {
  it.each([
    ['https://a.example', { x: '1' }, 'https://a.example/?x=1'],
    ['https://a.example/p?y=2', { x: '1' }, 'https://a.example/p?y=2&x=1'],
    ['https://a.example/p?x=0&y=2', { x: '1' }, 'https://a.example/p?x=1&y=2'],
    ['https://a.example/p?x=0&x=2', { x: '1' }, 'https://a.example/p?x=1'],
    ['https://a.example/p#f', { x: '1' }, 'https://a.example/p?x=1#f'],
    ['https://a.example/p', { x: undefined, y: '' }, 'https://a.example/p?y='],
    ['https://a.example/p', { x: 'a&y=b#c+d e' }, 'https://a.example/p?x=a%26y%3Db%23c%2Bd+e'],
  ])('adds to %s the parameters %j', (url, parameters, expected) => {
    expect(withQuery(url, parameters)).toBe(expected);
  });

  it('carries any value as exactly one parameter and changes nothing else', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a&client_id=evil#z', '\r\nX: y', '\0', '\ud800', '+', '%', '//evil.com'),
    );
    fc.assert(
      fc.property(text, text, (state, hint) => {
        const url = new URL(withQuery('https://a.example/p?client_id=mine#f', { state, hint }));

        expect(url.origin + url.pathname + url.hash).toBe('https://a.example/p#f');
        expect([...url.searchParams]).toEqual([
          ['client_id', 'mine'],
          ['state', state.toWellFormed()],
          ['hint', hint.toWellFormed()],
        ]);
      }),
      { numRuns: 1000 },
    );
  });

  it('answers nothing but printable ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(withQuery('https://a.example/', { value })).toMatch(/^[!-~]+$/);
      }),
    );
  });
});
