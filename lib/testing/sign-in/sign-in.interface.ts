import type { EmulatorRole, EmulatorUser } from '../emulator/emulator-options.interface.js';

/** Somebody whom the emulator need not know. */
export type DescribedUser = Omit<EmulatorUser, 'password' | 'tenant' | 'roles'>;

/** Who signs in, and how. */
export interface SignInAsOptions {
  /**
   * The e-mail address of a user of the emulator, or a description. Who is described becomes a user of the emulator, in the
   * place of one with the same address. Where no emulator runs in this process an e-mail address describes somebody too.
   */
  user: string | DescribedUser;
  /** The name of the tenant. Default: the only one in which the emulator knows the user. */
  tenant?: string;
  /** The roles in the session, or their names. Default: those of the user. The application has to ask for the scope `roles`. */
  roles?: readonly (string | EmulatorRole)[];
  /** What your Callback Endpoint adds to the session; goes over what `hooks.onCallback` adds. Default none. */
  fields?: object;
  /**
   * Seconds until the access token expires; with 0 the next request that asks for the user has to renew it. Default: as
   * after a real sign-in against the emulator, an hour without one.
   */
  expiresIn?: number;
  /** The name of the Wristband application, where there are several. Default: the one without a name. */
  application?: string;
}

/** A cookie as the `addCookies()` of a Playwright context takes it. */
export interface BrowserCookie {
  name: string;
  value: string;
  domain: string;
  path: string;
  /** Seconds since the epoch; absent for cookies that end with the browser. */
  expires?: number;
  httpOnly: boolean;
  secure: boolean;
  sameSite: 'Strict' | 'Lax' | 'None';
}

/** What a signed-in user sends. */
export interface SignedInUser {
  /** `cookie`, and the CSRF header where the application asks for one: for `.set(headers)` of supertest, or `fetch`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The header `authorization`, for handlers that take an access token. */
  readonly bearer: { readonly authorization: string };
  readonly accessToken: string;
  readonly userId: string;
  readonly tenantId: string;
  /**
   * The same cookies for a browser.
   *
   * @param origin where the application is, for example `http://localhost:3000`
   * @example
   * ```ts
   * await context.addCookies(ada.cookies('http://localhost:3000'));
   * ```
   */
  cookies(origin: string): BrowserCookie[];
}
