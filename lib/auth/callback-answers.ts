import {
  WristbandException,
  type WristbandExceptionOptions,
  wristbandUnavailable,
} from '../errors/wristband.exception.js';
import type { QueryParameters } from '../http/query-parameters.js';
import { oauthErrorDetails, type OAuthResponseError } from '../wristband-api/oauth-response.error.js';

/** What Wristband sends to the Callback Endpoint (RFC 6749 section 4.1.2, RFC 9207). */
export interface CallbackParameters {
  readonly state: string;
  readonly code: string | undefined;
  readonly error: string | undefined;
  readonly errorDescription: string | undefined;
  readonly issuer: string | undefined;
}

/** @throws {WristbandException} `invalid_request` when a parameter comes twice or `state` is missing */
export function callbackParameters(query: QueryParameters): CallbackParameters {
  return {
    state: query.getRequired('state'),
    code: query.get('code'),
    error: query.get('error'),
    errorDescription: query.get('error_description'),
    issuer: query.get('iss'),
  };
}

/**
 * Who does not say who they are is found out by PKCE and the ID token.
 *
 * @throws {WristbandException} `identity_not_verified` when another authorization server answers (RFC 9207 section 2.4)
 */
export function assertIssuer(issuer: string | undefined, expected: readonly string[]): void {
  if (issuer === undefined || expected.includes(issuer)) return;
  throw new WristbandException('identity_not_verified', 'The answer to the sign-in is of another issuer');
}

const TEMPORARY = new Set(['server_error', 'temporarily_unavailable']);

/** What an `error` on the Callback Endpoint means: start again, try again later, or a refusal. */
export function callbackError(
  error: string,
  description: string | undefined,
): WristbandException | 'login_required' {
  if (error.toLowerCase() === 'login_required') return 'login_required';
  const oauthError = oauthErrorDetails(error, description) ?? { error: 'unknown' };
  return TEMPORARY.has(error)
    ? wristbandUnavailable('Wristband cannot sign in users at the moment', { oauthError })
    : refused(oauthError.error, { oauthError });
}

/** Refusals of the token endpoint that no user can do anything about: the client is set up wrongly. */
const CLIENT_REFUSALS = new Set([
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
]);

/** Refusals of the token endpoint that are about this sign-in. */
const SIGN_IN_REFUSALS = new Set(['invalid_request', 'access_denied']);

/** What a refused code exchange means, `invalid_grant` aside: what is about neither client nor sign-in is trouble. */
export function exchangeError(cause: OAuthResponseError): WristbandException {
  const { details: oauthError } = cause;
  if (CLIENT_REFUSALS.has(oauthError.error)) {
    return new WristbandException('configuration_rejected', 'Sign-in is not configured correctly', {
      cause,
      oauthError,
    });
  }
  return SIGN_IN_REFUSALS.has(oauthError.error)
    ? refused(oauthError.error, { cause, oauthError })
    : wristbandUnavailable('Wristband cannot sign in users at the moment', { cause, oauthError });
}

function refused(error: string, options: WristbandExceptionOptions): WristbandException {
  const message =
    error === 'access_denied'
      ? 'The sign-in was cancelled or refused'
      : `Wristband refused the sign-in: ${error}`;
  return new WristbandException('authorization_failed', message, options);
}
