import {
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
  UseInterceptors,
} from '@nestjs/common';
import { WristbandException } from '../errors/wristband.exception.js';
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

/**
 * Global pipes run on the parameters of custom decorators as well, and may clone, trim or validate every object. They get a
 * function in the place of the session; {@link unwrapSession}, which runs last, calls it.
 */
type WrappedSession = () => WristbandSession;

const sessionParameter = createParamDecorator(
  (field: string | undefined, context: ExecutionContext): unknown => {
    const loaded = sessionOf(authContext(context));
    const picked = (session: WristbandSession): unknown =>
      field === undefined ? () => session : session[field];
    // Nest awaits what the decorator of a parameter returns.
    return loaded instanceof Promise ? loaded.then(picked) : picked(loaded);
  },
);

const unwrapSession: PipeTransform<WrappedSession, WristbandSession> = {
  transform(wrapped) {
    if (typeof wrapped === 'function') return wrapped();
    const message =
      'A global pipe replaced the parameter of @Session(): let it return values of other types than "body" as they are';
    throw new WristbandException('invalid_argument', message);
  },
};

const handlersWithInterceptor = new WeakSet<object>();

/**
 * Injects the session of the request, or one field of it. The session is opened when it is first read; without a
 * cookie it is empty. Changes are written with the response. Pipes run on a field, but not on the session itself.
 *
 * The session always belongs to the user of `@CurrentUser()`. Where a bearer token authenticated the request, the session
 * is empty and is not written, whatever cookie came with the request.
 *
 * @example
 * ```ts
 * @Get('me')
 * me(@Session() session: Session<MySession>, @Session('tenantId') tenantId: string) { … }
 * ```
 * @throws {TypeError} when it is given something else than a name
 */
export function Session(field?: keyof SessionData | (string & {})): ParameterDecorator {
  if (field !== undefined && typeof field !== 'string')
    throw new TypeError('@Session() takes the name of a field; pipes do not run on the session');
  return (target, propertyKey, parameterIndex) => {
    if (propertyKey === undefined) throw new TypeError('@Session() belongs on a parameter of a handler');
    const pipes = field === undefined ? [unwrapSession] : [];
    sessionParameter(field, ...pipes)(target, propertyKey, parameterIndex);
    const isCleared = field !== undefined || clearDesignType(target, propertyKey, parameterIndex);
    if (!isCleared) queueMicrotask(() => clearDesignType(target, propertyKey, parameterIndex));
    attachInterceptor(target, propertyKey);
  };
}

/**
 * Compilers that see one file at a time take the decorator for the type of `session: Session`, and `ValidationPipe` would make
 * an instance of it.
 *
 * @returns false when there are no types: some compilers define them after the decorators of parameters have run
 */
function clearDesignType(target: object, propertyKey: string | symbol, parameterIndex: number): boolean {
  const types: unknown = Reflect.getOwnMetadata('design:paramtypes', target, propertyKey);
  if (!Array.isArray(types)) return false;
  types[parameterIndex] = Object;
  return true;
}

/** Once for each handler, however many of its parameters are decorated. */
function attachInterceptor(target: object, propertyKey: string | symbol): void {
  const descriptor = Object.getOwnPropertyDescriptor(target, propertyKey);
  const handler: unknown = descriptor?.value;
  if (!descriptor || typeof handler !== 'function' || handlersWithInterceptor.has(handler)) return;
  handlersWithInterceptor.add(handler);
  UseInterceptors(SessionInterceptor)(target, propertyKey, descriptor);
}
