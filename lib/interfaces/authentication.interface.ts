import type { AccessTokenClaims } from './access-token.interface.js';
import type { SessionFields, SessionMethods } from './session.interface.js';

/** A way to find out who sends a request: by the session cookie, or by the access token in `Authorization`. */
export type AuthStrategy = 'SESSION' | 'JWT';

/** Who sends a request, whichever strategy found out. */
export interface AuthenticatedUser {
  readonly userId: string;
  /** Keep the data of tenants apart by this. Absent when a token names none. */
  readonly tenantId?: string;
  /** For display; only a session knows it. */
  readonly tenantName?: string;
  /** Names of the user's roles: from the session field `roles`, or the claim `roles` or `custom_claims.roles`. */
  readonly roles?: readonly string[];
  /** Not enumerable: an answer that holds the user does not hold it. */
  readonly accessToken: string;
  readonly strategy: AuthStrategy;
}

/** What a strategy found out about a request. */
export type Authentication =
  | {
      readonly strategy: 'SESSION';
      readonly user: AuthenticatedUser;
      readonly session: SessionMethods<object> & SessionFields<object>;
    }
  | {
      readonly strategy: 'JWT';
      readonly user: AuthenticatedUser;
      readonly claims: AccessTokenClaims;
    };
