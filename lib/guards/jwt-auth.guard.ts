import { Injectable } from '@nestjs/common';
import type { AuthStrategy } from '../interfaces/authentication.interface.js';
import { AuthGuard } from './auth.guard.js';

/**
 * Lets a request pass when it brings a good access token in `Authorization: Bearer`. With `@AuthStrategies` its
 * strategies count, in their order.
 *
 * Otherwise 401 `not_authenticated` without a token, 401 `invalid_token`, both with `WWW-Authenticate` (RFC 6750), or 503
 * `wristband_unavailable` with `Retry-After` when Wristband's keys cannot be had.
 *
 * @example
 * ```ts
 * @Controller('api/orders')
 * @UseGuards(JwtAuthGuard)
 * export class OrdersApiController {}
 * ```
 */
@Injectable()
export class JwtAuthGuard extends AuthGuard {
  protected override strategies(listed: readonly AuthStrategy[] = ['JWT']): readonly AuthStrategy[] {
    return listed;
  }
}
