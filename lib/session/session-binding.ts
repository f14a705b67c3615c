import { WristbandException } from '../errors/wristband.exception.js';
import type { AuthContext } from '../http/auth-context.js';
import { rawRequest, requestServer } from '../http/http-request.js';
import type { SessionManager } from './session.manager.js';

// A parameter decorator has no access to dependency injection: it finds its manager by the request or the server.
// Of several applications each may have fields of one GraphQL request.
const byScope = new WeakMap<object, SessionManager>();
const byServer = new WeakMap<object, SessionManager>();

type Scope = Pick<AuthContext, 'request' | 'field'>;

/** Names the manager of one request. */
export function bindSessionManager(scope: Scope, manager: SessionManager): void {
  byScope.set(keyOf(scope), manager);
}

/** The manager that somebody named for one request. */
export function claimedSessionManager(scope: Scope): SessionManager | undefined {
  return byScope.get(keyOf(scope));
}

/** Names the manager of all requests of a server (an Express application, a Fastify instance). */
export function bindServer(server: object, manager: SessionManager): void {
  byServer.set(server, manager);
}

/**
 * The manager of a request.
 *
 * @throws {WristbandException} `session_not_configured` when no module with sessions serves it
 */
export function boundSessionManager(scope: Scope): SessionManager {
  const server = requestServer(scope.request);
  const manager = claimedSessionManager(scope) ?? (server && byServer.get(server));
  if (manager) return manager;
  const message = 'Import WristbandModule with the option session.secrets to use @Session()';
  throw new WristbandException('session_not_configured', message);
}

function keyOf({ request, field }: Scope): object {
  return field ?? rawRequest(request);
}
