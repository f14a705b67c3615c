import type { SessionStore } from '../session/stores/session-store.interface.js';

/** `SameSite` of a cookie, in any case. */
export type SameSite = 'lax' | 'strict' | 'none' | 'Lax' | 'Strict' | 'None';

/** Options of the session cookie. */
export interface SessionOptions {
  /** Secrets of at least 32 characters. With a list the first seals and all open, so a secret can be replaced. */
  readonly secrets: string | readonly string[];
  /** @default 'session'; 'sid' with a store */
  readonly cookieName?: string;
  /** Domain of the cookie; without it the cookie stays with the host that set it. */
  readonly domain?: string;
  /** @default '/' */
  readonly path?: string;
  /**
   * With `none`, which needs `secure`, users can sign in inside a frame of a foreign site: login state cookies then get it
   * as well. They are `lax` otherwise, because the way back from Wristband starts on a foreign site.
   * @default 'lax'
   */
  readonly sameSite?: SameSite;
  /**
   * Send the cookie over https only. Safari needs `false` on http://localhost.
   * @default true
   */
  readonly secure?: boolean;
  /**
   * Adds `Partitioned` to all cookies of a sign-in, so that browsers that block third-party cookies keep them in a frame of
   * a foreign site, apart for each such site (CHIPS). Needs `sameSite: 'none'` and `secure`.
   * @default false
   */
  readonly partitioned?: boolean;
  /**
   * Seconds without a request after which a session ends; 0: when the browser is closed (in a store, after a day).
   * @default 3600
   */
  readonly maxAge?: number;
  /** Seconds after the sign-in at which a session ends in any case. Default: none. */
  readonly absoluteMaxAge?: number;
  /**
   * Seconds that a session cookie is left alone before it is renewed; 0 renews it with every authenticated request.
   * Must be smaller than `maxAge`.
   * @default the smaller of 60 and 5 % of maxAge
   */
  readonly touchAfter?: number;
  /**
   * Ask for a CSRF token, in a header or in the field `_csrf` of a form, with every unsafe request that is authenticated by
   * the session.
   * @default false
   */
  readonly enableCsrfProtection?: boolean;
  /** Name of the cookie that scripts read the CSRF token from. Default: CSRF-TOKEN. */
  readonly csrfCookieName?: string;
  /**
   * Domain of the CSRF cookie, for a front end on another subdomain than the API.
   * @default the domain of the session cookie
   */
  readonly csrfCookieDomain?: string;
  /**
   * Name of the header that carries the CSRF token, in any case.
   * @default 'X-CSRF-TOKEN'
   */
  readonly csrfHeaderName?: string;
  /**
   * Name of the property of the request that holds the session.
   * @default 'session'
   */
  readonly requestProperty?: string;
  /** Name of a header, in any case: a request that carries it has no session, and none is written for it. */
  readonly skipSessionHeader?: string;
  /**
   * Over how many cookies a large session may be spread, at most 3: Node refuses requests with more than 16 kB of
   * headers, many proxies with 8 kB. Not with a store.
   * @default 1
   */
  readonly maxCookies?: number;
  /** Keeps sessions on the server; the cookie then holds a sealed ID. Default: none, it holds the session. */
  readonly store?: SessionStore;
  /**
   * Lets several processes share what they must know of sessions in cookies: which have ended, and who renews an access
   * token. Asked once with every request that has a session. Default: none, each process knows its own.
   */
  readonly coordinationStore?: SessionStore;
}
