import type { ExecutionContext } from '@nestjs/common';
import { notAuthenticated, type WristbandException } from '../errors/wristband.exception.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { isHttpRequest, isUpgrade } from './http-request.js';
import { isHttpResponse } from './http-response.js';
import { responseTo } from './response-to.js';
import { socketRequest } from './socket-request.js';

/** The HTTP request behind whatever is being handled, with the response if it can still be given headers. */
export interface AuthContext {
  readonly type: 'http' | 'graphql' | 'ws';
  readonly request: HttpRequest;
  /** Absent where no header can be sent any more: on a socket. */
  readonly response?: HttpResponse;
  /** Whether the request opened a socket that outlives it, and that can do anything afterwards. */
  readonly isSocket: boolean;
  /** What stands for one field of a GraphQL operation: its resolver may have another user than the next one's. */
  readonly field?: object;
}

/** What the context of a resolver may hold; nothing is certain, since applications make their own. */
interface GraphqlContext {
  readonly req?: unknown;
  readonly request?: unknown;
  readonly res?: HttpResponse;
  readonly reply?: HttpResponse & { readonly request?: unknown };
  /** Where graphql-ws keeps the handshake of a socket. */
  readonly extra?: { readonly request?: unknown };
}

export function httpAuthContext(request: HttpRequest, response: HttpResponse): AuthContext {
  return { type: 'http', request, response, isSocket: false };
}

/** @param request the one that opened the socket */
export function socketAuthContext(request: HttpRequest): AuthContext {
  return { type: 'ws', request, isSocket: true };
}

/**
 * Finds the request of an HTTP handler, a GraphQL resolver or a message of a WebSocket gateway.
 *
 * @throws {WristbandException} `not_authenticated` where there is none, as for RPC
 */
export function authContext(context: ExecutionContext): AuthContext {
  const found = findAuthContext(context);
  if (found) return found;
  throw noRequest(context);
}

/** The same, `undefined` where there is no request. */
export function findAuthContext(context: ExecutionContext): AuthContext | undefined {
  switch (context.getType<string>()) {
    case 'http': {
      const http = context.switchToHttp();
      return requestContext(http.getRequest(), http.getResponse());
    }
    case 'graphql':
      return withField(graphqlContext(context.getArgByIndex(2)), context.getArgByIndex(3));
    case 'ws':
      return gatewayContext(context.switchToWs().getClient());
    default:
      return undefined;
  }
}

/** The error of a handler that runs without an HTTP request. */
export function noRequest(context: ExecutionContext): WristbandException {
  const type = context.getType<string>();
  return notAuthenticated(
    HINTS[type] ?? `A handler for ${type} has no HTTP request, so nobody can be signed in: make it @Public()`,
  );
}

const HINTS: Readonly<Record<string, string>> = {
  http: 'This handler was called without an HTTP request, for example with a message, a job or a command, so nobody can be signed in: make it @Public()',
  ws: 'It is not known who opened the socket: call authenticateSocket(client, request) in handleConnection',
  graphql: 'The GraphQL context holds no request: put it there as req, and the response as res',
};

/**
 * Libraries that call handlers with messages, jobs or commands leave the type of the context at `http`. A message may have
 * headers, too: only what comes with a response that can be given headers is a request.
 */
function requestContext(request: unknown, response: unknown): AuthContext | undefined {
  return isHttpRequest(request) && isHttpResponse(response) ? httpAuthContext(request, response) : undefined;
}

/** A resolver gets `(root, args, context, info)`; what is in the context depends on the server in use. */
function graphqlContext(given: GraphqlContext | undefined): AuthContext | undefined {
  const { req, request, reply, extra, res } = given ?? {};
  // Without a function of the application, Nest puts the whole context of graphql-ws into `req`.
  const wrapped = (req as GraphqlContext | undefined)?.extra;
  const handshake = [extra?.request, wrapped?.request].find(isHttpRequest);
  const found = handshake ?? [req, request, reply?.request].find(isHttpRequest);
  if (!found) return undefined;
  if (handshake || isUpgrade(found)) return { type: 'graphql', request: found, isSocket: true };
  const response = res ?? reply ?? responseTo(found);
  return { type: 'graphql', request: found, isSocket: false, ...(response && { response }) };
}

/** GraphQL calls each resolver with an object that describes where in the operation it is. */
function withField(found: AuthContext | undefined, info: unknown): AuthContext | undefined {
  return found && typeof info === 'object' && info ? { ...found, field: info } : found;
}

function gatewayContext(client: unknown): AuthContext | undefined {
  const request = typeof client === 'object' && client ? socketRequest(client) : undefined;
  return request && socketAuthContext(request);
}
