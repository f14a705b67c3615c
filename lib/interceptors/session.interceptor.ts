import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { catchError, concatMap, from, type Observable, of, tap } from 'rxjs';
import { findAuthContext } from '../http/auth-context.js';
import { tellRetryAfter } from '../http/retry-after.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
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
    const { type, request, response } = found;
    bindSessionManager(request, this.sessions);
    // Nothing to write: no response, no cookie.
    if (!response) return next.handle();
    if (!this.sessions.isAsync)
      return next.handle().pipe(tap({ next: () => void this.sessions.prepare(request) }));
    const loaded = this.sessions.load(request, response);
    const handled =
      loaded instanceof Promise ? from(loaded).pipe(concatMap(() => next.handle())) : next.handle();
    const prepared = handled.pipe(concatMap((value: unknown) => this.#prepared(request, value)));
    // A GraphQL response answers many resolvers at once: its headers are not this one's to set.
    if (type !== 'http') return prepared;
    return prepared.pipe(
      // The handler's own failures too: session.update() asks the store.
      catchError((error: unknown) => {
        tellRetryAfter(response, error);
        throw error;
      }),
    );
  }

  /** A value of the handler, passed on when the session is safe. */
  #prepared(request: HttpRequest, value: unknown): Observable<unknown> {
    const prepared = this.sessions.prepare(request);
    return prepared ? from(prepared.then(() => value)) : of(value);
  }
}
