import { Controller, Get, Inject, type Type, UseGuards } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { SessionIsEnough } from '../guards/route-rules.js';
import type { SessionAuthGuard } from '../guards/session-auth.guard.js';
import { httpAuthContext } from '../http/auth-context.js';
import type { WristbandRoutes } from '../interfaces/endpoints.interface.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import type { SessionFields } from '../interfaces/session.interface.js';
import { sessionOf } from '../session/request-identity.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import type { EndpointResponse } from './endpoint.guard.js';
import { below, Endpoint } from './endpoint.decorator.js';

/** The Session Endpoint and the Token Endpoint of Wristband's front-end libraries. */
export function createSessionController(
  { path, session, token }: Required<WristbandRoutes>,
  guard: typeof SessionAuthGuard,
): Type {
  @Controller(below(path))
  @UseGuards(guard)
  class WristbandSessionController {
    constructor(@Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions) {}

    @Endpoint(Get, session)
    @SessionIsEnough(true)
    async session(request: HttpRequest, response: HttpResponse): Promise<EndpointResponse> {
      const current = await sessionOf(httpAuthContext(request, response));
      const metadata = await this.options.hooks.sessionMetadata?.(current as SessionFields<object>);
      return { json: current.getSessionResponse({ ...metadata }) };
    }

    @Endpoint(Get, token)
    async token(request: HttpRequest, response: HttpResponse): Promise<EndpointResponse> {
      const current = await sessionOf(httpAuthContext(request, response));
      return { json: current.getTokenResponse() };
    }
  }
  return WristbandSessionController;
}
