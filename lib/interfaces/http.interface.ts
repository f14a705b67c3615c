import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request of Express, of Fastify, or of `node:http` itself. */
export type HttpRequest = IncomingMessage | { readonly raw: IncomingMessage };

/** A response of Express, a reply of Fastify, or the response of `node:http` itself. */
export type HttpResponse = ServerResponse | { readonly raw: ServerResponse };

/**
 * A redirect in the shape that Nest's `@Redirect()` takes as a return value, so a controller can return it as
 * it is. Cookies and headers are already on the response.
 */
export interface HttpRedirectResponse {
  readonly url: string;
  readonly statusCode: 302;
}
