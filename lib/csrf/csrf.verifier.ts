import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import type { AuthContext } from '../http/auth-context.js';
import { rawRequest, requestHost } from '../http/http-request.js';
import type { WristbandSession } from '../session/session.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { isSameToken } from './csrf-token.js';
import { isFromForeignSite, isUnsafeMethod } from './request-site.js';

/**
 * Refuses requests that a foreign page made with the user's cookies. Two layers: where the request comes from, always;
 * and a synchronizer token when `session.enableCsrfProtection` is on.
 */
@Injectable()
export class CsrfVerifier {
  constructor(@Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions) {}

  /** @throws {WristbandException} `csrf_failed` */
  verify({ isSocket, request }: AuthContext, session: WristbandSession): void {
    const { method, headers } = rawRequest(request);
    // A socket is opened by GET and can do anything afterwards.
    const isUnsafe = isSocket || isUnsafeMethod(method);
    const site = {
      fetchSite: single(headers['sec-fetch-site']),
      origin: headers.origin,
      host: requestHost(request),
      isSocket,
    };
    if (isUnsafe && isFromForeignSite(site, this.options.trustedOrigins)) {
      throw csrfFailed('The request was made by a page of a foreign site');
    }

    const { session: sessionOptions } = this.options;
    // Pages cannot add a header to the handshake of a socket.
    if (!sessionOptions?.enableCsrfProtection || isSocket) return;
    const given = single(headers[sessionOptions.csrfHeaderName.toLowerCase()]);
    if (given === undefined && !isUnsafe) return;
    const { csrfToken } = session;
    if (typeof csrfToken === 'string' && isSameToken(csrfToken, given ?? '')) return;
    const { csrfCookieName, csrfHeaderName } = sessionOptions;
    throw csrfFailed(
      `The CSRF token is missing or wrong: send the cookie ${csrfCookieName} in the header ${csrfHeaderName}`,
    );
  }
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

function csrfFailed(message: string): WristbandException {
  return new WristbandException('csrf_failed', message);
}
