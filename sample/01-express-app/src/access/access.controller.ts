import { Controller, Get, UseGuards } from '@nestjs/common';
import {
  type AuthenticatedUser,
  AuthStrategies,
  CurrentUser,
  OptionalAuth,
  Public,
  Roles,
  RolesGuard,
  WristbandAuthGuard,
} from 'nestjs-wristband';
import { ADMIN_ROLE } from './access.constants.js';

/** Who the guard takes a caller for. The access token stays here. */
type Caller = Omit<AuthenticatedUser, 'accessToken'> | 'nobody';

/** One endpoint for each way of letting somebody in. The page /access calls them. */
@Controller('api/access')
@UseGuards(WristbandAuthGuard, RolesGuard)
export class AccessController {
  @Get('session')
  @AuthStrategies('SESSION')
  session(@CurrentUser() user: AuthenticatedUser): Caller {
    return caller(user);
  }

  @Get('token')
  @AuthStrategies('JWT')
  token(@CurrentUser() user: AuthenticatedUser): Caller {
    return caller(user);
  }

  @Get('either')
  @AuthStrategies('JWT', 'SESSION')
  either(@CurrentUser() user: AuthenticatedUser): Caller {
    return caller(user);
  }

  @Get('admin')
  @Roles([ADMIN_ROLE])
  admin(@CurrentUser() user: AuthenticatedUser): Caller {
    return caller(user);
  }

  @Get('optional')
  @OptionalAuth()
  optional(@CurrentUser() user: AuthenticatedUser | undefined): { caller: Caller } {
    return { caller: user ? caller(user) : 'nobody' };
  }

  @Get('public')
  @Public()
  public(): { message: string } {
    return { message: 'Everybody may read this.' };
  }
}

function caller({ strategy, userId, tenantId, tenantName, roles }: AuthenticatedUser): Caller {
  return {
    strategy,
    userId,
    ...(tenantId !== undefined && { tenantId }),
    ...(tenantName !== undefined && { tenantName }),
    ...(roles && { roles }),
  };
}
