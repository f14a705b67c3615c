import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { httpContext } from '../http/http-context.js';
import { withRetryAfter } from '../http/retry-after.js';
import { SessionManager } from '../session/session.manager.js';
import { SessionStrategy } from '../strategies/session.strategy.js';

/**
 * Lets a request pass when its session is that of a signed-in user, and renews the access token when it has expired.
 *
 * Otherwise 401 `not_authenticated`, 403 `csrf_failed`, 401 `token_refresh_failed` when Wristband ended the sign-in (the session cookie is
 * removed), or 503 `wristband_unavailable` with `Retry-After` when Wristband cannot be asked (the session stays).
 *
 * @example
 * ```ts
 * @Controller('orders')
 * @UseGuards(SessionAuthGuard)
 * export class OrdersController {}
 * ```
 * @publicApi
 */
@Injectable()
export class SessionAuthGuard implements CanActivate {
  constructor(
    private readonly sessions: SessionManager,
    private readonly strategy: SessionStrategy,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { request, response } = httpContext(context);
    const session = this.sessions.open(request, response);
    await withRetryAfter(response, () => this.strategy.authenticate(request, session));
    return true;
  }
}
