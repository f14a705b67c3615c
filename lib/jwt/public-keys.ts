import type { JWK, JWTVerifyGetKey } from 'jose';
import { createLocalJWKSet } from 'jose/jwks/local';
import { isJsonObject } from '../json/json.js';

/** One state of Wristband's key set. An equal state is the same object, so `===` tells whether keys changed. */
export interface PublicKeys {
  readonly kids: ReadonlySet<string>;
  /** The key for the header of a token; throws `JWKSNoMatchingKey`. */
  readonly find: JWTVerifyGetKey;
  /** The keys as a text, to compare. */
  readonly fingerprint: string;
  /** How many usable keys were left out, because they were more than the limit. */
  readonly leftOut: number;
}

/**
 * Picks the keys that can check a signature of Wristband out of a key set, the first `max` of them. What cannot be used
 * is skipped (RFC 7517 section 5), so that one broken entry does not take the others with it.
 */
export function parsePublicKeys(keySet: unknown, max: number): PublicKeys {
  const listed: unknown[] = isJsonObject(keySet) && Array.isArray(keySet.keys) ? keySet.keys : [];
  const usable = new Map<string, JWK>();
  for (const key of listed) {
    // Of two keys with one ID the first counts: a later one must not be able to push it out.
    if (isSigningKey(key) && !usable.has(key.kid)) usable.set(key.kid, key);
  }
  const keys = [...usable.values()].slice(0, max);
  return {
    kids: new Set([...usable.keys()].slice(0, max)),
    find: createLocalJWKSet({ keys }),
    fingerprint: JSON.stringify(keys),
    leftOut: usable.size - keys.length,
  };
}

/** An RSA key for RS256. Its length and `key_ops` are checked by the JOSE library when it is used. */
function isSigningKey(key: unknown): key is JWK & { kid: string } {
  if (!isJsonObject(key)) return false;
  const { kty, kid, n, e, use = 'sig', alg = 'RS256' } = key;
  const hasParts = [kid, n, e].every((part) => typeof part === 'string' && part !== '');
  return kty === 'RSA' && hasParts && use === 'sig' && alg === 'RS256';
}
