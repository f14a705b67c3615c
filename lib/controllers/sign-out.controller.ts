import { Controller, Get, HttpCode, Post, type Type } from '@nestjs/common';
import { WristbandAuthService } from '../auth/wristband-auth.service.js';
import { Public } from '../decorators/public.decorator.js';
import type { WristbandRoutes } from '../interfaces/endpoints.interface.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { SessionManager } from '../session/session.manager.js';
import { below, Endpoint } from './endpoint.decorator.js';
import type { EndpointResponse } from './endpoint.guard.js';

/** The Logout Endpoint, and the one to which Wristband's servers post that a session ended elsewhere. */
export function createSignOutController(routes: Required<WristbandRoutes>): Type {
  @Controller(below(routes.path))
  class WristbandSignOutController {
    constructor(
      private readonly wristband: WristbandAuthService,
      private readonly sessions: SessionManager,
    ) {}

    @Endpoint(Get, routes.logout)
    @Public()
    async logout(request: HttpRequest, response: HttpResponse): Promise<EndpointResponse> {
      const session = await this.sessions.load(request, response);
      return { redirect: await this.wristband.logout(request, response, session) };
    }

    @Endpoint(Post, routes.backChannelLogout)
    @Public()
    @HttpCode(200)
    async backChannelLogout(request: HttpRequest, response: HttpResponse): Promise<EndpointResponse> {
      await this.wristband.backChannelLogout(request, response);
      return null;
    }
  }
  return WristbandSignOutController;
}
