import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpServer } from '@nestjs/common';
import { rememberResponse, responseTo } from './response-to.js';

/** What is read when the property of a request is asked for. */
export type ReadProperty = (request: IncomingMessage, response: ServerResponse) => unknown;

type ExpressRequest = IncomingMessage & { readonly res: ServerResponse; readonly route?: unknown };

interface FastifyInstanceLike {
  hasRequestDecorator(name: string): boolean;
  decorateRequest(name: string, property: { getter(this: FastifyRequestLike): unknown }): void;
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequestLike, reply: FastifyReplyLike, done: () => void) => void,
  ): void;
}

interface FastifyRequestLike {
  readonly raw: IncomingMessage;
}

interface FastifyReplyLike {
  readonly raw: ServerResponse;
}

/**
 * Puts a property on all requests of an application that is only read when somebody asks for it. For requests
 * that do not, nothing runs on Express, and on Fastify a hook that remembers the response.
 *
 * @param onTaken called, once, when something else uses the name
 */
export function defineRequestProperty(
  adapter: HttpServer,
  name: string,
  read: ReadProperty,
  onTaken: () => void,
): void {
  if (adapter.getType?.() === 'fastify') defineOnFastify(adapter.getInstance(), name, read, onTaken);
  else if (adapter.getType?.() === 'express')
    defineOnExpress(adapter.getInstance().request, name, read, onTaken);
}

function defineOnExpress(prototype: object, name: string, read: ReadProperty, onTaken: () => void): void {
  let isTold = false;
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: ExpressRequest) {
      // A session middleware of another library looks whether there is one already, before any route is reached.
      return this.route === undefined ? undefined : read(this, this.res);
    },
    set(this: ExpressRequest, value: unknown) {
      Object.defineProperty(this, name, { value, configurable: true, enumerable: true, writable: true });
      if (!isTold) onTaken();
      isTold = true;
    },
  });
}

function defineOnFastify(
  fastify: FastifyInstanceLike,
  name: string,
  read: ReadProperty,
  onTaken: () => void,
): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    rememberResponse(request.raw, reply.raw);
    done();
  });
  if (fastify.hasRequestDecorator(name)) return onTaken();
  fastify.decorateRequest(name, {
    getter() {
      const response = responseTo(this);
      return response && read(this.raw, response);
    },
  });
}
