import type { HttpException } from '@nestjs/common';
import type { CallbackData } from './auth-flow.interface.js';
import type { HttpRequest } from './http.interface.js';
import type { SessionFields } from './session.interface.js';

/** Ready-made endpoints, and where they are. Each path is below `path`; `false` leaves an endpoint to you. */
export interface WristbandRoutes {
  /** What all of them begin with, below the application's global prefix: `api/auth`. */
  readonly path: string;
  /** @default 'login' */
  readonly login?: string | false;
  /** @default 'callback' */
  readonly callback?: string | false;
  /** @default 'logout' */
  readonly logout?: string | false;
  /**
   * Session Endpoint of Wristband's front-end libraries.
   * @default 'session'
   */
  readonly session?: string | false;
  /**
   * Token Endpoint of Wristband's front-end libraries: gives the access token to scripts. Leave it out where none needs it.
   * @default 'token'
   */
  readonly token?: string | false;
  /**
   * Where Wristband's servers post logout tokens.
   * @default false
   */
  readonly backChannelLogout?: string | false;
}

/** What the ready-made endpoints do beyond the usual. */
export interface WristbandHooks {
  /**
   * Called when a sign-in is proven, before there is a session. Answers fields to add to it; whatever it throws denies the
   * sign-in, best an `HttpException`.
   *
   * @example
   * ```ts
   * onCallback: async ({ userInfo }) => {
   *   const user = await users.findOrCreate(userInfo.userId);
   *   if (user.isLockedOut) throw new ForbiddenException('Your account is closed');
   *   return { theme: user.theme };
   * }
   * ```
   */
  readonly onCallback?: (
    callbackData: CallbackData,
    request: HttpRequest,
  ) => object | void | Promise<object | void>;
  /**
   * Where a user lands who did not come from a certain page: a path or URL of the application.
   * @default '/'
   */
  readonly landingUrl?: string | ((callbackData: CallbackData) => string | Promise<string>);
  /** Fields of `metadata` in the answer of the Session Endpoint; front ends can read them. */
  readonly sessionMetadata?: (session: SessionFields<object>) => object | Promise<object>;
  /**
   * Where a browser goes that opens a ready-made endpoint as a page and fails, in the place of the library's page: a path or URL
   * of the application, or a function of the error. The function may return `undefined` for the library's page. Scripts get
   * JSON in any case.
   *
   * @example
   * ```ts
   * failureUrl: (error) => `/sign-in-failed?code=${error instanceof WristbandException ? error.code : 'refused'}`
   * ```
   */
  readonly failureUrl?:
    | string
    | ((error: HttpException, request: HttpRequest) => string | undefined | Promise<string | undefined>);
}
