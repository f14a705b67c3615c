import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpRequest } from '../interfaces/http.interface.js';
import { rawRequest } from './http-request.js';

// Express keeps the response with the request; Fastify does not, and neither does Nest's GraphQL context.
const responses = new WeakMap<IncomingMessage, ServerResponse>();

/** Remembers the response to a request for who has only the request. */
export function rememberResponse(request: IncomingMessage, response: ServerResponse): void {
  responses.set(request, response);
}

/** The response to a request, if its server tells it. */
export function responseTo(request: HttpRequest): ServerResponse | undefined {
  const { res } = request as { readonly res?: ServerResponse };
  return res ?? responses.get(rawRequest(request));
}
