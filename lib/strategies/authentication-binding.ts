import type { ExecutionContext } from '@nestjs/common';
import { type AuthContext, findAuthContext } from '../http/auth-context.js';
import { rawRequest } from '../http/http-request.js';
import type { Authentication } from '../interfaces/authentication.interface.js';
import type { HttpRequest } from '../interfaces/http.interface.js';

// Parameter decorators have no access to dependency injection: they find the result by the request. A GraphQL request
// has many fields, whose guards may find out different users at the same time: those find it by their field first.
const ofLastGuard = new WeakMap<object, Authentication>();
/** Where there are several Wristband applications, each may have somebody else signed in. */
const byApplication = new Map<string | undefined, WeakMap<object, Authentication>>();
/** Names of applications have no such letter. */
export const EVERY_APPLICATION = '*';

/**
 * Keeps what was found out about a request for its handler.
 *
 * @param application the name of the Wristband application that found it out; none for the one without a name
 */
export function bindAuthentication(
  { request, field }: AuthContext,
  authentication: Authentication,
  application: string | undefined,
): void {
  for (const bindings of [ofLastGuard, bindingsOf(application)]) {
    bindings.set(rawRequest(request), authentication);
    if (field) bindings.set(field, authentication);
  }
}

/** For requests that are looked at again and again, because they opened a socket. */
export function forgetAuthentication(request: HttpRequest, application: string | undefined): void {
  for (const bindings of [ofLastGuard, bindingsOf(application)]) bindings.delete(rawRequest(request));
}

/** What the last guard found out about a request; `undefined` when nobody is signed in, or nobody asked. */
export function boundAuthentication(context: AuthContext): Authentication | undefined {
  return found(ofLastGuard, context);
}

/** The same, of the guards of one application, or of one that stands in for them. */
export function applicationAuthentication(
  context: AuthContext,
  application: string | undefined,
): Authentication | undefined {
  return found(bindingsOf(application), context) ?? found(bindingsOf(EVERY_APPLICATION), context);
}

function found(
  bindings: WeakMap<object, Authentication>,
  { request, field }: AuthContext,
): Authentication | undefined {
  return (field && bindings.get(field)) ?? bindings.get(rawRequest(request));
}

function bindingsOf(application: string | undefined): WeakMap<object, Authentication> {
  const bindings = byApplication.get(application) ?? new WeakMap<object, Authentication>();
  byApplication.set(application, bindings);
  return bindings;
}

/** What the guards of a handler found out about its request; `undefined` when nobody is signed in, or nobody asked. */
export function handlerAuthentication(context: ExecutionContext): Authentication | undefined {
  const authContext = findAuthContext(context);
  return authContext && boundAuthentication(authContext);
}
