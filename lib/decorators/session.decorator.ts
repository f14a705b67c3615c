import { createParamDecorator, type ExecutionContext, UseInterceptors } from '@nestjs/common';
import { authContext } from '../http/auth-context.js';
import type { SessionData, SessionFields, SessionMethods } from '../interfaces/session.interface.js';
import { SessionInterceptor } from '../interceptors/session.interceptor.js';
import { sessionOf } from '../session/request-identity.js';
import type { WristbandSession } from '../session/session.js';

/**
 * The session that `@Session()` injects: its fields, those of `T`, and {@link SessionMethods}. Any field may be absent,
 * since a session may be empty.
 */
export type Session<T extends object = object> = SessionMethods<T> & SessionFields<T>;

const sessionParameter = createParamDecorator(
  (field: string | undefined, context: ExecutionContext): unknown => {
    const loaded = sessionOf(authContext(context));
    const picked = (session: WristbandSession) => (field === undefined ? session : session[field]);
    // Nest waits for what decorators of parameters promise.
    return loaded instanceof Promise ? loaded.then(picked) : picked(loaded);
  },
);

const handlersWithInterceptor = new WeakSet<object>();

/**
 * Injects the session of the request, or one field of it. The session is opened when it is first read; without a
 * cookie it is empty. Changes are written with the response.
 *
 * The session always belongs to the user of `@CurrentUser()`. Where a bearer token authenticated the request, the session
 * is empty and is not written, whatever cookie came with the request.
 *
 * @example
 * ```ts
 * @Get('me')
 * me(@Session() session: Session<MySession>, @Session('tenantId') tenantId: string) { … }
 * ```
 */
export function Session(field?: keyof SessionData | (string & {})): ParameterDecorator {
  return (target, propertyKey, parameterIndex) => {
    if (propertyKey === undefined) throw new TypeError('@Session() belongs on a parameter of a handler');
    sessionParameter(field)(target, propertyKey, parameterIndex);
    attachInterceptor(target, propertyKey);
  };
}

/** Once for each handler, however many of its parameters are decorated. */
function attachInterceptor(target: object, propertyKey: string | symbol): void {
  const descriptor = Object.getOwnPropertyDescriptor(target, propertyKey);
  const handler: unknown = descriptor?.value;
  if (!descriptor || typeof handler !== 'function' || handlersWithInterceptor.has(handler)) return;
  handlersWithInterceptor.add(handler);
  UseInterceptors(SessionInterceptor)(target, propertyKey, descriptor);
}
