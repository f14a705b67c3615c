import type { CallbackData } from './auth-flow.interface.js';

/**
 * Fields of every session; all are absent before the sign-in. Add your own by declaration merging, or with the type
 * parameter of `Session<T>`.
 *
 * @example
 * ```ts
 * declare module 'nestjs-wristband' {
 *   interface SessionData {
 *     theme?: 'light' | 'dark';
 *   }
 * }
 * ```
 */
export interface SessionData {
  isAuthenticated?: boolean;
  accessToken?: string;
  /** Milliseconds since the epoch from which the access token counts as expired. */
  expiresAt?: number;
  userId?: string;
  /** Comes from Wristband itself: keep the data of tenants apart by this. */
  tenantId?: string;
  /** For display and links; see `CallbackData`. */
  tenantName?: string;
  identityProviderName?: string;
  csrfToken?: string;
  refreshToken?: string;
  tenantCustomDomain?: string;
}

/** What a Session Endpoint answers to Wristband's front-end libraries. */
export interface SessionResponse<M extends object = Record<string, unknown>> {
  readonly userId: string;
  readonly tenantId: string;
  readonly metadata: M;
}

/** What a Token Endpoint answers to Wristband's front-end libraries. */
export interface TokenResponse {
  readonly accessToken: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What a session can do, beside holding fields. */
export interface SessionMethods<T extends object> {
  /** Random ID of this session; a new one with every sign-in. */
  readonly id: string;

  /**
   * Makes this the session of the user who signed in: everything that was in it goes, the ID is new.
   *
   * @example
   * ```ts
   * session.fromCallback(result.callbackData, { theme: 'dark' });
   * ```
   */
  fromCallback(callbackData: CallbackData, customFields?: Partial<T>): void;

  /** Writes the session cookie with this response, changed or not. Changes are written without it. */
  save(): void;

  /** Ends the session: its data and its cookie. What is set afterwards in the same request is not kept. */
  clear(): void;
  /** The same as {@link clear}. */
  destroy(): void;

  /**
   * The answer of a Session Endpoint.
   * @throws {WristbandException} `not_authenticated`
   */
  getSessionResponse<M extends object = Record<string, unknown>>(metadata?: M): SessionResponse<M>;

  /**
   * The answer of a Token Endpoint.
   * @throws {WristbandException} `not_authenticated`
   */
  getTokenResponse(): TokenResponse;

  /** A copy of the fields. */
  toJSON(): SessionData & Partial<T>;
}
