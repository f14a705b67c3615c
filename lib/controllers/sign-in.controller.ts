import { Controller, Get, Inject, Redirect, Req, Res, type Type } from '@nestjs/common';
import { WristbandAuthService } from '../auth/wristband-auth.service.js';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { Public } from '../decorators/public.decorator.js';
import { Session } from '../decorators/session.decorator.js';
import type { WristbandRoutes } from '../interfaces/endpoints.interface.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { At, below } from './endpoint-paths.js';

/** The Login Endpoint and the Callback Endpoint. */
export function createSignInController({ path, login, callback }: Required<WristbandRoutes>): Type {
  @Controller(below(path))
  class WristbandSignInController {
    constructor(
      private readonly wristband: WristbandAuthService,
      @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    ) {}

    @At(Get, login)
    @Public()
    @Redirect()
    login(@Req() req: HttpRequest, @Res({ passthrough: true }) res: HttpResponse) {
      return this.wristband.login(req, res);
    }

    @At(Get, callback)
    @Public()
    @Redirect()
    async callback(
      @Req() req: HttpRequest,
      @Res({ passthrough: true }) res: HttpResponse,
      @Session() session: Session,
    ) {
      const result = await this.wristband.callback(req, res);
      if (result.type === 'redirect_required')
        return this.wristband.createCallbackResponse(req, res, result.redirectUrl);
      const { onCallback, landingUrl = '/' } = this.options.hooks;
      const { callbackData } = result;
      const fields = await onCallback?.(callbackData, req);
      const landing = typeof landingUrl === 'string' ? landingUrl : await landingUrl(callbackData);
      session.fromCallback(callbackData, fields ?? {});
      return this.wristband.createCallbackResponse(req, res, callbackData.returnUrl ?? landing);
    }
  }
  return WristbandSignInController;
}
