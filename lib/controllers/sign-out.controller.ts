import { Controller, Get, HttpCode, Post, Redirect, Req, Res, type Type } from '@nestjs/common';
import { WristbandAuthService } from '../auth/wristband-auth.service.js';
import { Public } from '../decorators/public.decorator.js';
import { Session } from '../decorators/session.decorator.js';
import type { WristbandRoutes } from '../interfaces/endpoints.interface.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { At, below } from './endpoint-paths.js';

/** The Logout Endpoint, and the one where Wristband's servers tell of a logout elsewhere. */
export function createSignOutController(routes: Required<WristbandRoutes>): Type {
  @Controller(below(routes.path))
  class WristbandSignOutController {
    constructor(private readonly wristband: WristbandAuthService) {}

    @At(Get, routes.logout)
    @Public()
    @Redirect()
    logout(
      @Req() req: HttpRequest,
      @Res({ passthrough: true }) res: HttpResponse,
      @Session() session: Session,
    ) {
      const { refreshToken, tenantName, tenantCustomDomain } = session;
      session.clear();
      return this.wristband.logout(req, res, { refreshToken, tenantName, tenantCustomDomain });
    }

    @At(Post, routes.backChannelLogout)
    @Public()
    @HttpCode(200)
    backChannelLogout(@Req() req: HttpRequest, @Res({ passthrough: true }) res: HttpResponse) {
      return this.wristband.backChannelLogout(req, res);
    }
  }
  return WristbandSignOutController;
}
