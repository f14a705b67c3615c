import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestCookies, serializeCookie, serializeExpiredCookie } from '../../../lib/http/cookies.js';
import type { HttpRequest } from '../../../lib/interfaces/http.interface.js';

/** A request as far as cookies are concerned. */
function requestWith(cookie?: string): HttpRequest {
  return { headers: cookie === undefined ? {} : { cookie } } as IncomingMessage;
}

const token = fc.stringMatching(/^[\w!#$%&'*+.^`|~-]{1,12}$/);
const value = fc.stringMatching(/^[\w!#$%&'()*+./:<>?@[\]^`{|}~-]{0,20}$/);

describe('requestCookies', () => {
  it.each([
    [undefined, []],
    ['', []],
    [';;; ;', []],
    ['foo', []],
    ['a=1', [['a', '1']]],
    [
      'a=1; b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      'a=1;b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['a=b=c', [['a', 'b=c']]],
    ['a=', [['a', '']]],
    ['a=%20', [['a', ' ']]],
    ['a=%E0%A4%A', [['a', '%E0%A4%A']]],
    [
      'a=%; b=2',
      [
        ['a', '%'],
        ['b', '2'],
      ],
    ],
    [
      'a=1; a=2',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    ['__proto__=x', [['__proto__', 'x']]],
    [
      'constructor=x; toString=y',
      [
        ['constructor', 'x'],
        ['toString', 'y'],
      ],
    ],
    ['login#abc#123=x', [['login#abc#123', 'x']]],
  ])('reads %j as %j', (header, pairs) => {
    expect(requestCookies(requestWith(header), '').map((cookie) => [cookie.name, cookie.value])).toEqual(
      pairs,
    );
  });

  it('reads the request underneath a wrapper', () => {
    const request = { raw: requestWith('a=1') } as unknown as HttpRequest;

    expect(requestCookies(request, '')).toEqual([{ name: 'a', value: '1' }]);
  });

  it('keeps every cookie in its place, whatever stands around it', () => {
    const junk = fc.constantFrom(
      'foo=%E0%A4%A',
      'foo=%',
      '=',
      'foo',
      '',
      '__proto__=x',
      'foo="%zz"',
      'foo=\xff',
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(junk, fc.stringMatching(/^[\w.-]{1,20}$/)), { maxLength: 8 }), (rows) => {
        const header = rows.map(([other, text]) => `${other}; session=${text}`).join('; ');

        expect(requestCookies(requestWith(header), 'session').map(({ value }) => value)).toEqual(
          rows.map(([, text]) => text),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('reads what a browser sends back of a cookie that was set', () => {
    fc.assert(
      fc.property(token, fc.stringMatching(/^[\w.-]{0,40}$/), (name, text) => {
        const [pair] = serializeCookie(name, text, { path: '/' }).split(';');

        expect(requestCookies(requestWith(pair), '')).toEqual([{ name, value: text }]);
      }),
    );
  });
});

describe('requestCookies with a prefix', () => {
  it('answers the cookies whose names begin so, in the order of the header', () => {
    expect(requestCookies(requestWith('a=1;\ta.0=2;b=0;  a=3; A=4'), 'a')).toEqual([
      { name: 'a', value: '1' },
      { name: 'a.0', value: '2' },
      { name: 'a', value: '3' },
    ]);
  });

  it('answers none when there are none', () => {
    expect(requestCookies(requestWith('a=1'), 'toString')).toEqual([]);
  });
});

describe('serializeCookie', () => {
  it('writes name, value and attributes', () => {
    const line = serializeCookie('session', 'a.b-c', {
      path: '/',
      maxAge: 60,
      httpOnly: true,
      secure: true,
      sameSite: 'lax',
    });

    expect(line).toBe('session=a.b-c; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax');
  });

  it.each(['a;b', 'a\r\nb', 'a\nSet-Cookie: x', 'é', '\0', '\ud800'])(
    'refuses the value %j, which would need escaping',
    (text) => {
      expect(() => serializeCookie('session', text, {})).toThrow(TypeError);
    },
  );

  it.each(['a;b', 'a\r\nb', 'a=b', 'a b', ''])('refuses the name %j', (name) => {
    expect(() => serializeCookie(name, 'x', {})).toThrow(TypeError);
  });

  it('writes one line for any value, or refuses it', () => {
    fc.assert(
      fc.property(fc.oneof(value, fc.string({ unit: 'binary' })), (text) => {
        const write = () => serializeCookie('session', text, { path: '/' });

        // What a cookie-octet may be, and what would start another attribute or line.
        if (/^[!-:<-~]*$/.test(text)) expect(write()).toBe(`session=${text}; Path=/`);
        else if (/[;\r\n\0]/.test(text)) expect(write).toThrow(TypeError);
      }),
      { numRuns: 500 },
    );
  });
});

describe('serializeExpiredCookie', () => {
  it('writes an empty value that ends at once, with the attributes it was set with', () => {
    const line = serializeExpiredCookie('session', {
      path: '/app',
      domain: 'app.example',
      sameSite: 'none',
      secure: true,
    });

    expect(line).toBe('session=; Max-Age=0; Domain=app.example; Path=/app; Secure; SameSite=None');
  });
});
