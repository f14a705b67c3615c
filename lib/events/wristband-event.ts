/** Something worth knowing that is not an error of the request. Never holds a token, a cookie or a secret. */
export type WristbandEvent =
  /** A `return_url` was dropped; the user lands on the default page. */
  | { readonly type: 'return_url.rejected'; readonly reason: 'not_allowed' | 'too_long' }
  /** A custom domain that Wristband does not know was ignored. */
  | { readonly type: 'tenant_custom_domain.rejected'; readonly domain: string }
  /** A session changed but its cookie could not be written any more. */
  | { readonly type: 'session.lost_write'; readonly reason: string };
