import type { ExecutionContext } from '@nestjs/common';
import { type AuthContext, findAuthContext } from '../http/auth-context.js';
import { rawRequest } from '../http/http-request.js';
import type { Authentication } from '../interfaces/authentication.interface.js';
import type { HttpRequest } from '../interfaces/http.interface.js';

// Parameter decorators have no access to dependency injection: they find the result by the request. A GraphQL request
// has many fields, whose guards may find out different users at the same time: those find it by their field first.
const byScope = new WeakMap<object, Authentication>();
/** Where there are several Wristband applications, each may have somebody else signed in. */
const byApplication = new Map<string, WeakMap<object, Authentication>>();

/**
 * Keeps what was found out about a request for its handler.
 *
 * @param application the name of the Wristband application that found it out
 */
export function bindAuthentication(
  { request, field }: AuthContext,
  authentication: Authentication,
  application?: string,
): void {
  for (const bindings of bindingsFor(application)) {
    bindings.set(rawRequest(request), authentication);
    if (field) bindings.set(field, authentication);
  }
}

/** For requests that are looked at again and again, because they opened a socket. */
export function forgetAuthentication(request: HttpRequest, application?: string): void {
  for (const bindings of bindingsFor(application)) bindings.delete(rawRequest(request));
}

/**
 * What was found out about a request; `undefined` when nobody is signed in, or nobody asked.
 *
 * @param application whose result is meant; without a name it is that of the last guard
 */
export function boundAuthentication(
  { request, field }: AuthContext,
  application?: string,
): Authentication | undefined {
  const bindings = application === undefined ? byScope : byApplication.get(application);
  return (field && bindings?.get(field)) ?? bindings?.get(rawRequest(request));
}

function bindingsFor(application: string | undefined): WeakMap<object, Authentication>[] {
  if (application === undefined) return [byScope];
  const own = byApplication.get(application) ?? new WeakMap<object, Authentication>();
  byApplication.set(application, own);
  return [byScope, own];
}

/** What the guards of a handler found out about its request; `undefined` when nobody is signed in, or nobody asked. */
export function handlerAuthentication(context: ExecutionContext): Authentication | undefined {
  const found = findAuthContext(context);
  return found && boundAuthentication(found);
}
