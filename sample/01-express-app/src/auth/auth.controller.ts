import { Controller, Get, Redirect, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import {
  type HttpRedirectResponse,
  Session,
  SessionAuthGuard,
  type SessionResponse,
  type TokenResponse,
  WristbandAuthService,
} from 'nestjs-wristband';
import type { AppSession } from './app-session.interface.js';

@Controller('api/auth')
export class AuthController {
  constructor(private readonly wristband: WristbandAuthService) {}

  @Get('login')
  @Redirect()
  login(@Req() req: Request, @Res({ passthrough: true }) res: Response): Promise<HttpRedirectResponse> {
    return this.wristband.login(req, res);
  }

  @Get('callback')
  @Redirect()
  async callback(
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
    @Session() session: Session<AppSession>,
  ): Promise<HttpRedirectResponse> {
    const result = await this.wristband.callback(req, res);
    if (result.type === 'redirect_required') {
      return this.wristband.createCallbackResponse(req, res, result.redirectUrl);
    }
    const { callbackData } = result;
    const { email, fullName } = callbackData.userInfo;
    session.fromCallback(callbackData, { email, fullName });
    return this.wristband.createCallbackResponse(req, res, callbackData.returnUrl ?? '/');
  }

  @Get('logout')
  @Redirect()
  logout(
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
    @Session() session: Session<AppSession>,
  ): Promise<HttpRedirectResponse> {
    return this.wristband.logout(req, res, session);
  }

  @Get('session')
  @UseGuards(SessionAuthGuard)
  session(@Session() session: Session<AppSession>): SessionResponse {
    const { email, fullName, tenantName, expiresAt } = session;
    return session.getSessionResponse({ email, fullName, tenantName, expiresAt });
  }

  @Get('token')
  @UseGuards(SessionAuthGuard)
  token(@Session() session: Session<AppSession>): TokenResponse {
    return session.getTokenResponse();
  }
}
