import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { sendText, setHeader } from '../http/http-response.js';
import type { HttpRedirectResponse, HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { SessionManager } from '../session/session.manager.js';
import { EndpointFailures } from './endpoint-failures.js';

/** What a ready-made endpoint responds. */
export type EndpointResponse = { readonly redirect: HttpRedirectResponse } | { readonly json: object } | null;

type Endpoint = (request: HttpRequest, response: HttpResponse) => Promise<EndpointResponse>;

/**
 * The last guard of a ready-made endpoint: calls its handler and sends the response itself. All guards of the application
 * have run by then, but no interceptor, pipe or exception filter: a cache, a serializer or a mapping of responses would
 * change where the endpoint leads, whom it responds for, or the shape of its JSON.
 */
@Injectable()
export class EndpointGuard implements CanActivate {
  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly sessions: SessionManager,
    private readonly failures: EndpointFailures,
  ) {}

  /** @returns `false`, so that Nest stops here; its exception is dropped by `EndpointFilter` */
  async canActivate(context: ExecutionContext): Promise<false> {
    const [request, response] = context.getArgs<[HttpRequest, HttpResponse]>();
    const controller: object = this.moduleRef.get(context.getClass());
    const endpoint = context.getHandler() as unknown as Endpoint;
    try {
      const result = await Reflect.apply(endpoint, controller, [request, response]);
      await this.sessions.prepare(request);
      send(response, result);
    } catch (error) {
      await this.failures.send(request, response, error);
    }
    this.failures.markAsSent(request);
    return false;
  }
}

function send(response: HttpResponse, result: EndpointResponse): void {
  if (result === null) {
    sendText(response, 200);
  } else if ('redirect' in result) {
    setHeader(response, 'Location', result.redirect.url);
    sendText(response, result.redirect.statusCode);
  } else sendText(response, 200, JSON.stringify(result.json), 'application/json; charset=utf-8');
}
