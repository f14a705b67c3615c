import type { WristbandErrorCode } from '../errors/wristband.exception.js';
import type { RedirectReason } from '../interfaces/auth-flow.interface.js';

/** Whom an event is about, where that is known. */
export interface EventSubject {
  readonly userId?: string;
  readonly tenantId?: string;
}

/** The reason of an event that an error made. */
export interface EventFailure {
  /** The `code` of the error; `unexpected` when it was not made by this library. */
  readonly reason: WristbandErrorCode | 'unexpected';
  /** The `error` that Wristband answered with, for example `access_denied`. */
  readonly oauthError?: string;
}

/** At the endpoints for login and logout. */
type SignInEvent =
  /** A browser was sent to Wristband to sign in. */
  | { readonly type: 'login.started'; readonly tenantName?: string; readonly tenantCustomDomain?: string }
  /** A user came back from Wristband and is who they say; `session.created` follows when a session was made of it. */
  | ({ readonly type: 'login.completed'; readonly tenantName: string } & EventSubject)
  /** A sign-in ended without a user, or has to start again. */
  | (EventFailure & { readonly type: 'login.failed'; readonly at: 'login' | 'callback' })
  | { readonly type: 'login.failed'; readonly at: 'callback'; readonly reason: RedirectReason }
  /** A browser was sent to Wristband to sign out. */
  | { readonly type: 'logout.completed' }
  | (EventFailure & { readonly type: 'logout.failed' })
  /** The refresh token of a sign-out could not be revoked; the sign-out went on. */
  | { readonly type: 'logout.not_revoked' }
  /** Wristband's servers told that a session there is over. */
  | {
      readonly type: 'back_channel_logout.completed';
      readonly by: 'session' | 'user';
      readonly userId?: string;
    }
  | (EventFailure & { readonly type: 'back_channel_logout.failed'; readonly problem: string })
  /** A `return_url` was dropped; the user lands on the default page. */
  | { readonly type: 'return_url.rejected'; readonly reason: 'not_allowed' | 'too_long' }
  /** A custom domain that Wristband does not know was ignored. */
  | { readonly type: 'tenant_custom_domain.rejected'; readonly domain: string };

/** At the access tokens of sessions. */
type RefreshEvent =
  /** A refresh token was exchanged for new tokens. */
  | ({ readonly type: 'refresh.completed' } & EventSubject)
  /** A request got the new tokens of another one, in this process or elsewhere. */
  | ({ readonly type: 'refresh.shared' } & EventSubject)
  /** A sign-in is over: `no_refresh_token`, or `invalid_grant` from Wristband. */
  | ({ readonly type: 'refresh.refused'; readonly reason: string } & EventSubject)
  /** An exchange had no result, whatever the reason; the session stays. */
  | ({ readonly type: 'refresh.unavailable' } & EventSubject);

/** Why a session ended. */
export type SessionEnd = 'signed_out' | 'replaced' | 'refresh_refused';

/** Why the cookie of a session was not accepted. */
export type SessionRejection = 'unreadable' | 'not_found' | 'expired' | 'ended';

/** At sessions. */
type SessionEvent =
  /** The cookie of a new session was set; without `userId` it is that of a visitor. */
  | ({ readonly type: 'session.created' } & EventSubject)
  /** A session goes on for another `maxAge`. */
  | ({ readonly type: 'session.rolled' } & EventSubject)
  /** `clear()`, a new sign-in in its place, or a refusal of its refresh token. */
  | ({ readonly type: 'session.destroyed'; readonly reason: SessionEnd } & EventSubject)
  /** `WristbandSessions` ended a session, or all of a user or a tenant. */
  | ({ readonly type: 'session.revoked'; readonly by: 'session' | 'user' | 'tenant' } & EventSubject)
  /** A request brought a session cookie that is worth nothing. */
  | ({ readonly type: 'session.rejected'; readonly reason: SessionRejection } & EventSubject)
  /** A session changed but could not be written any more. */
  | ({
      readonly type: 'session.lost_write';
      readonly reason: 'headers_sent' | WristbandErrorCode;
    } & EventSubject)
  /** A session cannot be written as it is; `problem` names its largest fields, or what JSON cannot carry. */
  | ({
      readonly type: 'session.too_large' | 'session.not_serializable';
      readonly problem: string;
    } & EventSubject);

/** At guards. */
type AccessEvent =
  /** A request was refused. `problem` is the message of the error. */
  | ({
      readonly type: 'access.refused';
      readonly problem: string;
    } & EventFailure &
      EventSubject)
  /** A request with a session was made by a foreign page, or without the right CSRF token. */
  | ({
      readonly type: 'csrf.refused';
      readonly reason: 'foreign_site' | 'token_missing' | 'token_wrong';
    } & EventSubject);

/** At the services behind. */
type ServiceEvent =
  /** A call failed, its retries too; `reason` says how, `path` where. */
  | { readonly type: 'wristband.unavailable'; readonly path: string; readonly reason: string }
  /** Wristband's public keys were read. */
  | { readonly type: 'jwks.fetched'; readonly keys: number; readonly isChanged: boolean }
  /** They could not be read; with `hasKeys` those of before go on. */
  | { readonly type: 'jwks.unavailable'; readonly hasKeys: boolean }
  /** The session store failed for the first time since it worked. */
  | { readonly type: 'store.unavailable'; readonly operation: string; readonly reason: string }
  /** It answers again. */
  | { readonly type: 'store.recovered' };

/**
 * Something that happened. Told to `onEvent` and on the channel {@link WRISTBAND_EVENTS} of `node:diagnostics_channel`.
 * Never holds a token, a code, a cookie, a secret, an e-mail address or a URL.
 */
export type WristbandEvent = (SignInEvent | RefreshEvent | SessionEvent | AccessEvent | ServiceEvent) & {
  /** The `name` of the Wristband application, if it has one. */
  readonly application?: string;
};

/**
 * Name of the channel of `node:diagnostics_channel` on which every {@link WristbandEvent} is published.
 */
export const WRISTBAND_EVENTS = 'nestjs-wristband:event';
