import { Injectable } from '@nestjs/common';
import type { AuthStrategy } from '../interfaces/authentication.interface.js';
import { AuthGuard } from './auth.guard.js';

/**
 * Lets a request pass when one of the strategies of `@AuthStrategies` succeeds, or of the option `authStrategies` where
 * that decorator is not. It is the guard of `globalGuard: true`.
 */
@Injectable()
export class WristbandAuthGuard extends AuthGuard {
  protected override strategies(
    listed: readonly AuthStrategy[] = this.authenticator.defaultStrategies,
  ): readonly AuthStrategy[] {
    return listed;
  }
}
