import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { encryptCompact } from '../../../lib/crypto/compact-jwe.js';
import { Sealer } from '../../../lib/crypto/sealer.js';
import { deriveSealingKey } from '../../../lib/crypto/sealing-key.js';

const SECRET = 'a-secret-for-tests-with-32-characters-or-more';
const OLDER_SECRET = 'an-older-secret-with-32-characters-or-more!!';
const NOW = 1_800_000_000_000;
/** What a version before this one sealed. */
const SEALED_BEFORE =
  'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiT0NZQXdzUXNvZnVPIiwidHlwIjoid3Jpc3RiYW5kLXNlc3Npb24ifQ' +
  '..SEPVhHqOwM4KLZFn.tf_yORi_nxS5PS6BTwdW4zc-d643DoGbAtjdl4xQf1wB48el2W7hAL8BodrWDvJ2MMRadrs.yM-9I4rzCt7_Tlq1t6OFFw';
let sealer: Sealer;
beforeEach(() => {
  sealer = new Sealer('session', [SECRET]);
});
const seal = (data: unknown, ...rest: [lifetime?: number, now?: number]) =>
  sealer.seal(JSON.stringify(data), ...rest);

describe('Sealer', () => {
  it('opens what it sealed, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const data = JSON.parse(JSON.stringify(value)) as unknown;

        const opened = sealer.open(seal(data, 60, NOW), NOW);

        expect(opened).toEqual({ data, issuedAt: NOW / 1000 });
      }),
      { numRuns: 500 },
    );
  });

  it('makes values that need no escaping in a cookie', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(seal({ text })).toMatch(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
      }),
    );
  });

  it('opens what was sealed by an earlier version', () => {
    expect(sealer.open(SEALED_BEFORE)).toEqual({
      data: { id: 'id-1', name: 'Zoë' },
      issuedAt: NOW / 1000,
    });
  });

  it('cannot be made without a secret', () => {
    expect(() => new Sealer('session', [])).toThrow('needs at least one secret');
  });

  it('never seals the same data to the same value twice', () => {
    const values = Array.from({ length: 100 }, () => seal({ a: 1 }, 60, NOW));

    expect(new Set(values).size).toBe(100);
  });

  it('answers nothing for a value with any single bit flipped', () => {
    const sealed = seal({ userId: 'u-1', note: 'é€😀' }, 60, NOW);
    const bytes = Buffer.from(sealed);

    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(sealer.open(flipped.toString('latin1'), NOW), `bit ${bit}`).toBeUndefined();
    }
  });

  it('answers nothing for a value cut at any place', () => {
    const sealed = seal({ userId: 'u-1' }, 60, NOW);

    for (let length = 0; length < sealed.length; length += 1) {
      expect(sealer.open(sealed.slice(0, length), NOW)).toBeUndefined();
      expect(sealer.open(sealed.slice(length + 1), NOW)).toBeUndefined();
    }
  });

  it('answers nothing for another spelling of the same bytes', () => {
    const sealed = seal({ userId: 'u-1' }, 60, NOW);

    expect(sealer.open(`${sealed}=`, NOW)).toBeUndefined();
    expect(sealer.open(`${sealed} `, NOW)).toBeUndefined();
    expect(sealer.open(`${sealed}.`, NOW)).toBeUndefined();
    // What Node's decoder takes for the same letter.
    const letter = String.fromCharCode(sealed.charCodeAt(0) + 0x100);
    expect(sealer.open(letter + sealed.slice(1), NOW)).toBeUndefined();
  });

  it('refuses a value from the second at which its lifetime is over', () => {
    const sealed = seal('data', 60, NOW);

    expect(sealer.open(sealed, NOW + 59_999)).toBeDefined();
    expect(sealer.open(sealed, NOW + 60_000)).toBeUndefined();
  });

  it('keeps a value without a lifetime open', () => {
    const sealed = seal('data', undefined, NOW);

    expect(sealer.open(sealed, NOW + 10 ** 12)).toMatchObject({ data: 'data' });
  });

  it('does not open a login state as a session, or the other way round', () => {
    const loginStates = new Sealer('login-state', [SECRET]);

    expect(sealer.open(loginStates.seal('{"isAuthenticated":true}'))).toBeUndefined();
    expect(loginStates.open(seal({ state: 's' }))).toBeUndefined();
  });

  it('seals with the first secret and opens with all', () => {
    const older = new Sealer('session', [OLDER_SECRET]);
    const rotated = new Sealer('session', [SECRET, OLDER_SECRET]);

    expect(rotated.open(older.seal('"from before"'))).toMatchObject({ data: 'from before' });
    expect(sealer.open(rotated.seal('"from now"'))).toMatchObject({ data: 'from now' });
    expect(older.open(rotated.seal('"from now"'))).toBeUndefined();
  });

  it('names the key in the header, and only the key of its secret', () => {
    const header = (value: string) =>
      JSON.parse(Buffer.from(value.split('.')[0]!, 'base64url').toString()) as unknown;
    const { kid } = deriveSealingKey(SECRET, 'session');

    expect(header(seal('x'))).toEqual({ alg: 'dir', enc: 'A256GCM', kid, typ: 'wristband-session' });
    expect(deriveSealingKey(OLDER_SECRET, 'session').kid).not.toBe(kid);
  });
});

