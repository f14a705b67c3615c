import { decodeJwt } from 'jose/jwt/decode';
import type { TokenData } from '../interfaces/auth-flow.interface.js';
import type { TokenAnswer } from '../wristband-api/answer-shapes.js';

/**
 * Tokens with the time from which they count as expired. A buffer as long as the token lives would mean a refresh with
 * every request, so it is cut to half of that.
 */
export function toTokenData(answer: TokenAnswer, bufferSeconds: number, now = Date.now()): TokenData {
  const { accessToken, idToken, refreshToken } = answer;
  const buffer = bufferSeconds < answer.expiresIn ? bufferSeconds : answer.expiresIn / 2;
  const expiresIn = Math.max(Math.floor(answer.expiresIn - buffer), 1);
  return {
    accessToken,
    expiresIn,
    expiresAt: now + expiresIn * 1000,
    ...(idToken !== undefined && { idToken }),
    ...(refreshToken !== undefined && { refreshToken }),
  };
}

/** Whether an access token is still good at Wristband although its buffer is used up. Opaque tokens do not tell. */
export function isReallyValid(accessToken: string, now = Date.now()): boolean {
  try {
    return (decodeJwt(accessToken).exp ?? 0) * 1000 > now;
  } catch {
    return false;
  }
}
