import { Controller, Get, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import { type AccessTokenClaims, CurrentUser, Jwt } from 'nestjs-wristband';
import { WristbandAuthGuard } from '../guards/wristband-auth.guard';

@Controller()
export class DeskController {
  @Get('orders')
  @UseGuards(WristbandAuthGuard)
  async list(@Req() req: Request, @Res() res: Response): Promise<void> {
    try {
      req.session.visits = (req.session.visits || 0) + 1;
      await req.session.save();
      const { tenantId, userId, visits } = req.session;
      res.status(200).json({ tenantId, userId, visits });
    } catch (error) {
      res.status(500).json({ message: 'An error occurred during the process.' });
    }
  }

  @Post('orders')
  @UseGuards(WristbandAuthGuard)
  order(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @Get('api/auth/session')
  @UseGuards(WristbandAuthGuard)
  session(@Req() req: Request, @Res() res: Response): void {
    const { email, roles, userRoles } = req.session;
    res.header('Pragma', 'no-cache');
    res.json(req.session.getSessionResponse({ email, roles: roles || [], userRoles: userRoles || [] }));
  }

  @Get('api/auth/token')
  @UseGuards(WristbandAuthGuard)
  token(@Req() req: Request) {
    return req.session.getTokenResponse();
  }

  @Get('claims')
  @UseGuards(WristbandAuthGuard)
  claims(@Jwt() claims: AccessTokenClaims) {
    return claims || {};
  }

  @Get('visits')
  open(@Req() req: Request) {
    return { visits: req.session.visits || 0, isAuthenticated: req.session.isAuthenticated || false };
  }
}