describe('the sealed format is standard JWE', () => {
  const key = createSecretKey('L-1JtLGEo5dJxtjRIm46R_xxuprHd5g8yE4ejB7MwPA', 'base64url');
  const raw = new Uint8Array(key.export());
  const kid = 'OCYAwsQsofuO';
  const typ = 'wristband-session';
  const encode = (envelope: unknown) => new TextEncoder().encode(JSON.stringify(envelope));

  it('opens with jose', async () => {
    const { plaintext, protectedHeader } = await compactDecrypt(seal({ a: 'ü' }, 60, NOW), raw);

    expect(JSON.parse(new TextDecoder().decode(plaintext))).toEqual({
      iat: NOW / 1000,
      exp: NOW / 1000 + 60,
      data: { a: 'ü' },
    });
    expect(protectedHeader).toEqual({ alg: 'dir', enc: 'A256GCM', kid, typ });
  });

  it('opens what jose sealed, with the header in any order', async () => {
    const sealed = await new CompactEncrypt(encode({ iat: NOW / 1000, data: 'from jose' }))
      .setProtectedHeader({ typ, kid, enc: 'A256GCM', alg: 'dir' })
      .encrypt(raw);

    expect(sealer.open(sealed, NOW)).toMatchObject({ data: 'from jose', issuedAt: NOW / 1000 });
  });

  it.each([
    ['nothing unusual', {}, true],
    ['another purpose', { typ: 'wristband-login-state' }, false],
    ['an unknown key', { kid: 'another' }, false],
    ['another algorithm', { alg: 'A256KW' }, false],
    ['another encryption', { enc: 'A256CBC-HS512' }, false],
    ['compression', { zip: 'DEF' }, false],
    ['a critical extension', { crit: ['b64'] }, false],
  ])('refuses the right key under a header with %s', (_, changes, isOpened) => {
    const header = Buffer.from(JSON.stringify({ typ, kid, enc: 'A256GCM', alg: 'dir', ...changes })).toString(
      'base64url',
    );

    const sealed = encryptCompact(JSON.stringify({ iat: NOW / 1000, data: 1 }), header, key);

    expect(sealer.open(sealed, NOW) !== undefined).toBe(isOpened);
  });

  it.each([
    [null],
    [[]],
    ['text'],
    [{ data: 1 }],
    [{ iat: '1', data: 1 }],
    [{ iat: 1, exp: 'never', data: 1 }],
    [{ iat: 1, exp: null, data: 1 }],
  ])('refuses an envelope that is not ours: %j', async (envelope) => {
    const sealed = await new CompactEncrypt(encode(envelope))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, typ })
      .encrypt(raw);

    expect(sealer.open(sealed, NOW)).toBeUndefined();
  });
});
