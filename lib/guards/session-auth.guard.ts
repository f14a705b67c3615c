import { Injectable } from '@nestjs/common';
import type { AuthStrategy } from '../interfaces/authentication.interface.js';
import { AuthGuard } from './auth.guard.js';

/**
 * Lets a request pass when its session is that of a signed-in user, and renews the access token when it has expired. With
 * `@AuthStrategies` its strategies count, in their order.
 *
 * Otherwise 401 `not_authenticated`, 403 `csrf_failed`, 401 `token_refresh_failed` when Wristband refuses the refresh token
 * with `invalid_grant` (the session cookie is removed), or 503 `wristband_unavailable` with `Retry-After` when the access
 * token cannot be renewed for any other reason (the session stays).
 *
 * @example
 * ```ts
 * @Controller('orders')
 * @UseGuards(SessionAuthGuard)
 * export class OrdersController {}
 * ```
 */
@Injectable()
export class SessionAuthGuard extends AuthGuard {
  protected override strategies(listed: readonly AuthStrategy[] = ['SESSION']): readonly AuthStrategy[] {
    return listed;
  }
}
