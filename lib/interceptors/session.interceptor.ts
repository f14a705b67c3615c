import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type Observable, tap } from 'rxjs';
import { findAuthContext } from '../http/auth-context.js';
import { bindSessionManager } from '../session/session-binding.js';
import { SessionManager } from '../session/session.manager.js';

/**
 * Makes sure that a handler's session can be written while the response can still become an error, and lets
 * `@Session()` find it. `@Session()` attaches it to its handler, so it is only listed by hand for handlers that change
 * a session without injecting it.
 *
 * @publicApi
 */
@Injectable()
export class SessionInterceptor implements NestInterceptor {
  constructor(private readonly sessions: SessionManager) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const found = findAuthContext(context);
    if (!found) return next.handle();
    const { request, response } = found;
    bindSessionManager(request, this.sessions);
    // Nothing to write: no response, no cookie.
    if (!response) return next.handle();
    return next.handle().pipe(tap({ next: () => this.sessions.prepare(request) }));
  }
}
