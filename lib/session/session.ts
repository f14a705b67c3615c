import { randomBytes } from 'node:crypto';
import { notAuthenticated, WristbandException } from '../errors/wristband.exception.js';
import type { CallbackData } from '../interfaces/auth-flow.interface.js';
import type { SessionMethods, SessionResponse, TokenResponse } from '../interfaces/session.interface.js';
import { isText } from '../json/json.js';

/** What a session is apart from its fields. */
interface SessionState {
  id: string;
  /** Seconds since the epoch. */
  createdAt: number;
  isSaveRequested: boolean;
  isDestroyed: boolean;
  /** It was destroyed on purpose: cookies of it that are still around must not open. */
  isEnded: boolean;
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

/** What a session tells, and asks of, whoever opened it. */
export interface SessionHooks {
  /** The token of a sign-in; absent when none is wanted. */
  readonly createCsrfToken?: (() => string) | undefined;
  /** Throws when the session cannot be written as it is now. */
  assertWritable(): void;
  /** Throws when a sign-in is that of another Wristband application. */
  assertOwnSignIn(callbackData: CallbackData): void;
  /** Throws when the request must not end the session. */
  assertSeen(): void;
  /** The session that came with the request is over, whatever cookies of it are still around. */
  end(): void;
  /** Makes a change to the newest version of the session there is. */
  update(change: FieldsChange): Promise<void>;
}

/** What a caller of `session.update()` does to the fields. */
export type FieldsChange = (fields: Record<string, unknown>) => void;

/**
 * The session of one request. Fields are plain properties and methods sit on the prototype, so `session.x`, `in` and
 * `delete` are the language's own; what changed is found out when the response begins.
 */
export class WristbandSession implements Omit<SessionMethods<Record<string, unknown>>, 'get' | 'set'> {
  [field: string]: unknown;
  readonly #state: SessionState;
  readonly #hooks: SessionHooks;

  constructor(stored: StoredSession | undefined, hooks: SessionHooks) {
    const { id = newId(), createdAt = nowInSeconds(), fields = {} } = stored ?? {};
    this.#state = {
      id,
      createdAt,
      isSaveRequested: false,
      isDestroyed: false,
      isEnded: false,
      isHandedOut: false,
    };
    this.#hooks = hooks;
    Object.assign(this, fields);
  }

  /** What only this folder needs to know; not a method, so that it cannot clash with a field. */
  static stateOf(session: WristbandSession): Readonly<SessionState> {
    return session.#state;
  }

  /**
   * Removes a session that is worth nothing any more. Unlike {@link clear} it is not remembered as ended: whoever comes with
   * its cookie again is told again why.
   */
  static discard(session: WristbandSession): void {
    session.#removeFields();
    session.#state.isDestroyed = true;
  }

  /** Puts other fields in the place of those that are there. */
  static replaceFields(session: WristbandSession, fields: StoredSession['fields']): void {
    session.#removeFields();
    Object.assign(session, fields);
  }

  get id(): string {
    return this.#state.id;
  }

  // Without these setters an assignment would be a bare TypeError, and one to `__proto__` would swap the prototype.
  set id(_value: unknown) {
    throw reserved('id');
  }

  get size(): number {
    return Object.keys(this).length;
  }

  set size(_value: unknown) {
    throw reserved('size');
  }

  set __proto__(_value: unknown) {
    throw reserved('__proto__');
  }

  get(name: string, defaultValue?: unknown): unknown {
    return this.has(name) ? this[name] : defaultValue;
  }

  set(name: string, value: unknown): this {
    assertFree(name);
    this[name] = value;
    return this;
  }

  has(name: string): boolean {
    return Object.hasOwn(this, name) && this[name] !== undefined;
  }

  delete(name: string): boolean {
    return Object.hasOwn(this, name) && delete this[name];
  }

  [Symbol.iterator](): IterableIterator<[string, unknown]> {
    return Object.entries(this)[Symbol.iterator]();
  }

