import { createHmac } from 'node:crypto';
import { derive } from './sealing-key.js';

const KEY_BYTES = 32;

/**
 * Hashes that nobody can make or check without a secret: what is hashed may be easy to guess. The newest secret makes them;
 * to find what an older one made, look for all.
 */
export class KeyedHash {
  readonly #keys: readonly Buffer[];

  /** @param use sets hashes of one use apart from those of another */
  constructor(use: string, secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => derive(secret, `hash ${use}`, KEY_BYTES));
  }

  /** The hash of a text with the newest secret. */
  newest(text: string): string {
    const [hash] = this.all(text, 1);
    if (hash === undefined) throw new RangeError('KeyedHash needs at least one secret');
    return hash;
  }

  /** Its hashes with every secret, newest first. */
  all(text: string, count = this.#keys.length): string[] {
    const keys = this.#keys.slice(0, count);
    return keys.map((key) => createHmac('sha256', key).update(text).digest('base64url'));
  }
}
