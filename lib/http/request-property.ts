import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpServer } from '@nestjs/common';
import type { HttpRequest } from '../interfaces/http.interface.js';
import { rememberResponse, responseTo } from './response-to.js';

/** What is read when the property of a request is asked for. */
export type ReadProperty = (request: IncomingMessage, response: ServerResponse) => unknown;

/** @param user the package that uses the property, if it is known */
type OnTaken = (user: string | undefined) => void;

type ExpressRequest = IncomingMessage & { readonly res: ServerResponse; readonly route?: unknown };

interface FastifyInstanceLike {
  hasRequestDecorator(name: string): boolean;
  decorateRequest(name: symbol, property: { getter(): unknown }): void;
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequestLike, reply: FastifyReplyLike, done: () => void) => void,
  ): void;
  addHook(name: 'onReady', hook: (done: () => void) => void): void;
}

interface FastifyRequestLike {
  readonly raw: IncomingMessage;
}

interface FastifyReplyLike {
  readonly raw: ServerResponse;
}

/** Getters of {@link defineRequestProperty}. */
const ownGetters = new WeakSet<object>();

/**
 * Puts a property on all requests of an application that is only read when somebody asks for it. For requests
 * that do not, nothing runs on Express, and on Fastify a hook that remembers the response. What else uses the name keeps it,
 * whether it was there before or comes later.
 *
 * @param onTaken called when something else uses the name
 */
export function defineRequestProperty(
  adapter: HttpServer,
  name: string,
  read: ReadProperty,
  onTaken: OnTaken,
): void {
  if (adapter.getType?.() === 'fastify') defineOnFastify(adapter.getInstance(), name, read, onTaken);
  else if (adapter.getType?.() === 'express')
    defineOnExpress(adapter.getInstance().request, name, read, onTaken);
}

/** Whether a property of a request is there, and not by {@link defineRequestProperty}. */
export function hasForeignProperty(request: HttpRequest, name: string): boolean {
  return isForeign(propertyOf(request, name));
}

function defineOnExpress(prototype: object, name: string, read: ReadProperty, onTaken: OnTaken): void {
  function get(this: ExpressRequest): unknown {
    // A session middleware of another library looks whether there is one already, before any route is reached.
    return this.route === undefined ? undefined : read(this, this.res);
  }
  define(prototype, name, get, onTaken);
}

function defineOnFastify(
  fastify: FastifyInstanceLike,
  name: string,
  read: ReadProperty,
  onTaken: OnTaken,
): void {
  function get(this: FastifyRequestLike): unknown {
    const response = responseTo(this);
    return response && read(this.raw, response);
  }
  // Servers whose requests have no decorators share one class of requests.
  fastify.decorateRequest(Symbol(name), { getter: () => undefined });
  // Not a decorator of this name: a plugin that adds one later would end the process.
  const prototypes = new WeakSet<object>();
  fastify.addHook('onRequest', (request, reply, done) => {
    rememberResponse(request.raw, reply.raw);
    const prototype: object = Object.getPrototypeOf(request);
    if (!prototypes.has(prototype)) {
      prototypes.add(prototype);
      if (!isForeign(propertyOf(request, name))) define(prototype, name, get, onTaken);
    }
    done();
  });
  fastify.addHook('onReady', (done) => {
    if (fastify.hasRequestDecorator(name)) onTaken(undefined);
    done();
  });
}

function define(prototype: object, name: string, get: (this: never) => unknown, onTaken: OnTaken): void {
  if (isForeign(propertyOf(prototype, name))) return onTaken(undefined);
  ownGetters.add(get);
  Object.defineProperty(prototype, name, {
    configurable: true,
    get,
    set: function set(this: object, value: unknown) {
      Object.defineProperty(this, name, { value, configurable: true, enumerable: true, writable: true });
      onTaken(packageThatCalled(set));
    },
  });
}

function propertyOf(target: object, name: string): PropertyDescriptor | undefined {
  for (let one: object | null = target; one; one = Object.getPrototypeOf(one)) {
    const property = Object.getOwnPropertyDescriptor(one, name);
    if (property) return property;
  }
  return undefined;
}

function isForeign(property: PropertyDescriptor | undefined): boolean {
  if (!property) return false;
  const getter: object | undefined = Reflect.get(property, 'get');
  return getter === undefined || !ownGetters.has(getter);
}

/** The package in `node_modules` whose code called a function; `undefined` for code of the application. */
function packageThatCalled(callee: (value: unknown) => void): string | undefined {
  const trace: { stack?: string } = {};
  Error.captureStackTrace(trace, callee);
  const [, caller = ''] = trace.stack?.split('\n') ?? [];
  return /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(caller)?.[1];
}
