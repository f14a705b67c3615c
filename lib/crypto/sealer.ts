import { decryptCompact, encryptCompact, splitCompact } from './compact-jwe.js';
import { isJsonObject, parseJson } from '../json/json.js';
import { jsonProblem, MAX_DEPTH } from '../json/json-problem.js';
import { deriveSealingKey, type SealingKey, type SealPurpose } from './sealing-key.js';

/** What came out of a sealed value. Times are seconds since the epoch, as in a JWT. */
export interface Unsealed {
  readonly data: unknown;
  readonly issuedAt: number;
}

interface Envelope {
  readonly iat: number;
  readonly exp?: number;
  readonly data: unknown;
}

/** Levels that the envelope, and the object inside it, add to the deepest value that may be sealed. */
const ENVELOPE_DEPTH = 2;

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
    return encryptCompact(`{"iat":${iat},${exp}"data":${json}}`, this.#newest.header, this.#newest.key);
  }

  /**
   * Opens a sealed value. Returns `undefined` when it is forged, cut, expired or sealed for another purpose, and when it
   * holds a value that JSON cannot write again, such as `1e999`.
   */
  open(token: string, now = Date.now()): Unsealed | undefined {
    const jwe = splitCompact(token);
    const key = jwe && this.#keyFor(jwe.header);
    const plaintext = key && decryptCompact(jwe, key.key);
    if (plaintext === undefined) return undefined;
    const envelope = parseJson(plaintext);
    if (!isEnvelope(envelope)) return undefined;
    const { iat, exp = Infinity, data } = envelope;
    if (exp <= now / 1000 || jsonProblem(envelope, MAX_DEPTH + ENVELOPE_DEPTH)) return undefined;
    return { data, issuedAt: iat };
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
