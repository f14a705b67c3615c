import { WristbandException } from '../errors/wristband.exception.js';
import type { ExecutionContext } from '@nestjs/common';
import { type AuthContext, findAuthContext } from '../http/auth-context.js';
import { rawRequest, requestServer } from '../http/http-request.js';
import type { Authentication } from '../interfaces/authentication.interface.js';
import type { WristbandSession } from './session.js';
import type { SessionManager } from './session.manager.js';

/**
 * Everything that a handler is given comes from here: one user, in one Wristband application. A guard sets all of it at
 * once, so that `@Session()` and `@CurrentUser()` of one handler cannot belong to different users.
 */
export interface RequestIdentity {
  /** Opens the session of a handler without a user; absent under a guard of the test kit. */
  readonly sessions: SessionManager | undefined;
  /** The user; `undefined` on public handlers, and on optional ones without a user. */
  readonly authentication: Authentication | undefined;
  /** The session that belongs to {@link authentication}; `undefined` for a user who sent a bearer token only. */
  readonly session: SessionAuthentication['session'] | undefined;
}

type SessionAuthentication = Extract<Authentication, { strategy: 'SESSION' }>;
type Scope = Pick<AuthContext, 'request' | 'field'>;

interface Identities {
  last: RequestIdentity;
  /** Guards of several Wristband applications may be listed together: `RolesGuard.for()` reads that of its own. */
  readonly byApplication: Map<string | undefined, RequestIdentity>;
}

// A parameter decorator has no access to dependency injection: it finds the identity by its request, or by its field of a
// GraphQL operation, and else the session manager by the server.
const byScope = new WeakMap<object, Identities>();
const byServer = new WeakMap<object, SessionManager[]>();

/** Stands for all Wristband applications. It cannot be the name of one. */
export const EVERY_APPLICATION = '*';

/**
 * Sets the user of a request.
 *
 * @param application the name of the Wristband application that authenticated the user
 * @throws {WristbandException} `invalid_token` when the same application has authenticated another user in this request:
 * the session cookie and the bearer token, or two fields of a GraphQL operation, belong to different users
 */
export function bindUser(
  scope: Scope,
  application: string | undefined,
  sessions: SessionManager | undefined,
  authentication: Authentication,
): void {
  const raw = rawRequest(scope.request);
  const previous = byScope.get(raw)?.byApplication.get(application);
  if (previous?.authentication && !isSameUser(previous.authentication, authentication)) {
    const message = 'The session cookie and the access token of this request belong to different users';
    throw new WristbandException('invalid_token', message);
  }
  const session = authentication.strategy === 'SESSION' ? authentication.session : previous?.session;
  const identity = { sessions, authentication, session };
  bind(raw, application, identity);
  if (scope.field) bind(scope.field, application, identity);
}

/** Names the application whose session a handler is given unless a guard has set its user. */
export function bindSessions(scope: Scope, sessions: SessionManager): void {
  const key = scope.field ?? rawRequest(scope.request);
  if (byScope.get(key)?.last.authentication) return;
  bind(key, sessions.application, { sessions, authentication: undefined, session: undefined });
}

/** For requests that are authenticated again and again, because they opened a socket. */
export function forgetUser({ request, field }: Scope, application: string | undefined): void {
  for (const key of [rawRequest(request), ...(field ? [field] : [])]) {
    const known = byScope.get(key);
    if (!known) continue;
    if (known.last === known.byApplication.get(application)) byScope.delete(key);
    else known.byApplication.delete(application);
  }
}

/** What the last guard set; `undefined` when no guard of this library ran. */
export function identityOf({ request, field }: Scope): RequestIdentity | undefined {
  return ((field && byScope.get(field)) ?? byScope.get(rawRequest(request)))?.last;
}

/** The user of a handler; `undefined` when no guard authenticated one. */
export function authenticationOf(context: ExecutionContext): Authentication | undefined {
  const scope = findAuthContext(context);
  return scope && identityOf(scope)?.authentication;
}

/**
 * The session of a handler: that of its user, an empty one where the user sent a bearer token only, and the one that the
 * request brings where no user was authenticated.
 *
 * @throws {WristbandException} `session_not_configured`, `session_store_unavailable`
 */
export function sessionOf(context: AuthContext): WristbandSession | Promise<WristbandSession> {
  const { sessions, authentication, session } = identityOf(context) ?? {};
  const manager = sessions ?? defaultSessions(context.request);
  // The user of a socket may be of an earlier message: the session is read anew with each.
  if (!authentication || (session && context.isSocket))
    return manager.load(context.request, context.response);
  return (session as WristbandSession | undefined) ?? manager.empty(context.request);
}

/** The user that the guards of one application authenticated, or a guard that stands in for all of them. */
export function userOfApplication(
  { request, field }: Scope,
  application: string | undefined,
): Authentication | undefined {
  for (const key of [...(field ? [field] : []), rawRequest(request)]) {
    const known = byScope.get(key)?.byApplication;
    const identity = known?.get(application) ?? known?.get(EVERY_APPLICATION);
    if (identity?.authentication) return identity.authentication;
  }
  return undefined;
}

/** Makes the sessions of an application those of a server (an Express application, a Fastify instance). */
export function bindServer(server: object, manager: SessionManager): void {
  byServer.set(server, [...(byServer.get(server) ?? []), manager]);
}

/**
 * The manager for a handler to which no guard and no interceptor has given one: that of the application without a name, or
 * of the only one.
 *
 * @throws {WristbandException} `session_not_configured`
 */
export function defaultSessions(request: Scope['request']): SessionManager {
  const server = requestServer(request);
  const managers = (server && byServer.get(server)) ?? [];
  const unnamed = managers.find(({ application }) => application === undefined);
  const manager = unnamed ?? (managers.length === 1 ? managers[0] : undefined);
  if (manager) return manager;
  const message =
    managers.length > 1
      ? 'Several Wristband applications have sessions: list a guard or SessionInterceptor.for(name) on the handler to name one'
      : 'Import WristbandModule with the option session.secrets to use @Session()';
  throw new WristbandException('session_not_configured', message);
}

function bind(key: object, application: string | undefined, identity: RequestIdentity): void {
  const known = byScope.get(key);
  if (known) {
    known.last = identity;
    known.byApplication.set(application, identity);
  } else byScope.set(key, { last: identity, byApplication: new Map([[application, identity]]) });
}

function isSameUser({ user: a }: Authentication, { user: b }: Authentication): boolean {
  const isSameTenant = a.tenantId === undefined || b.tenantId === undefined || a.tenantId === b.tenantId;
  return a.userId === b.userId && isSameTenant;
}
