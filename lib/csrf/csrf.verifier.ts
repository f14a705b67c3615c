import { Inject, Injectable } from '@nestjs/common';
import { AutoConfiguration } from '../config/auto-configuration.js';
import type { ResolvedOptions, ResolvedSessionOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { subjectOf } from '../events/event-details.js';
import type { WristbandEvent } from '../events/wristband-event.js';
import { WristbandEvents } from '../events/wristband-events.js';
import type { AuthContext } from '../http/auth-context.js';
import { rawRequest } from '../http/http-request.js';
import { parsedFormField } from '../http/request-form.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import type { WristbandSession } from '../session/session.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { isSameToken } from './csrf-token.js';
import { isOwnOrigin, isUnsafeMethod, type RequestSite, siteOf, siteVerdict } from './request-site.js';

type CsrfProblem = Extract<WristbandEvent, { type: 'csrf.refused' }>['reason'];

/** The field of an HTML form that carries the CSRF token: a form cannot send a header. */
const FORM_FIELD = '_csrf';

/**
 * Refuses requests that a foreign page made with the user's cookies. Two layers: where the request comes from, always;
 * and a synchronizer token when `session.enableCsrfProtection` is on.
 */
@Injectable()
export class CsrfVerifier {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly autoConfiguration: AutoConfiguration,
    private readonly events: WristbandEvents,
  ) {}

  /**
   * Takes time only for an origin that neither the request nor the options know.
   *
   * @throws {WristbandException} `csrf_failed`; `wristband_unavailable`, `configuration_rejected` when the application's own
   * origins are at Wristband and cannot be fetched
   */
  verify({ isSocket, request }: AuthContext, session: WristbandSession): Promise<void> | void {
    // A socket is opened by GET and can do anything afterwards.
    const isUnsafe = isSocket || isUnsafeMethod(rawRequest(request).method);
    if (isUnsafe) {
      const site = siteOf(request, isSocket);
      const isForeign = this.#isForeign(site, session);
      const goOn = (foreign: boolean) => {
        if (foreign) throw this.#foreignSite(site, session);
        this.#verifyToken(request, session, isSocket, isUnsafe);
      };
      return isForeign instanceof Promise ? isForeign.then(goOn) : goOn(isForeign);
    }
    return this.#verifyToken(request, session, isSocket, isUnsafe);
  }

  #isForeign(site: RequestSite, { tenantName }: WristbandSession): boolean | Promise<boolean> {
    const { trustedOrigins, loginUrl, redirectUri } = this.options;
    const verdict = siteVerdict(site, trustedOrigins);
    if (verdict !== undefined) return verdict === 'foreign';
    const given = { ...(loginUrl && { loginUrl }), ...(redirectUri && { redirectUri }) };
    if (site.fetchSite === undefined && isOwnOrigin(site, given, tenantName)) return false;
    return this.autoConfiguration.resolve().then((config) => !isOwnOrigin(site, config, tenantName));
  }

  #verifyToken(request: HttpRequest, session: WristbandSession, isSocket: boolean, isUnsafe: boolean): void {
    const { session: options } = this.options;
    // Pages cannot add a header to the handshake of a socket.
    if (!options?.enableCsrfProtection || isSocket) return;
    const given = givenToken(request, options, isUnsafe);
    if (given === undefined && !isUnsafe) return;
    const { csrfToken } = session;
    if (given !== undefined && typeof csrfToken === 'string' && isSameToken(csrfToken, given)) return;
    const { csrfCookieName, csrfHeaderName } = options;
    throw this.#failed(
      given === undefined ? 'token_missing' : 'token_wrong',
      session,
      `The CSRF token is missing or wrong: send the cookie ${csrfCookieName} in the header ${csrfHeaderName}, or in the field ${FORM_FIELD} of a form`,
    );
  }

  #foreignSite(site: RequestSite, session: WristbandSession): WristbandException {
    this.events.warn(`A request was refused as that of a foreign page: ${explanation(site)}`);
    return this.#failed('foreign_site', session, 'The request was made by a page of a foreign site');
  }

  #failed(reason: CsrfProblem, session: WristbandSession, message: string): WristbandException {
    this.events.emit({ type: 'csrf.refused', reason, ...subjectOf(session) });
    return new WristbandException('csrf_failed', message);
  }
}

function givenToken(
  request: HttpRequest,
  { csrfHeaderName }: ResolvedSessionOptions,
  isUnsafe: boolean,
): string | undefined {
  const header = rawRequest(request).headers[csrfHeaderName.toLowerCase()]?.toString();
  return header ?? (isUnsafe ? parsedFormField(request, FORM_FIELD) : undefined);
}

/** What a developer needs to see why a request of their own was refused. */
function explanation({ fetchSite, origin, host }: RequestSite): string {
  const facts = `Origin ${shown(origin)}, Host ${shown(host)}, Sec-Fetch-Site ${shown(fetchSite)}.`;
  if (origin === 'null') {
    return `${facts} Pages with Referrer-Policy: no-referrer (helmet's default) hide their origin, as sandboxed frames do. If it was your own page, send Referrer-Policy: same-origin with your pages`;
  }
  return `${facts} If it was your own page, add its origin to the option trustedOrigins, or, behind a proxy, make loginUrl and redirectUri begin with it`;
}

/** A header as it may stand in a line of the log. */
function shown(header: string | undefined): string {
  if (header === undefined) return 'absent';
  return header.slice(0, 200).replace(/[^\u0021-\u007e]/g, '?');
}
