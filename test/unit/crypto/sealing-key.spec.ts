import { describe, expect, it } from 'vitest';
import { deriveSealingKey, type SealPurpose } from '../../../lib/crypto/sealing-key.js';

const SECRET = 'a-secret-for-tests-with-32-characters-or-more';

/** HKDF-SHA256 of the secret, without a salt, for `nestjs-wristband <purpose>`, made by another implementation. */
const KEYS: Record<SealPurpose, string> = {
  session: 'L-1JtLGEo5dJxtjRIm46R_xxuprHd5g8yE4ejB7MwPA',
  'login-state': 'X_GxleDJcZPqi_Vtu54R3r_-RZWBQaMMftd20Y0q7M8',
  'sign-in-count': 'jYvaa3euJiryVofi8Y7SBwVWokIIL5Y8UF8nqphdA_Q',
  'state-notes': 'OlSu92bjjm6ABtsJV14YllTs1BNeTlMac3tmn2PNH_Y',
  'session-id': 'TpKjDJSpo4otsVomdnpiYXu0Pv4S62hUTR8XfLZ-YRw',
  'session-record': 'P7iJofW0xqlJA0EmRq8H39IREk_D3FMrMSlauZi6LYA',
  'token-renewal': 'LLG0xpaF5m22O_QoU4SIJKmsgcCJyqEZdyJZLdvVGnY',
};

describe('deriveSealingKey', () => {
  it.each(Object.entries(KEYS))(
    'derives for %s the key that cookies and records have',
    (purpose, expected) => {
      const { key, kid, typ, header } = deriveSealingKey(SECRET, purpose as SealPurpose);

      expect(key.export().toString('base64url')).toBe(expected);
      // It names the secret, whatever the key is for.
      expect(kid).toBe('OCYAwsQsofuO');
      expect(typ).toBe(`wristband-${purpose}`);
      expect(header).toMatch(/^[\w-]+$/);
      expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
        alg: 'dir',
        enc: 'A256GCM',
        kid,
        typ,
      });
    },
  );

  it('has a key and a name of its own for each secret', () => {
    const [one, other] = [SECRET, `${SECRET}!`].map((secret) => deriveSealingKey(secret, 'session'));

    expect(one!.key.equals(other!.key)).toBe(false);
    expect(one!.kid).not.toBe(other!.kid);
  });
});
