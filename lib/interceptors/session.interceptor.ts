import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { catchError, concatMap, from, type Observable, of, tap } from 'rxjs';
import { forApplication } from '../applications/for-application.js';
import { type AuthContext, findAuthContext } from '../http/auth-context.js';
import { tellRetryAfter } from '../http/retry-after.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import { bindSessions, identityOf } from '../session/request-identity.js';
import { SessionManager } from '../session/session.manager.js';

/**
 * Makes sure that a handler's session can be written while the response can still become an error, and lets
 * `@Session()` find it. `@Session()` attaches it to its handler, so it is only listed by hand for handlers that change
 * a session without injecting it.
 */
@Injectable()
export class SessionInterceptor implements NestInterceptor {
  constructor(private readonly sessions: SessionManager) {}

  /**
   * This interceptor for the Wristband application of a name, where there are several: `@Session()` is that
   * application's then.
   */
  static for<T extends Type<SessionInterceptor>>(this: T, name: string): T {
    return forApplication(this, name);
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const found = findAuthContext(context);
    if (!found) return next.handle();
    const { type, request, response } = found;
    const sessions = this.#sessionsOf(found);
    // Nothing to write: no response, no cookie, or a user without a session.
    if (!response || !sessions) return next.handle();
    if (!sessions.isAsync) return next.handle().pipe(tap({ next: () => void sessions.prepare(request) }));
    const loaded = sessions.load(request, response);
    const handled =
      loaded instanceof Promise ? from(loaded).pipe(concatMap(() => next.handle())) : next.handle();
    const answered = handled.pipe(concatMap((value: unknown) => prepared(sessions, request, value)));
    // A GraphQL response answers many resolvers at once: its headers are not this one's to set.
    if (type !== 'http') return answered;
    return answered.pipe(
      // The handler's own failures too: session.update() asks the store.
      catchError((error: unknown) => {
        tellRetryAfter(response, error);
        throw error;
      }),
    );
  }

  /**
   * A user's session stays that of the application that authenticated the user. `@Session()` attaches the interceptor of
   * the application without a name, also where a guard named another one.
   */
  #sessionsOf(context: AuthContext): SessionManager | undefined {
    const { sessions } = this;
    const identity = identityOf(context);
    if (identity?.authentication) return identity.session && identity.sessions;
    if (identity?.sessions && sessions.application === undefined) return identity.sessions;
    bindSessions(context, sessions);
    return sessions;
  }
}

/** A value of the handler, passed on when the session is safe. */
function prepared(sessions: SessionManager, request: HttpRequest, value: unknown): Observable<unknown> {
  const done = sessions.prepare(request);
  return done ? from(done.then(() => value)) : of(value);
}
