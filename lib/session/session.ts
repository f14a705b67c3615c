import { randomBytes } from 'node:crypto';
import { WristbandException } from '../errors/wristband.exception.js';
import type { CallbackData } from '../interfaces/auth-flow.interface.js';
import type { SessionMethods, SessionResponse, TokenResponse } from '../interfaces/session.interface.js';

/** What a session is apart from its fields. */
interface SessionState {
  id: string;
  /** Seconds since the epoch. */
  createdAt: number;
  isSaveRequested: boolean;
  isDestroyed: boolean;
  /** Ids or tokens of it go to a front end with this response. */
  isHandedOut: boolean;
}

/** A session as it is kept. */
export interface StoredSession {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly createdAt: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * The session of one request. Fields are plain properties and methods sit on the prototype, so `session.x`, `in` and
 * `delete` are the language's own; what changed is found out when the response begins.
 */
export class WristbandSession implements SessionMethods<object> {
  [field: string]: unknown;
  readonly #state: SessionState;
  readonly #createCsrfToken: (() => string) | undefined;

  /** @param createCsrfToken makes the token of each sign-in; absent when none is wanted */
  constructor(stored?: StoredSession, createCsrfToken?: () => string) {
    this.#createCsrfToken = createCsrfToken;
    const { id = newId(), createdAt = nowInSeconds(), fields = {} } = stored ?? {};
    this.#state = { id, createdAt, isSaveRequested: false, isDestroyed: false, isHandedOut: false };
    this.#assign(fields);
  }

  /** What only the session manager needs to know; not a method, so that it cannot clash with a field. */
  static stateOf(session: WristbandSession): Readonly<SessionState> {
    return session.#state;
  }

  get id(): string {
    return this.#state.id;
  }

  fromCallback(callbackData: CallbackData, customFields: object = {}): void {
    const { userInfo, accessToken, expiresAt, refreshToken, tenantName, tenantCustomDomain } = callbackData;
    this.#removeFields();
    Object.assign(this.#state, {
      id: newId(),
      createdAt: nowInSeconds(),
      isSaveRequested: true,
      isDestroyed: false,
    });
    this.#assign(customFields);
    this.#assign({
      isAuthenticated: true,
      accessToken,
      expiresAt,
      userId: userInfo.userId,
      tenantId: userInfo.tenantId,
      tenantName,
      identityProviderName: userInfo.identityProviderName,
      ...(this.#createCsrfToken && { csrfToken: this.#createCsrfToken() }),
      ...(refreshToken !== undefined && { refreshToken }),
      ...(tenantCustomDomain !== undefined && { tenantCustomDomain }),
    });
  }

  save(): void {
    this.#state.isSaveRequested = true;
  }

  clear(): void {
    this.#removeFields();
    this.#state.isDestroyed = true;
  }

  destroy(): void {
    this.clear();
  }

  getSessionResponse<M extends object>(metadata?: M): SessionResponse<M> {
    const { userId, tenantId } = this;
    if (!isText(userId) || !isText(tenantId)) throw notAuthenticated();
    this.#state.isHandedOut = true;
    return { userId, tenantId, metadata: metadata ?? ({} as M) };
  }

  getTokenResponse(): TokenResponse {
    const { accessToken, expiresAt } = this;
    if (!isText(accessToken) || typeof expiresAt !== 'number') throw notAuthenticated();
    this.#state.isHandedOut = true;
    return { accessToken, expiresAt };
  }

  toJSON(): Record<string, unknown> {
    return Object.fromEntries(Object.entries(this));
  }

  #assign(fields: object): void {
    for (const [name, value] of Object.entries(fields)) {
      // `__proto__` as a field would swap the session's prototype; a method's name would hide the method.
      if (name in WristbandSession.prototype) {
        throw new WristbandException('invalid_argument', `A session field cannot be named ${name}`);
      }
      this[name] = value;
    }
  }

  #removeFields(): void {
    for (const name of Object.keys(this)) delete this[name];
  }
}

export function notAuthenticated(): WristbandException {
  return new WristbandException('not_authenticated', 'Sign in first');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function newId(): string {
  return randomBytes(18).toString('base64url');
}

function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
