import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { beforeAll, expect, it } from 'vitest';
import { parsePublicKeys } from '../../../lib/jwt/public-keys.js';

let key: JWK;

beforeAll(async () => {
  key = { ...(await exportJWK((await generateKeyPair('RS256')).publicKey)), kid: 'a' };
});

it.each([
  ['nothing', undefined],
  ['no object', 'keys'],
  ['no list', { keys: {} }],
  ['an empty list', { keys: [] }],
])('finds no keys in %s', (_title, keySet) => {
  expect(parsePublicKeys(keySet, 20).size).toBe(0);
});

it('skips what cannot check a signature of Wristband, and keeps the rest', () => {
  const broken = [
    null,
    42,
    {},
    { ...key, kid: 1 },
    { ...key, kid: 'no modulus', n: undefined },
    { ...key, kid: 'for encryption', use: 'enc' },
    { ...key, kid: 'other algorithm', alg: 'RS512' },
    { kid: 'secret', kty: 'oct', k: 'c2VjcmV0' },
    { kid: 'curve', kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' },
  ];

  const { kids, leftOut } = parsePublicKeys({ keys: [...broken, key] }, 20);

  expect([...kids]).toEqual(['a']);
  expect(leftOut).toBe(0);
});

it('keeps the first keys of a large set and says how many it left out', () => {
  const keys = Array.from({ length: 25 }, (_, index) => ({ ...key, kid: `key-${index}` }));

  const { kids, leftOut } = parsePublicKeys({ keys }, 20);

  expect([...kids]).toEqual(keys.slice(0, 20).map(({ kid }) => kid));
  expect(leftOut).toBe(5);
});

it('lets the first of two keys with one ID count', async () => {
  const other = { ...(await exportJWK((await generateKeyPair('RS256')).publicKey)), kid: 'a' };

  expect(parsePublicKeys({ keys: [key, other] }, 20).fingerprint).toBe(
    parsePublicKeys({ keys: [key] }, 20).fingerprint,
  );
});

it.each([undefined, null, ''])('keeps keys whose ID is %j', (kid) => {
  const { kids, hasUnnamed, size } = parsePublicKeys(
    {
      keys: [
        { ...key, kid },
        { ...key, kid },
      ],
    },
    20,
  );

  expect({ kids: [...kids], hasUnnamed, size }).toEqual({ kids: [], hasUnnamed: true, size: 2 });
});

it('takes null for absent', async () => {
  const nulls = { use: null, alg: null, key_ops: null, ext: null, x5c: null };
  const { find } = parsePublicKeys({ keys: [{ ...key, ...nulls }] }, 20);

  expect(await find({ alg: 'RS256', kid: 'a' }, { payload: '', signature: '' })).toBeInstanceOf(CryptoKey);
});
