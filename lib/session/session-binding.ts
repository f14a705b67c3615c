import type { IncomingMessage } from 'node:http';
import { WristbandException } from '../errors/wristband.exception.js';
import { rawRequest, requestServer } from '../http/http-request.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import type { SessionManager } from './session.manager.js';

// A parameter decorator has no access to dependency injection: it finds its manager by the request or the server.
const byRequest = new WeakMap<IncomingMessage, SessionManager>();
const byServer = new WeakMap<object, SessionManager>();

/** Names the manager of one request. */
export function bindSessionManager(request: HttpRequest, manager: SessionManager): void {
  byRequest.set(rawRequest(request), manager);
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
export function boundSessionManager(request: HttpRequest): SessionManager {
  const server = requestServer(request);
  const manager = byRequest.get(rawRequest(request)) ?? (server && byServer.get(server));
  if (manager) return manager;
  const message = 'Import WristbandModule with the option session.secrets to use @Session()';
  throw new WristbandException('session_not_configured', message);
}
