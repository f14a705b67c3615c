import type { IncomingMessage } from 'node:http';
import { rawRequest } from '../http/http-request.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import type { Authentication } from '../interfaces/authentication.interface.js';

// Parameter decorators have no access to dependency injection: they find the result by the request.
const byRequest = new WeakMap<IncomingMessage, Authentication>();

/** Keeps what was found out about a request for its handler. */
export function bindAuthentication(request: HttpRequest, authentication: Authentication): void {
  byRequest.set(rawRequest(request), authentication);
}

/** For requests that are looked at again and again, because they opened a socket. */
export function forgetAuthentication(request: HttpRequest): void {
  byRequest.delete(rawRequest(request));
}

/** What was found out about a request; `undefined` when nobody is signed in, or nobody asked. */
export function boundAuthentication(request: HttpRequest): Authentication | undefined {
  return byRequest.get(rawRequest(request));
}
