import type { UserInfo } from './user-info.interface.js';

/** What a Login Endpoint may add to `login()`. */
export interface LoginConfig {
  /** Comes back unchanged as `callbackData.customState`. Kept in a cookie of 4 kB: at most about 1 kB of JSON. */
  readonly customState?: Readonly<Record<string, unknown>> | undefined;
  /** Tenant to use when the request names none. */
  readonly defaultTenantName?: string | undefined;
  /** Tenant custom domain to use when the request names no tenant; wins over `defaultTenantName`. */
  readonly defaultTenantCustomDomain?: string | undefined;
  /** Where to go after the sign-in; wins over the `return_url` of the request. */
  readonly returnUrl?: string | undefined;
}

/** What a Logout Endpoint may add to `logout()`. */
export interface LogoutConfig {
  /** Refresh token to revoke. */
  readonly refreshToken?: string | undefined;
  /** Where Wristband sends the browser afterwards, instead of to the Login Endpoint. */
  readonly redirectUrl?: string | undefined;
  /** Comes back as `state` where the browser lands; at most 512 characters. */
  readonly state?: string | undefined;
  readonly tenantName?: string | undefined;
  readonly tenantCustomDomain?: string | undefined;
}

/** Tokens of a user. Times have the `tokenExpirationBuffer` taken off already. */
export interface TokenData {
  readonly accessToken: string;
  /** Absent when a refresh answer held none. */
  readonly idToken?: string;
  /** Absent without the scope `offline_access`. */
  readonly refreshToken?: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Seconds from now. */
  readonly expiresIn: number;
}

/** Everything that is known after a completed sign-in. Absent fields are absent, not null. */
export interface CallbackData extends TokenData {
  readonly idToken: string;
  /**
   * The tenant of the login; empty after a sign-in by custom domain that began without a name. It comes through the
   * browser: show it and build links with it, but keep tenants apart by `userInfo.tenantId`.
   */
  readonly tenantName: string;
  readonly tenantCustomDomain?: string;
  /**
   * The user's session at Wristband: the `sid` of the ID token, if there is one (OpenID Connect Back-Channel Logout 1.0
   * section 2.1).
   */
  readonly idpSessionId?: string;
  readonly customState?: Readonly<Record<string, unknown>>;
  /** Checked: relative, or on an origin that belongs to the application. */
  readonly returnUrl?: string;
  readonly userInfo: UserInfo;
}

/** Why a callback has to start the sign-in again. */
export type RedirectReason =
  'missing_login_state' | 'invalid_login_state' | 'login_required' | 'invalid_grant';

/** The sign-in is complete. What the other result has is declared as absent, so both can be destructured. */
export interface CompletedCallbackResult {
  readonly type: 'completed';
  readonly callbackData: CallbackData;
  readonly redirectUrl?: undefined;
  readonly reason?: undefined;
}

/** The sign-in has to start again at `redirectUrl`. */
export interface RedirectRequiredCallbackResult {
  readonly type: 'redirect_required';
  readonly redirectUrl: string;
  readonly reason: RedirectReason;
  readonly callbackData?: undefined;
}

/**
 * Result of `callback()`; switch on `type`.
 *
 * @example
 * ```ts
 * const { type, callbackData, redirectUrl } = await wristband.callback(req, res);
 * if (type === 'redirect_required') return wristband.createCallbackResponse(req, res, redirectUrl);
 * session.fromCallback(callbackData);
 * ```
 */
export type CallbackResult = CompletedCallbackResult | RedirectRequiredCallbackResult;
