/**
 * What a verified access token says. The named claims were checked; the others are as Wristband wrote them. Deeply
 * frozen, because requests with the same token share it.
 */
export interface AccessTokenClaims {
  /** The issuer: `https://` and the vanity domain. */
  readonly iss: string;
  /** ID of the user, or of the client that acts for itself. */
  readonly sub: string;
  /** When the token expires, in seconds since 1970. */
  readonly exp: number;
  /** When the token was issued, in seconds since 1970. */
  readonly iat?: number;
  /** When the token begins to be good, in seconds since 1970. */
  readonly nbf?: number;
  /** ID of the tenant. */
  readonly tnt_id?: string | null;
  /** ID of the client that the token was issued to. */
  readonly client_id?: string | null;
  readonly [claim: string]: unknown;
}
