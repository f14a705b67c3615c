import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { subjectOf } from '../events/event-details.js';
import type { WristbandEvent } from '../events/wristband-event.js';
import { WristbandEvents } from '../events/wristband-events.js';
import type { AuthContext } from '../http/auth-context.js';
import { rawRequest } from '../http/http-request.js';
import type { WristbandSession } from '../session/session.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { isSameToken } from './csrf-token.js';
import { isFromForeignSite, isUnsafeMethod, siteOf } from './request-site.js';

type CsrfProblem = Extract<WristbandEvent, { type: 'csrf.refused' }>['reason'];

/**
 * Refuses requests that a foreign page made with the user's cookies. Two layers: where the request comes from, always;
 * and a synchronizer token when `session.enableCsrfProtection` is on.
 */
@Injectable()
export class CsrfVerifier {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly events: WristbandEvents,
  ) {}

  /** @throws {WristbandException} `csrf_failed` */
  verify({ isSocket, request }: AuthContext, session: WristbandSession): void {
    const { method, headers } = rawRequest(request);
    // A socket is opened by GET and can do anything afterwards.
    const isUnsafe = isSocket || isUnsafeMethod(method);
    if (isUnsafe && isFromForeignSite(siteOf(request, isSocket), this.options.trustedOrigins)) {
      throw this.#failed('foreign_site', session, 'The request was made by a page of a foreign site');
    }

    const { session: sessionOptions } = this.options;
    // Pages cannot add a header to the handshake of a socket.
    if (!sessionOptions?.enableCsrfProtection || isSocket) return;
    const given = headers[sessionOptions.csrfHeaderName.toLowerCase()]?.toString();
    if (given === undefined && !isUnsafe) return;
    const { csrfToken } = session;
    if (given !== undefined && typeof csrfToken === 'string' && isSameToken(csrfToken, given)) return;
    const { csrfCookieName, csrfHeaderName } = sessionOptions;
    throw this.#failed(
      given === undefined ? 'token_missing' : 'token_wrong',
      session,
      `The CSRF token is missing or wrong: send the cookie ${csrfCookieName} in the header ${csrfHeaderName}`,
    );
  }

  #failed(reason: CsrfProblem, session: WristbandSession, message: string): WristbandException {
    this.events.emit({ type: 'csrf.refused', reason, ...subjectOf(session) });
    return new WristbandException('csrf_failed', message);
  }
}