  fromCallback(callbackData: CallbackData, customFields: object = {}): void {
    assertComplete(callbackData);
    this.#hooks.assertOwnSignIn(callbackData);
    const { userInfo, accessToken, expiresAt, tenantName } = callbackData;
    const { refreshToken, tenantCustomDomain, idpSessionId } = callbackData;
    // A sign-in that fails leaves the session as it was.
    for (const name of Object.keys(customFields)) assertFree(name);
    const before = { state: { ...this.#state }, fields: this.toJSON() };
    this.#removeFields();
    Object.assign(this.#state, { id: newId(), createdAt: nowInSeconds(), isDestroyed: false });
    if (userInfo.roles) this.roles = userInfo.roles.map(({ name }) => name);
    Object.assign(this, customFields);
    const csrfToken = this.#hooks.createCsrfToken?.();
    Object.assign(this, {
      isAuthenticated: true,
      accessToken,
      expiresAt,
      userId: userInfo.userId,
      tenantId: userInfo.tenantId,
      ...(tenantName !== '' && { tenantName }),
      identityProviderName: userInfo.identityProviderName,
      ...(csrfToken !== undefined && { csrfToken }),
      ...(refreshToken !== undefined && { refreshToken }),
      ...(tenantCustomDomain !== undefined && { tenantCustomDomain }),
      ...(idpSessionId !== undefined && { idpSessionId }),
    });
    try {
      this.save();
    } catch (error) {
      WristbandSession.replaceFields(this, before.fields);
      Object.assign(this.#state, before.state);
      throw error;
    }
    this.#hooks.end();
  }

  save(): void {
    this.#state.isSaveRequested = true;
    this.#hooks.assertWritable();
  }

  update(change: FieldsChange): Promise<void> {
    return this.#hooks.update((fields) => {
      const result: unknown = change(fields);
      if (!(result instanceof Promise)) return;
      // Its failure is nobody's concern any more.
      result.catch(() => undefined);
      const message = 'What session.update() is given must not be async: what it does later would be lost';
      throw new WristbandException('invalid_argument', message);
    });
  }

  clear(): void {
    this.#hooks.assertSeen();
    WristbandSession.discard(this);
    this.#state.isEnded = true;
    this.#hooks.end();
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

  hasOwnProperty(name: PropertyKey): boolean {
    return Object.hasOwn(this, name);
  }

  toString(): string {
    return '[object Session]';
  }

  #removeFields(): void {
    for (const name of Object.keys(this)) delete this[name];
  }
}

/** Whether a name is taken by a method of the session. */
export function isReserved(name: string): boolean {
  return name in WristbandSession.prototype;
}

/** Whoever forgets to look at the result's `type` has no data, or that of something else. */
function assertComplete(callbackData: Partial<CallbackData> | undefined): void {
  if (callbackData?.userInfo) return;
  const message = 'session.fromCallback() needs the callbackData of a completed callback';
  throw new WristbandException('invalid_argument', message);
}

function assertFree(name: string): void {
  // A method's name as a field would hide the method.
  if (isReserved(name)) throw reserved(name);
}

/** 400, since names that the application did not choose itself came with a request. */
export function reserved(name: string): WristbandException {
  return new WristbandException('invalid_session_field', `A session field cannot be named ${name}`);
}

/**
 * The fields after a change. The application may take names from a request: the object that it changes has no prototype
 * to pollute.
 *
 * @throws {WristbandException} `invalid_session_field`; `invalid_argument` for an async change
 */
export function changedFields(
  fields: StoredSession['fields'],
  change: FieldsChange,
): Record<string, unknown> {
  const draft = Object.assign(Object.create(null) as Record<string, unknown>, fields);
  change(draft);
  Object.keys(draft).forEach(assertFree);
  return draft;
}

// `session[name][key] = value` with names from a request reaches no method of this class, nor one of every object.
Object.setPrototypeOf(WristbandSession.prototype, null);
for (const { value } of Object.values(Object.getOwnPropertyDescriptors(WristbandSession.prototype))) {
  if (typeof value === 'function') Object.freeze(value);
}

function newId(): string {
  return randomBytes(18).toString('base64url');
}

/** With milliseconds: a sign-in right after a revocation has to be told from one before it. */
function nowInSeconds(): number {
  return Date.now() / 1000;
}
