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
  /** By which session at Wristband the user signed in, if Wristband tells; a back-channel logout looks for it. */
  idpSessionId?: string;
  /** Names of the user's roles at the sign-in, if the scope `roles` was asked for. */
  roles?: string[];
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

/** The fields of a session: those of every session, and your own. */
export type SessionFields<T extends object> = SessionData & Partial<T>;

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
   * @throws {WristbandException} `session_too_large`, `session_not_serializable`, `invalid_argument`; the session is then as
   * it was before
   */
  fromCallback(callbackData: CallbackData, customFields?: Partial<T>): void;

  /** The value of a field, or `defaultValue` when it is absent. */
  get<K extends keyof SessionFields<T>>(key: K): SessionFields<T>[K];
  get<K extends keyof SessionFields<T>>(
    key: K,
    defaultValue: NonNullable<SessionFields<T>[K]>,
  ): NonNullable<SessionFields<T>[K]>;

  /** Sets a field; the same as assigning to it. */
  set<K extends keyof SessionFields<T>>(key: K, value: SessionFields<T>[K]): this;

  /** Whether a field is there and not `undefined`. */
  has(key: keyof SessionFields<T>): boolean;

  /** Removes a field; answers whether it was there. */
  delete(key: keyof SessionFields<T>): boolean;

  /** How many fields there are. */
  readonly size: number;

  /** The fields as `[name, value]`. */
  [Symbol.iterator](): IterableIterator<[string, unknown]>;

  /**
   * Writes the session cookie with this response, changed or not. Changes are written without it.
   * @throws {WristbandException} `session_too_large`, `session_not_serializable`
   */
  save(): void;

  /**
   * Makes a change that depends on what is there, such as counting. With a store the change is made to the newest version
   * and kept at once; when another request wrote meanwhile it is made again, so `change` may run several times and
   * must do nothing else, nor be async. Without a store it is a change of this session
   * like any other: of parallel requests the last response wins.
   *
   * @example
   * ```ts
   * await session.update((fields) => {
   *   fields.visits = (fields.visits ?? 0) + 1;
   * });
   * ```
   * @throws {WristbandException} `not_authenticated` when the session was ended meanwhile, `session_not_serializable`,
   * `session_store_unavailable`; what `change` throws, and nothing is changed then
   */
  update(change: (fields: SessionFields<T>) => void): Promise<void>;

  /**
   * Ends the session: its data and its cookie. What is set afterwards in the same request is not kept.
   *
   * @throws {WristbandException} `logout_not_started` for a prefetch and for what a foreign page embeds
   */
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
  toJSON(): SessionFields<T>;
}
