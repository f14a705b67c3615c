import fc, { type Arbitrary } from 'fast-check';

/** What means something in a host, a URL, a header, a cookie or a pattern, or looks like something that does. */
const PIECES = [
  ...'https://|http://|//|/|\\|:|:443|@|?|#|%|%00|%2f|%0d%0a|%E0%A4%A|[|]|{|}|(|)|<|>|"|\'|`|;|, |=|==|&|*|+|!|~|^'.split(
    '|',
  ),
  ...'evil.com|app.example|acme|ACME|localhost|127.0.0.1|[::1]|0x7f|xn--|xn--a|javascript:|data:'.split('|'),
  ...'{tenant_name}|$&|$`|${x}|__proto__|constructor|toString|null|undefined|NaN|true|0|-1|1e999|9007199254740993'.split(
    '|',
  ),
  ...'Bearer |bearer|session=|session.0=|login#|CSRF-TOKEN=|no-store|max-age=1|cross-site|text/html|GMT|eyJ'.split(
    '|',
  ),
  ...'|.|..|...|.com|-|--| |  |\t|\r|\n|\r\n|\0|\u007f|\u0085|\u00a0|\u00ad|\u00df|\u0130|\u212a|\u200b|\u2028'.split(
    '|',
  ),
  ...'\u202e|\u3000|\u3002|\uff0e|\uff0f|\uff45|\ufeff|\ud800|\udc00|\u{1f608}|é'.split('|'),
  '|',
];
export const piece = fc.constantFrom(...PIECES);

/** Text as an attacker puts it together; some of it long. */
export const hostileText: Arbitrary<string> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .array(fc.oneof({ weight: 3, arbitrary: piece }, fc.string({ unit: 'binary', maxLength: 4 })), {
        maxLength: 8,
      })
      .map((parts) => parts.join('')),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 30 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(piece, fc.nat(10_000)).map(([one, times]) => one.repeat(times).slice(0, 10_000)),
  },
);

/** A good text with up to three places of it taken out, doubled, or replaced. */
export function damaged(good: Arbitrary<string> | string): Arbitrary<string> {
  const text = typeof good === 'string' ? fc.constant(good) : good;
  const change = fc.tuple(
    fc.nat(),
    fc.nat(8),
    fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 3 })),
    fc.nat(3),
  );
  return fc.tuple(text, fc.array(change, { maxLength: 3 })).map(([start, changes]) =>
    changes.reduce((result, [position, length, other, kind]) => {
      const at = position % (result.length + 1);
      const cut = result.slice(at, at + length);
      const instead = [other, '', cut + cut, cut.toUpperCase()][kind] ?? '';
      return result.slice(0, at) + instead + result.slice(at + length);
    }, start),
  );
}

/** A value as JSON brings it: of the wrong type, odd, deep, or with names that mean something in JavaScript. */
export const json: Arbitrary<unknown> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom<unknown>(
      null,
      true,
      false,
      0,
      -0,
      -1,
      1.5,
      2 ** 53,
      1e308,
      '',
      ' ',
      [],
      {},
      [[]],
      [null],
      'a',
    ),
  },
  // As JSON.parse reads 1e999.
  { weight: 1, arbitrary: fc.constantFrom<unknown>(Infinity, -Infinity) },
  { weight: 3, arbitrary: hostileText },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 500 })
      .map((depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('__proto__', 'constructor', 'toJSON', 'then')
      .map((name) => Object.fromEntries([[name, { x: 1 }]])),
  },
);

/** An object of which some members are missing or something else. */
export function distorted(
  good: Readonly<Record<string, unknown>>,
  value = json,
): Arbitrary<Record<string, unknown>> {
  const names = Object.keys(good);
  const others = fc.array(
    fc.tuple(
      fc.oneof(fc.constantFrom(...names), fc.constantFrom('__proto__', 'constructor', 'toJSON')),
      value,
    ),
    { maxLength: 3 },
  );
  return fc
    .tuple(fc.subarray(names, { minLength: Math.max(names.length - 2, 0) }), others)
    .map(([kept, changed]) =>
      Object.fromEntries([...kept.map((name) => [name, good[name]] as const), ...changed]),
    );
}

/** As JSON.stringify() writes it, but for what it would leave out and another program can write. */
export function jsonText(value: unknown): string {
  const text =
    JSON.stringify(value, (_, one: unknown) =>
      one === Infinity ? '\u0001' : one === -Infinity ? '\u0002' : one,
    ) ?? 'null';
  return text.replaceAll(String.raw`"\u0001"`, '1e999').replaceAll(String.raw`"\u0002"`, '-1e999');
}

export const base64url = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : jsonText(value)).toString('base64url');
