import { Controller, Get, Redirect, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type HttpRedirectResponse, Session, SessionAuthGuard, WristbandAuthService } from 'nestjs-wristband';

@Controller()
export class AuthController {
  constructor(private readonly wristband: WristbandAuthService) {}

  @Get()
  @UseGuards(SessionAuthGuard)
  me(@Session() session: Session): object {
    const { userId, tenantId, tenantName } = session;
    return { userId, tenantId, tenantName, signOut: '/api/auth/logout' };
  }

  @Get('api/auth/login')
  @Redirect()
  login(
    @Req() req: FastifyRequest,
    @Res({ passthrough: true }) res: FastifyReply,
  ): Promise<HttpRedirectResponse> {
    return this.wristband.login(req, res);
  }

  @Get('api/auth/callback')
  @Redirect()
  async callback(
    @Req() req: FastifyRequest,
    @Res({ passthrough: true }) res: FastifyReply,
    @Session() session: Session,
  ): Promise<HttpRedirectResponse> {
    const result = await this.wristband.callback(req, res);
    if (result.type === 'redirect_required') {
      return this.wristband.createCallbackResponse(req, res, result.redirectUrl);
    }
    session.fromCallback(result.callbackData);
    return this.wristband.createCallbackResponse(req, res, result.callbackData.returnUrl ?? '/');
  }

  @Get('api/auth/logout')
  @Redirect()
  logout(
    @Req() req: FastifyRequest,
    @Res({ passthrough: true }) res: FastifyReply,
    @Session() session: Session,
  ): Promise<HttpRedirectResponse> {
    const { refreshToken, tenantName, tenantCustomDomain } = session;
    session.destroy();
    return this.wristband.logout(req, res, { refreshToken, tenantName, tenantCustomDomain });
  }
}
