import type { WristbandException } from '../errors/wristband.exception.js';

/**
 * `WWW-Authenticate` for an answer where a bearer token would help. Without a token it names no error.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3
 */
export function bearerChallenge({ code, message }: WristbandException): string | undefined {
  switch (code) {
    case 'not_authenticated':
    case 'token_refresh_failed':
      return 'Bearer';
    case 'invalid_token':
      return `Bearer error="invalid_token", error_description="${message}"`;
    case 'insufficient_role':
      return 'Bearer error="insufficient_scope"';
    default:
      return undefined;
  }
}
