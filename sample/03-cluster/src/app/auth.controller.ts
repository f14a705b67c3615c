import { Controller, Get, Redirect, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { type HttpRedirectResponse, Session, WristbandAuthService } from 'nestjs-wristband';
import type { AppSession } from './app-session.interface.js';

/** As in one process. */
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
}
