import { createHmac } from 'node:crypto';
import { derive } from './sealing-key.js';

const KEY_BYTES = 32;

/**
 * Hashes that nobody can make or check without a secret: what is hashed may be easy to guess. What is found by one of them
 * is found by every process that has one of the secrets.
 */
export class KeyedHash {
  readonly #keys: readonly Buffer[];

  /** @param use sets hashes of one use apart from those of another */
  constructor(use: string, secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => derive(secret, `hash ${use}`, KEY_BYTES));
  }

  /** The hashes of a text with every secret, newest first. */
  all(text: string): string[] {
    return this.#keys.map((key) => createHmac('sha256', key).update(text).digest('base64url'));
  }
}
