import type { JWTPayload, ProtectedHeaderParameters } from 'jose';
import type { AccessTokenClaims } from '../interfaces/access-token.interface.js';
import { invalidToken } from './invalid-token.js';
import { isTokenType } from './token-type.js';

/** What a header must say before anything else is done; returns the ID of the key, if it names one. @throws {WristbandException} `invalid_token` */
export function checkAccessTokenHeader({ alg, typ, kid }: ProtectedHeaderParameters): string | undefined {
  if (alg !== 'RS256') throw invalidToken('is not signed with RS256');
  if (typ !== undefined && !isTokenType(typ, 'jwt') && !isTokenType(typ, 'at+jwt'))
    throw invalidToken('is another kind of JWT');
  // Typed as text, but anybody may have written the header.
  const named: unknown = kid;
  if (named === undefined || named === null || named === '') return undefined;
  if (typeof named !== 'string') throw invalidToken('does not say which key signed it');
  return named;
}

/** What the rules need to know beside the token. */
export interface AccessTokenRules {
  readonly allowedClientIds?: readonly string[] | undefined;
  /** Seconds. */
  readonly clockTolerance: number;
}

/**
 * The rules that the JOSE library does not know. It has checked signature, `iss`, `exp` and `nbf` before.
 *
 * @throws {WristbandException} `invalid_token`
 */
export function checkAccessTokenClaims(
  claims: JWTPayload,
  typ: string | undefined,
  { allowedClientIds, clockTolerance }: AccessTokenRules,
): AccessTokenClaims {
  const { sub, exp, iat = 0 } = claims;
  const issuedTo = claims.client_id ?? claims.azp;
  // JSON can write numbers that are too large for a date: 1e999 is infinite.
  if (!Number.isFinite(exp)) throw invalidToken('does not say when it expires');
  if (iat > Date.now() / 1000 + clockTolerance) throw invalidToken('was issued in the future');
  if (typeof sub !== 'string' || sub === '') throw invalidToken('does not say whose it is');
  for (const name of ['tnt_id', 'client_id']) {
    // Wristband writes null for what there is not.
    if (typeof (claims[name] ?? '') !== 'string') throw invalidToken('makes a claim that cannot be right');
  }
  if (!isTokenType(typ, 'at+jwt') && isIdToken(claims)) throw invalidToken('is an ID token');
  if (allowedClientIds && !allowedClientIds.some((allowed) => allowed === issuedTo)) {
    throw invalidToken('was issued to another client');
  }
  return claims as AccessTokenClaims;
}

/**
 * An ID token has the same issuer and the same keys, but it is for a client, not for an API. Wristband's access tokens
 * carry the type `at+JWT` (RFC 9068), so this is only asked of tokens that do not say what they are: there `nonce` and the
 * hashes exist in ID tokens alone, and who has an audience but no `client_id` has the client as the audience.
 */
function isIdToken({ aud, client_id: clientId, ...claims }: JWTPayload): boolean {
  const hasOwnClaims = ['nonce', 'at_hash', 'c_hash', 's_hash'].some((name) => claims[name] !== undefined);
  return hasOwnClaims || (aud !== undefined && typeof clientId !== 'string');
}
