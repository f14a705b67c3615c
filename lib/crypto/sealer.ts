import { decryptCompact, encryptCompact, splitCompact } from './compact-jwe.js';
import { isJsonObject, parseJson } from '../json/json.js';
import { deriveSealingKey, type SealingKey, type SealPurpose } from './sealing-key.js';

/** What came out of a sealed value. Times are seconds since the epoch, as in a JWT. */
export interface Unsealed {
  readonly data: unknown;
  /** `data` as the text that was sealed, to see later whether it changed. */
  readonly json: string;
  readonly issuedAt: number;
}

interface Envelope {
  readonly iat: number;
  readonly exp?: number;
  readonly data: unknown;
}

/** Stands before the data, which is always the last member. */
const DATA = '"data":';

/**
 * Seals data into text and opens it again: one format for every cookie, every record of a store and the notes in `state`, a
 * compact JWE with issue and expiry time inside. The first secret seals, all of them open.
 */
export class Sealer {
  readonly #newest: SealingKey;
  readonly #keys: readonly SealingKey[];

  constructor(purpose: SealPurpose, secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => deriveSealingKey(secret, purpose));
    const [newest] = this.#keys;
    if (newest === undefined) throw new RangeError('Sealer needs at least one secret');
    this.#newest = newest;
  }

  /**
   * @param json the data, as JSON
   * @param lifetime seconds until {@link open} refuses the value; absent means it has no end of its own
   */
  seal(json: string, lifetime?: number, now = Date.now()): string {
    const iat = Math.floor(now / 1000);
    const exp = lifetime === undefined ? '' : `"exp":${iat + lifetime},`;
    return encryptCompact(`{"iat":${iat},${exp}${DATA}${json}}`, this.#newest.header, this.#newest.key);
  }

  /** Opens a sealed value. Whatever is wrong with it (forged, cut, expired, another purpose), it is `undefined`. */
  open(token: string, now = Date.now()): Unsealed | undefined {
    const jwe = splitCompact(token);
    const key = jwe && this.#keyFor(jwe.header);
    const plaintext = key && decryptCompact(jwe, key.key);
    if (plaintext === undefined) return undefined;
    const envelope = parseJson(plaintext);
    if (!isEnvelope(envelope)) return undefined;
    const { iat, exp = Infinity, data } = envelope;
    if (exp <= now / 1000) return undefined;
    const json = plaintext.slice(plaintext.indexOf(DATA) + DATA.length, -1);
    return { data, json, issuedAt: iat };
  }

  #keyFor(header: string): SealingKey | undefined {
    return this.#keys.find((key) => key.header === header) ?? this.#keyForForeignHeader(header);
  }

  /** The same header may be written by another JOSE library with its members in another order. */
  #keyForForeignHeader(header: string): SealingKey | undefined {
    const fields = parseJson(Buffer.from(header, 'base64url').toString());
    if (!isJsonObject(fields) || fields.alg !== 'dir' || fields.enc !== 'A256GCM') return undefined;
    if ('crit' in fields || 'zip' in fields) return undefined;
    return this.#keys.find((key) => key.kid === fields.kid && key.typ === fields.typ);
  }
}

function isEnvelope(value: unknown): value is Envelope {
  if (!isJsonObject(value)) return false;
  const { iat, exp } = value;
  return typeof iat === 'number' && (exp === undefined || typeof exp === 'number');
}
