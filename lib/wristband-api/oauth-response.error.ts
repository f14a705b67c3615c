import type { OAuthErrorDetails } from '../errors/wristband.exception.js';
import { isJsonObject } from '../json/json.js';

// The characters that RFC 6749 section 5.2 allows in a description; anything else has no place in a log line.
const FORBIDDEN = /[^\u0020\u0021\u0023-\u005b\u005d-\u007e]/g;

/**
 * Whether the body of a 4xx is an error of Wristband: OAuth endpoints send `error`, the REST API sends `type` and `code`.
 * Anything else comes from something in between, such as a firewall or a proxy, and says nothing about the request.
 */
export function isWristbandError(json: unknown): boolean {
  return isJsonObject(json) && [json.error, json.type, json.code].some(isErrorCode);
}

/** Proxies and frameworks write a phrase, such as `Not Found`, or a URL. */
function isErrorCode(value: unknown): boolean {
  return typeof value === 'string' && /^[a-z][a-z0-9_]*$/.test(value);
}

/**
 * Wristband understood a request and refused it: a 4xx with an error of Wristband in it. Never leaves the library: each
 * flow decides what a refusal means to its caller.
 */
export class OAuthResponseError extends Error {
  override readonly name = 'OAuthResponseError';
  readonly details: OAuthErrorDetails;

  constructor(
    readonly path: string,
    readonly status: number,
    json: unknown,
  ) {
    const { error, error_description: description } = isJsonObject(json) ? json : {};
    const details = oauthErrorDetails(error, description) ?? { error: `http_${status}` };
    super(`Wristband refused ${path} with ${status} ${details.error}`);
    this.details = details;
  }
}

/** An error code is shown to people and logged, and on the Callback Endpoint anybody can write one: only words pass. */
const CODE = /^[\w.:/-]{1,100}$/;

/** An `error` and its description in a form that is safe to show and log. */
export function oauthErrorDetails(error: unknown, description: unknown): OAuthErrorDetails | undefined {
  if (typeof error !== 'string' || error === '') return undefined;
  const safeError = CODE.test(error) ? error : 'unknown_error';
  if (typeof description !== 'string' || description === '') return { error: safeError };
  return { error: safeError, errorDescription: description.replace(FORBIDDEN, '?').slice(0, 500) };
}
