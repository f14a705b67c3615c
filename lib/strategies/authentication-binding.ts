import { rawRequest } from '../http/http-request.js';
import type { AuthContext } from '../http/auth-context.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import type { Authentication } from '../interfaces/authentication.interface.js';

// Parameter decorators have no access to dependency injection: they find the result by the request. A GraphQL request
// has many fields, whose guards may find out different users at the same time: those find it by their field first.
const byScope = new WeakMap<object, Authentication>();

/** Keeps what was found out about a request for its handler. */
export function bindAuthentication({ request, field }: AuthContext, authentication: Authentication): void {
  byScope.set(rawRequest(request), authentication);
  if (field) byScope.set(field, authentication);
}

/** For requests that are looked at again and again, because they opened a socket. */
export function forgetAuthentication(request: HttpRequest): void {
  byScope.delete(rawRequest(request));
}

/** What was found out about a request; `undefined` when nobody is signed in, or nobody asked. */
export function boundAuthentication({ request, field }: AuthContext): Authentication | undefined {
  return (field && byScope.get(field)) ?? byScope.get(rawRequest(request));
}
