import { Controller, Get, Inject, type Type } from '@nestjs/common';
import { WristbandAuthService } from '../auth/wristband-auth.service.js';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { Public } from '../decorators/public.decorator.js';
import type { WristbandRoutes } from '../interfaces/endpoints.interface.js';
import type { CallbackData } from '../interfaces/auth-flow.interface.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import type { WristbandSession } from '../session/session.js';
import { SessionManager } from '../session/session.manager.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { below, Endpoint } from './endpoint.decorator.js';
import type { EndpointResponse } from './endpoint.guard.js';

/** The Login Endpoint and the Callback Endpoint. */
export function createSignInController({ path, login, callback }: Required<WristbandRoutes>): Type {
  @Controller(below(path))
  class WristbandSignInController {
    constructor(
      private readonly wristband: WristbandAuthService,
      private readonly sessions: SessionManager,
      @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    ) {}

    @Endpoint(Get, login)
    @Public()
    async login(request: HttpRequest, response: HttpResponse): Promise<EndpointResponse> {
      return { redirect: await this.wristband.login(request, response) };
    }

    @Endpoint(Get, callback)
    @Public()
    async callback(request: HttpRequest, response: HttpResponse): Promise<EndpointResponse> {
      // First, so that an outage of its store does not cost the code of the sign-in.
      const session = await this.sessions.load(request, response);
      const result = await this.wristband.callback(request, response);
      const target =
        result.type === 'redirect_required'
          ? result.redirectUrl
          : await this.#signIn(request, session, result.callbackData);
      return { redirect: await this.wristband.createCallbackResponse(request, response, target) };
    }

    async #signIn(request: HttpRequest, session: WristbandSession, callbackData: CallbackData) {
      const { onCallback, landingUrl = '/' } = this.options.hooks;
      const fields = await onCallback?.(callbackData, request);
      const landing = typeof landingUrl === 'string' ? landingUrl : await landingUrl(callbackData);
      session.fromCallback(callbackData, fields ?? {});
      return callbackData.returnUrl ?? landing;
    }
  }
  return WristbandSignInController;
}
