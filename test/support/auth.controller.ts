import { Controller, Get, Redirect, Req, Res, UseGuards } from '@nestjs/common';
import {
  type CallbackData,
  type HttpRedirectResponse,
  type HttpRequest,
  type HttpResponse,
  type LoginConfig,
  type LogoutConfig,
  Session,
  SessionAuthGuard,
  type SessionResponse,
  type TokenResponse,
  WristbandAuthService,
} from '../../lib/index.js';

interface AuthSettings {
  login: LoginConfig;
  logout: LogoutConfig;
  landing: string;
}

const defaults = (): AuthSettings => ({ login: {}, logout: {}, landing: '/api/auth/session' });

/** What a test changes about the calls of the controller. */
export const authSettings = defaults();

/** What the last completed callback knew. */
export const lastCallback: { data?: CallbackData } = {};

/** Forgets what tests of another file in the same process left behind. */
export function resetAuthController(): void {
  Object.assign(authSettings, defaults());
  delete lastCallback.data;
}

/** The controller of the README, with its calls open to tests. */
@Controller('api/auth')
export class AuthController {
  constructor(private readonly wristband: WristbandAuthService) {}

  @Get('login')
  @Redirect()
  login(
    @Req() req: HttpRequest,
    @Res({ passthrough: true }) res: HttpResponse,
  ): Promise<HttpRedirectResponse> {
    return this.wristband.login(req, res, authSettings.login);
  }

  @Get('callback')
  @Redirect()
  async callback(
    @Req() req: HttpRequest,
    @Res({ passthrough: true }) res: HttpResponse,
    @Session() session: Session,
  ): Promise<HttpRedirectResponse> {
    const result = await this.wristband.callback(req, res);
    if (result.type === 'redirect_required') {
      return this.wristband.createCallbackResponse(req, res, result.redirectUrl);
    }
    lastCallback.data = result.callbackData;
    session.fromCallback(result.callbackData);
    return this.wristband.createCallbackResponse(
      req,
      res,
      result.callbackData.returnUrl ?? authSettings.landing,
    );
  }

  @Get('logout')
  @Redirect()
  logout(
    @Req() req: HttpRequest,
    @Res({ passthrough: true }) res: HttpResponse,
    @Session() session: Session,
  ): Promise<HttpRedirectResponse> {
    const { refreshToken, tenantName, tenantCustomDomain } = session;
    session.clear();
    return this.wristband.logout(req, res, {
      refreshToken,
      tenantName,
      tenantCustomDomain,
      ...authSettings.logout,
    });
  }

  @Get('session')
  @UseGuards(SessionAuthGuard)
  session(@Session() session: Session): SessionResponse {
    return session.getSessionResponse({ tenantName: session.tenantName });
  }

  @Get('token')
  @UseGuards(SessionAuthGuard)
  token(@Session() session: Session): TokenResponse {
    return session.getTokenResponse();
  }
}
