import type { IncomingMessage } from 'node:http';
import { rawRequest } from '../http/http-request.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import type { SessionManager } from './session.manager.js';

/** Which manager serves a request: a parameter decorator has no access to dependency injection. */
const managers = new WeakMap<IncomingMessage, SessionManager>();

export function bindSessionManager(request: HttpRequest, manager: SessionManager): void {
  managers.set(rawRequest(request), manager);
}

export function boundSessionManager(request: HttpRequest): SessionManager | undefined {
  return managers.get(rawRequest(request));
}
