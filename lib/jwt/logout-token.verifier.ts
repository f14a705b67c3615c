import { Injectable } from '@nestjs/common';
import type { JWTPayload, JWTVerifyResult } from 'jose';
import { WristbandException } from '../errors/wristband.exception.js';
import { isJsonObject, isText } from '../json/json.js';
import { MAX_TOKEN_LENGTH } from './bearer-token.js';
import { tokenProblem } from './invalid-token.js';
import { RemoteKeySet } from './remote-key-set.js';
import { isTokenType } from './token-type.js';
import { CLOCK_TOLERANCE, ClientTokenVerifier } from './client-token.verifier.js';

/** Seconds: long enough for a sender that tries again after an outage, short for somebody who kept a token. */
const MAX_AGE = 5 * 60;

/** Seconds for which a token may be accepted, by clocks that differ as much as they may. */
export const LOGOUT_TOKEN_LIFETIME = MAX_AGE + 2 * CLOCK_TOLERANCE;

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** What a good logout token says. It has a user, a session at Wristband, or both. */
export interface LogoutToken {
  readonly jti: string;
  /** Seconds since the epoch, by the clock of Wristband. */
  readonly issuedAt: number;
  readonly sub: string | undefined;
  readonly sid: string | undefined;
}

/**
 * Proves that Wristband ended a session, or all of a user. Whether a token came before is not its business.
 *
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
 */
@Injectable()
export class LogoutTokenVerifier {
  constructor(
    private readonly tokens: ClientTokenVerifier,
    private readonly keySet: RemoteKeySet,
  ) {}

  /** @throws {WristbandException} `invalid_logout_token`, `wristband_unavailable` */
  async verify(token: string): Promise<LogoutToken> {
    if (token.length > MAX_TOKEN_LENGTH) throw invalidLogoutToken('is too long');
    const { payload, protectedHeader } = await this.#verified(token);
    // What says that it is something else is not looked at further. Many providers leave the type out, or say just JWT.
    const { typ = 'jwt' } = protectedHeader;
    if (!isTokenType(typ, 'logout+jwt') && !isTokenType(typ, 'jwt')) {
      throw invalidLogoutToken('is another kind of JWT');
    }
    return logoutTokenFrom(payload);
  }

  async #verified(token: string): Promise<JWTVerifyResult> {
    try {
      return await this.tokens.verify(token, {
        // Anybody can post one: made-up key IDs must not become as many calls to Wristband.
        keysFor: (kid) => this.keySet.forBearerToken(kid),
        requiredClaims: ['jti'],
        maxTokenAge: MAX_AGE,
      });
    } catch (error) {
      if (error instanceof WristbandException) throw error;
      throw invalidLogoutToken(tokenProblem(error), error);
    }
  }
}

/** A refused logout token. @param problem the end of a sentence about the token; it never quotes the token */
export function invalidLogoutToken(problem: string, cause?: unknown): WristbandException {
  return new WristbandException('invalid_logout_token', `The logout token ${problem}`, { cause });
}

function logoutTokenFrom({ events, nonce, jti, iat = 0, sub, sid }: JWTPayload): LogoutToken {
  // An ID token always has one, so that neither can be taken for the other.
  if (nonce !== undefined) throw invalidLogoutToken('has a nonce, as an ID token has');
  if (!isJsonObject(events) || !isJsonObject(events[LOGOUT_EVENT])) {
    throw invalidLogoutToken('tells of no logout');
  }
  if (!isText(jti)) throw invalidLogoutToken('has no ID');
  if (!isTextOrAbsent(sub) || !isTextOrAbsent(sid) || (sub ?? sid) === undefined) {
    throw invalidLogoutToken('does not say whose session is over');
  }
  return { jti, issuedAt: iat, sub, sid };
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}
