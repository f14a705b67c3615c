import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** What a sealed value is for. Each purpose has its own key, so one kind of cookie never opens as another. */
export type SealPurpose =
  | 'session'
  | 'login-state'
  | 'sign-in-count'
  | 'state-notes'
  | 'session-id'
  | 'session-record'
  | 'token-renewal';

/** A key for one purpose, made from one secret. */
export interface SealingKey {
  readonly kid: string;
  readonly typ: string;
  readonly key: KeyObject;
  /** The protected JWE header of everything this key seals, base64url. */
  readonly header: string;
}

const KEY_BYTES = 32;
const KID_BYTES = 9;

/**
 * Derives the key of a purpose from a secret with HKDF-SHA256. The `kid` comes from the secret alone, by a
 * derivation of its own, so it tells which secret sealed a cookie and nothing about the key.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5869
 */
export function deriveSealingKey(secret: string, purpose: SealPurpose): SealingKey {
  const kid = derive(secret, 'kid', KID_BYTES).toString('base64url');
  const typ = `wristband-${purpose}`;
  const header = JSON.stringify({ alg: 'dir', enc: 'A256GCM', kid, typ });
  return {
    kid,
    typ,
    key: createSecretKey(derive(secret, purpose, KEY_BYTES)),
    header: Buffer.from(header).toString('base64url'),
  };
}

/** Bytes that belong to one use of a secret: they tell nothing about it, nor about those of another use. */
export function derive(secret: string, label: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `nestjs-wristband ${label}`, length));
}
