import type { JWK, JWTVerifyGetKey, JWTVerifyOptions, JWTVerifyResult } from 'jose';
import { JWKSMultipleMatchingKeys, JWSSignatureVerificationFailed } from 'jose/errors';
import { createLocalJWKSet } from 'jose/jwks/local';
import { jwtVerify } from 'jose/jwt/verify';
import { isJsonObject, isText } from '../json/json.js';

/** One state of Wristband's key set. An equal state is the same object, so `===` tells whether keys changed. */
export interface PublicKeys {
  readonly kids: ReadonlySet<string>;
  /** Whether some keys have no ID, so that tokens need not name theirs. */
  readonly hasUnnamed: boolean;
  readonly size: number;
  /** The key for the header of a token; throws `JWKSNoMatchingKey`, or `JWKSMultipleMatchingKeys` to try several. */
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
  const seen = new Set<string>();
  const usable: JWK[] = [];
  for (const given of listed) {
    const key = withoutNulls(given);
    if (!isSigningKey(key)) continue;
    // Of two keys with one ID the first counts: a later one must not be able to push it out.
    if (isText(key.kid) && seen.has(key.kid)) continue;
    if (isText(key.kid)) seen.add(key.kid);
    usable.push(key);
  }
  const keys = usable.slice(0, max);
  const named = keys.filter(({ kid }) => isText(kid));
  const unnamed = keys.filter(({ kid }) => !isText(kid));
  const kids = new Set(named.map(({ kid }) => kid!));
  return {
    kids,
    hasUnnamed: unnamed.length > 0,
    size: keys.length,
    find: finder(kids, createLocalJWKSet({ keys: unnamed }), createLocalJWKSet({ keys })),
    fingerprint: JSON.stringify(keys),
    leftOut: usable.length - keys.length,
  };
}

/** A token that names no known key may be signed with one that has no ID; one that names none, with any. */
function finder(kids: ReadonlySet<string>, unnamed: JWTVerifyGetKey, all: JWTVerifyGetKey): JWTVerifyGetKey {
  return (header, token) => {
    const { kid, ...nameless } = header;
    if (kid === undefined || kid === '') return all(nameless, token);
    return kids.has(kid) ? all(header, token) : unnamed(nameless, token);
  };
}

/** Wristband writes null for what there is not. */
function withoutNulls(key: unknown): unknown {
  return isJsonObject(key)
    ? Object.fromEntries(Object.entries(key).filter(([, part]) => part !== null))
    : key;
}

/** An RSA key for RS256. Its length and `key_ops` are checked by the JOSE library when it is used. */
function isSigningKey(key: unknown): key is JWK {
  if (!isJsonObject(key)) return false;
  const { kty, kid = '', n, e, use = 'sig', alg = 'RS256' } = key;
  return (
    kty === 'RSA' && typeof kid === 'string' && isText(n) && isText(e) && use === 'sig' && alg === 'RS256'
  );
}

/**
 * `jwtVerify()` that tries every key where several may have signed the token.
 *
 * @throws an error of the JOSE library when the token is not good; what `findKey` throws
 */
export async function verifyWithKeys(
  token: string,
  findKey: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, findKey, options);
  } catch (error) {
    if (!(error instanceof JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      const verified = await jwtVerify(token, key, options).catch((reason: unknown) => {
        if (!(reason instanceof JWSSignatureVerificationFailed)) throw reason;
      });
      if (verified) return verified;
    }
    throw new JWSSignatureVerificationFailed();
  }
}
