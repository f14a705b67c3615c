import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';

/** The five dot-separated parts of a JWE (RFC 7516 section 7.1); with `alg: dir` the second is empty. */
export interface CompactJwe {
  readonly header: string;
  readonly encryptedKey: string;
  readonly iv: string;
  readonly ciphertext: string;
  readonly tag: string;
}

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts a text as compact JWE with `alg: dir` and `enc: A256GCM`. Synchronous, so that a cookie can be
 * sealed while the response headers are written.
 *
 * @param header the protected header, already base64url-encoded: it is authenticated as it stands
 * @see https://www.rfc-editor.org/rfc/rfc7518#section-5.3
 */
export function encryptCompact(plaintext: string, header: string, key: KeyObject): string {
  const iv = nextIv();
  const cipher = createCipheriv(ALGORITHM, key, iv);
  cipher.setAAD(Buffer.from(header));
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  return `${header}..${iv.toString('base64url')}.${ciphertext.toString('base64url')}.${cipher.getAuthTag().toString('base64url')}`;
}

let unusedIvs = Buffer.alloc(0);

/** Random, and drawn for many values at once: one draw costs as much as the encryption of a small cookie. */
function nextIv(): Buffer {
  if (unusedIvs.length === 0) unusedIvs = randomBytes(IV_BYTES * 256);
  const iv = unusedIvs.subarray(0, IV_BYTES);
  unusedIvs = unusedIvs.subarray(IV_BYTES);
  return iv;
}

/** Splits a compact JWE, or answers `undefined` when it has not exactly five parts. */
export function splitCompact(token: string): CompactJwe | undefined {
  const parts = token.split('.');
  if (parts.length !== 5) return undefined;
  const [header, encryptedKey, iv, ciphertext, tag] = parts as [string, string, string, string, string];
  return { header, encryptedKey, iv, ciphertext, tag };
}

/** Decrypts what {@link encryptCompact} made; anything forged, cut or re-encoded is `undefined`, never an error. */
export function decryptCompact(jwe: CompactJwe, key: KeyObject): string | undefined {
  const iv = decodeStrict(jwe.iv);
  const ciphertext = decodeStrict(jwe.ciphertext);
  const tag = decodeStrict(jwe.tag);
  if (jwe.encryptedKey !== '' || !ciphertext || iv?.length !== IV_BYTES || tag?.length !== TAG_BYTES) {
    return undefined;
  }
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(jwe.header));
  decipher.setAuthTag(tag);
  try {
    return decipher.update(ciphertext, undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}

/** Node ignores stray characters and unused bits in base64url; two texts for one cookie would be malleable. */
function decodeStrict(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
