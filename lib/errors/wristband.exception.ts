import { STATUS_CODES } from 'node:http';
import {
  BadRequestException,
  ForbiddenException,
  HttpException,
  InternalServerErrorException,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';

/** The HTTP status of each error code. The codes are stable: clients may switch on them. */
export const ERROR_STATUS = {
  invalid_request: 400,
  invalid_tenant: 400,
  invalid_logout_token: 400,
  tenant_mismatch: 400,
  login_not_started: 400,
  logout_not_started: 400,
  sign_in_loop: 400,
  invalid_session_field: 400,
  authorization_failed: 403,
  csrf_failed: 403,
  insufficient_role: 403,
  forbidden: 403,
  identity_not_verified: 401,
  not_authenticated: 401,
  invalid_token: 401,
  token_refresh_failed: 401,
  login_state_too_large: 500,
  session_too_large: 500,
  session_not_serializable: 500,
  session_not_configured: 500,
  session_read_only: 500,
  session_not_loaded: 500,
  invalid_argument: 500,
  configuration_rejected: 500,
  wristband_unavailable: 503,
  session_store_unavailable: 503,
} as const;

/** The `code` of an error body: what went wrong, in a word that never changes. */
export type WristbandErrorCode = keyof typeof ERROR_STATUS;

/** What an OAuth endpoint said about a refusal (RFC 6749 sections 4.1.2.1 and 5.2). */
export interface OAuthErrorDetails {
  readonly error: string;
  /** Written by the other side for developers: do not show it to users as it is. */
  readonly errorDescription?: string;
}

/** What a {@link WristbandException} carries beside its code and its message. */
export interface WristbandExceptionOptions {
  readonly cause?: unknown;
  readonly oauthError?: OAuthErrorDetails;
  /** Seconds after which a new try makes sense, for the `Retry-After` header. */
  readonly retryAfter?: number;
}

/** Nest's own exception of each status of {@link ERROR_STATUS}. */
const NEST_EXCEPTIONS = {
  400: BadRequestException,
  401: UnauthorizedException,
  403: ForbiddenException,
  500: InternalServerErrorException,
  503: ServiceUnavailableException,
} as const satisfies Record<(typeof ERROR_STATUS)[WristbandErrorCode], unknown>;

/**
 * Every error of this library while a request is served. It is a Nest `HttpException` and an instance of Nest's exception of
 * its status, so `@Catch(UnauthorizedException)` catches a 401; the body is `{ statusCode, error, message, code }` and never
 * holds a token, a cookie or a URL.
 *
 * @example
 * ```ts
 * try {
 *   await wristband.callback(req, res);
 * } catch (error) {
 *   if (error instanceof WristbandException && error.code === 'authorization_failed') { … }
 *   throw error;
 * }
 * ```
 */
export class WristbandException extends HttpException {
  readonly oauthError?: OAuthErrorDetails;
  readonly retryAfter?: number;

  constructor(
    readonly code: WristbandErrorCode,
    message: string,
    options: WristbandExceptionOptions = {},
  ) {
    const statusCode = ERROR_STATUS[code];
    super({ statusCode, error: STATUS_CODES[statusCode], message, code }, statusCode, {
      cause: options.cause,
    });
    if (new.target === WristbandException) Object.setPrototypeOf(this, prototypeOf(statusCode));
    if (options.oauthError) this.oauthError = options.oauthError;
    if (options.retryAfter !== undefined) this.retryAfter = options.retryAfter;
  }

  /** What GraphQL servers put beside the message; some replace the `code` in it by one of their own. */
  get extensions(): { readonly code: WristbandErrorCode; readonly originalError: object } {
    return { code: this.code, originalError: this.getResponse() as object };
  }
}

const prototypes = new Map<keyof typeof NEST_EXCEPTIONS, object>();

/** The members of {@link WristbandException} on top of Nest's exception: filters look for the latter with `instanceof`. */
function prototypeOf(status: keyof typeof NEST_EXCEPTIONS): object {
  const known = prototypes.get(status);
  if (known) return known;
  const members = Object.getOwnPropertyDescriptors(WristbandException.prototype);
  const prototype: object = Object.create(NEST_EXCEPTIONS[status].prototype, members);
  prototypes.set(status, prototype);
  return prototype;
}

/** Tells instances by a member, since their chain of prototypes is that of Nest's exception. */
const BRAND = Symbol.for('nestjs-wristband:exception');
Object.defineProperty(WristbandException.prototype, BRAND, { value: true });
Object.defineProperty(WristbandException, Symbol.hasInstance, {
  value(this: unknown, value: unknown): boolean {
    if (this === WristbandException) return (Object(value) as { [BRAND]?: unknown })[BRAND] === true;
    return Function.prototype[Symbol.hasInstance].call(this, value);
  },
});

/** What everything that needs a signed-in user throws without one. */
export function notAuthenticated(message = 'Sign in first'): WristbandException {
  return new WristbandException('not_authenticated', message);
}

/** Seconds after which a new try makes sense when Wristband does not say it. */
const RETRY_AFTER = 5;

/** An outage: nobody is signed out for it. @param message what cannot be done at the moment */
export function wristbandUnavailable(
  message: string,
  { retryAfter = RETRY_AFTER, ...options }: WristbandExceptionOptions = {},
): WristbandException {
  return new WristbandException('wristband_unavailable', `${message}; try again soon`, {
    ...options,
    retryAfter,
  });
}
