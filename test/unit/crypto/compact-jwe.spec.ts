import { createCipheriv, createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decryptCompact, encryptCompact, splitCompact } from '../../../lib/crypto/compact-jwe.js';

const KEY = createSecretKey(Buffer.alloc(32, 1));
const HEADER = Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url');

/** The header, the IV, the ciphertext and the tag of `text`, as anybody with the key can make them. */
function encrypted(text: string, ivBytes = 12): string[] {
  const iv = Buffer.alloc(ivBytes, 2);
  const cipher = createCipheriv('aes-256-gcm', KEY, iv);
  cipher.setAAD(Buffer.from(HEADER));
  const ciphertext = Buffer.concat([cipher.update(text), cipher.final()]);
  return [HEADER, ...[iv, ciphertext, cipher.getAuthTag()].map((bytes) => bytes.toString('base64url'))];
}

function decrypt(token: string): string | undefined {
  const jwe = splitCompact(token);
  return jwe && decryptCompact(jwe, KEY);
}

describe('decryptCompact', () => {
  it.each(['', 'text', 'é€😀', 'x'.repeat(5000)])('gives back what was encrypted: %j', (text) => {
    expect(decrypt(encryptCompact(text, HEADER, KEY))).toBe(text);
  });

  it('decrypts what another library made with the key', () => {
    const [header, iv, ciphertext, tag] = encrypted('text');

    expect(decrypt(`${header}..${iv}.${ciphertext}.${tag}`)).toBe('text');
  });

  it('refuses an encrypted key, which nobody looks at', () => {
    const [header, iv, ciphertext, tag] = encrypted('text');

    expect(decrypt(`${header}.AAAA.${iv}.${ciphertext}.${tag}`)).toBeUndefined();
  });

  it.each([8, 16])('refuses an IV of %i bytes, of which the standard knows nothing', (bytes) => {
    const [header, iv, ciphertext, tag] = encrypted('text', bytes);

    expect(decrypt(`${header}..${iv}.${ciphertext}.${tag}`)).toBeUndefined();
  });

  it.each([0, 1, 4, 8, 15])('refuses a tag of %i bytes, which would be easier to forge', (length) => {
    const [header, iv, ciphertext, tag = ''] = encrypted('text');
    const short = Buffer.from(tag, 'base64url').subarray(0, length).toString('base64url');

    expect(decrypt(`${header}..${iv}.${ciphertext}.${short}`)).toBeUndefined();
  });

  it.each(['iv', 'ciphertext', 'tag'])('refuses the %s in another spelling of the same bytes', (part) => {
    const [header, iv, ciphertext, tag] = encrypted('text');
    const parts: Record<string, string | undefined> = { iv, ciphertext, tag };

    parts[part] = `${parts[part]}=`;

    expect(decrypt(`${header}..${parts.iv}.${parts.ciphertext}.${parts.tag}`)).toBeUndefined();
  });
});

describe('splitCompact', () => {
  it('knows the five parts', () => {
    expect(splitCompact('a.b.c.d.e')).toEqual({
      header: 'a',
      encryptedKey: 'b',
      iv: 'c',
      ciphertext: 'd',
      tag: 'e',
    });
  });

  it.each(['', 'a', 'a.b.c.d', 'a.b.c.d.e.f'])('refuses %j, which has not five', (token) => {
    expect(splitCompact(token)).toBeUndefined();
  });
});
