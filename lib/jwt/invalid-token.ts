import * as errors from 'jose/errors';
import { WristbandException } from '../errors/wristband.exception.js';

const WRONG_CLAIMS: Readonly<Record<string, string>> = {
  iss: 'was issued by another issuer',
  exp: 'does not say when it expires',
  nbf: 'is not good yet',
  iat: 'does not say when it was issued',
  sub: 'does not say whose it is',
  aud: 'was issued to another client',
  azp: 'was issued to another client',
  jti: 'has no ID',
};

/** A refused access token. @param problem the end of a sentence about the token; it never quotes the token */
export function invalidToken(problem: string, cause?: unknown): WristbandException {
  return new WristbandException('invalid_token', `The access token ${problem}`, { cause });
}

/** Tells in our words what the JOSE library refused. An outage stays what it is. */
export function asInvalidToken(error: unknown): WristbandException {
  return error instanceof WristbandException ? error : invalidToken(tokenProblem(error), error);
}

/** What the JOSE library did not like about a token, as the end of a sentence about it. */
export function tokenProblem(error: unknown): string {
  if (error instanceof errors.JWTExpired) return error.claim === 'iat' ? 'is too old' : 'has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'iat' && error.reason === 'check_failed') return 'was issued in the future';
    return WRONG_CLAIMS[error.claim] ?? 'makes a claim that cannot be right';
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'has a wrong signature';
  if (error instanceof errors.JWKSNoMatchingKey) return 'is signed with an unknown key';
  if (error instanceof errors.JOSENotSupported) return 'asks for an extension that is not known here';
  return 'is no signed JWT';
}
