import type { ExecutionContext } from '@nestjs/common';
import { notAuthenticated } from '../errors/wristband.exception.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { socketRequest } from './socket-request.js';

/** The HTTP request behind whatever is being handled, with the response if it can still be given headers. */
export interface AuthContext {
  readonly type: 'http' | 'graphql' | 'ws';
  readonly request: HttpRequest;
  /** Absent where no header can be sent any more: on a socket. */
  readonly response?: HttpResponse;
}

interface GraphqlContext {
  readonly req?: HttpRequest;
  readonly request?: HttpRequest;
  readonly res?: HttpResponse;
  readonly reply?: HttpResponse & { readonly request?: HttpRequest };
  /** Where graphql-ws keeps the handshake of a subscription. */
  readonly extra?: { readonly request?: HttpRequest };
}

/**
 * Finds the request of an HTTP handler, a GraphQL resolver or a message of a WebSocket gateway.
 *
 * @throws {WristbandException} `not_authenticated` where there is none, as for RPC, so that guards fail closed
 */
export function authContext(context: ExecutionContext): AuthContext {
  const type = context.getType<string>();
  const found = FINDERS[type]?.(context);
  if (found) return found;
  throw notAuthenticated(`A ${type} handler has no request that could be authenticated`);
}

function httpContext(context: ExecutionContext): AuthContext {
  const http = context.switchToHttp();
  return { type: 'http', request: http.getRequest(), response: http.getResponse() };
}

/** A resolver gets `(root, args, context, info)`; what is in the context depends on the server in use. */
function graphqlContext(context: ExecutionContext): AuthContext | undefined {
  const given = context.getArgByIndex<GraphqlContext | undefined>(2) ?? {};
  const handshake = given.extra?.request;
  const request = handshake ?? given.req ?? given.request ?? given.reply?.request;
  if (!request) return undefined;
  const response = given.res ?? given.reply;
  return { type: 'graphql', request, ...(response && !handshake && { response }) };
}

function socketContext(context: ExecutionContext): AuthContext | undefined {
  const client: unknown = context.switchToWs().getClient();
  const request = typeof client === 'object' && client ? socketRequest(client) : undefined;
  return request && { type: 'ws', request };
}

const FINDERS: Readonly<Record<string, (context: ExecutionContext) => AuthContext | undefined>> = {
  http: httpContext,
  graphql: graphqlContext,
  ws: socketContext,
};
