import { All, Controller, UseGuards } from '@nestjs/common';
import { Auth, CurrentUser, OptionalAuth, Public, Roles, RolesGuard, Session } from '../../lib/index.js';

/** A handler behind every kind of guard; each answers with what let the request pass. */
@Controller('input')
export class InputController {
  @All('session')
  @Auth('SESSION')
  session(@CurrentUser('strategy') strategy: string, @Session('userId') userId: string) {
    return { strategy, userId };
  }

  @All('jwt')
  @Auth('JWT')
  jwt(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @All('either')
  @Auth('JWT', 'SESSION')
  either(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @All('roles')
  @UseGuards(RolesGuard)
  @Auth('SESSION', 'JWT')
  @Roles(['app:emulator:viewer'])
  roles() {
    return { strategy: 'roles' };
  }

  @All('optional')
  @OptionalAuth()
  @Auth('SESSION', 'JWT')
  optional(@CurrentUser('strategy') strategy: string | undefined) {
    return { strategy: strategy ?? 'nobody' };
  }

  @All('public')
  @Public()
  public(@Session() session: Session<{ seen?: number }>) {
    return { seen: session.seen ?? 0 };
  }
}
