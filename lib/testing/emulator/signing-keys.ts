import { randomUUID } from 'node:crypto';
import {
  compactVerify,
  exportJWK,
  generateKeyPair,
  importJWK,
  SignJWT,
  type JWK,
  type JWTPayload,
} from 'jose';

/** Keys of emulators that were closed: making one costs a fifth of a second, and test suites start many emulators. */
const spareKeys: JWK[] = [];

/** The emulator's key set: the first key signs, all of them are published. */
export class SigningKeys {
  private foreign?: Promise<JWK>;
  private isReleased = false;

  private constructor(private keys: JWK[]) {}

  /** Makes a set of one RSA key. */
  static async generate(): Promise<SigningKeys> {
    return new SigningKeys([await generateKey()]);
  }

  /** The private keys, newest first. */
  get jwks(): JWK[] {
    return this.keys;
  }

  /** Puts a new key in front of the old ones, or in their place. */
  async rotate(keepOld: boolean): Promise<void> {
    this.keys = [await generateKey(), ...(keepOld ? this.keys : [])];
  }

  /** Leaves the keys to emulators that are started later. */
  release(): void {
    if (!this.isReleased) spareKeys.push(...this.keys);
    this.isReleased = true;
  }

  /** Signs claims; with `foreign` under the current `kid` but with a key that nobody published. */
  async sign(claims: JWTPayload, options: { typ?: string; foreign?: boolean }): Promise<string> {
    const current = this.current;
    const key = options.foreign ? await (this.foreign ??= generateKey()) : current;
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: current.kid, ...(options.typ && { typ: options.typ }) })
      .sign(key);
  }

  /** The claims of a token that one of the published keys signed; expiry is not looked at. */
  async verify(token: string): Promise<JWTPayload | undefined> {
    try {
      const { payload } = await compactVerify(token, async ({ kid }) => {
        const key = this.keys.find((candidate) => candidate.kid === kid);
        if (!key) throw new Error('unknown key');
        return importJWK({ kty: 'RSA', n: key.n ?? '', e: key.e ?? '' }, 'RS256');
      });
      const claims: JWTPayload = JSON.parse(new TextDecoder().decode(payload));
      return claims;
    } catch {
      return undefined;
    }
  }

  private get current(): JWK {
    const [current] = this.keys;
    if (!current) throw new Error('A key set is never empty.');
    return current;
  }
}

async function generateKey(): Promise<JWK> {
  const key = spareKeys.pop() ?? (await exportKey());
  // A new ID also for a spare key: tokens of the emulator that had it are those of an unknown key.
  return { ...key, kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

async function exportKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return exportJWK(privateKey);
}
