import { Controller, Get, UseGuards } from '@nestjs/common';
import { Session, SessionAuthGuard } from 'nestjs-wristband';

@Controller()
@UseGuards(SessionAuthGuard)
export class MeController {
  @Get()
  me(@Session() session: Session): object {
    const { userId, tenantId, tenantName } = session;
    return { userId, tenantId, tenantName, signOut: '/api/auth/logout' };
  }
}
