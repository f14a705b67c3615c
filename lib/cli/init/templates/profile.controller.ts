/** One route that is for users only. */
export function profileController(): string {
  return `import { Controller, Get, UseGuards } from '@nestjs/common';
import { Session, SessionAuthGuard } from 'nestjs-wristband';

@Controller('profile')
@UseGuards(SessionAuthGuard)
export class ProfileController {
  @Get()
  show(@Session() { userId, tenantId, tenantName }: Session) {
    return { userId, tenantId, tenantName };
  }
}
`;
}
