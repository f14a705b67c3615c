import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { Sealer } from '../crypto/sealer.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { requestCookies, serializeCookie, serializeExpiredCookie } from '../http/cookies.js';
import { isPageNavigation, requestQuery } from '../http/http-request.js';
import { appendSetCookie } from '../http/http-response.js';
import type { RedirectReason } from '../interfaces/auth-flow.interface.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { isJsonObject } from '../json/json.js';
import { SessionManager } from '../session/session.manager.js';
import { ATTEMPT_PARAMETER } from '../tenant/application-urls.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { showToPeople, type WayOn } from './failure-page.js';
import { signInCookieAttributes } from './login-state-cookies.js';

/** How often a sign-in is tried. A browser that keeps no cookies would go on for ever: Wristband signs it in silently. */
export const MAX_ATTEMPTS = 2;
/** How many completed sign-ins may follow each other where the browser brings no session to the next one. */
const MAX_WITHOUT_SESSION = 3;
/** The same where it does bring one: several tabs sign in at the same time. */
const MAX_WITH_SESSION = 20;
/** How often in a row a failure leads away from the endpoints. */
const MAX_LED_AWAY = 3;
/** Seconds within which one sign-in comes straight after another. */
const STRAIGHT = 15;

/** What came straight after each other in one browser. */
interface Row {
  readonly completed: number;
  readonly ledAway: number;
}

/** What a developer looks for when sign-ins never end. */
export const LOOP_HINTS: Readonly<Record<RedirectReason, string>> = {
  missing_login_state:
    'the browser did not bring the login state cookie back. It blocks cookies, the cookie is Secure but the page is http, the callback is on another host than the login, or a cache such as CacheInterceptor responds in the place of login()',
  invalid_login_state:
    'the login state cookie cannot be opened. Do all processes have the same loginStateSecret (or clientSecret), and clocks that agree?',
  login_required: 'Wristband answers login_required',
  invalid_grant: 'Wristband refuses its own codes with invalid_grant. Is redirectUri the registered one?',
};

const NO_SESSION_HINT =
  'Sign-ins were completed and each was followed by the next one at once: the page behind them finds no session. The browser drops the session cookie (session.secure on http, session.domain, session.sameSite), session.path does not cover the page, or the processes have different session.secrets';

/** Which try of the same sign-in a request to the Login Endpoint is; a callback that failed counts. */
export function attemptOf(request: HttpRequest): number {
  const attempt = Number(requestQuery(request).get(ATTEMPT_PARAMETER));
  return Number.isInteger(attempt) && attempt > 1 ? attempt : 1;
}

/** Relative to the Login Endpoint, whatever its URL is in front of a proxy. Its values are percent-encoded. */
export function loginAgain(request: HttpRequest): WayOn {
  const query = requestQuery(request);
  query.delete(ATTEMPT_PARAMETER);
  return { href: `?${query.toString()}`, label: 'Sign in again' };
}

/** Stops sign-ins that never end, whatever their cause. */
@Injectable()
export class SignInLoop {
  readonly #sealer: Sealer;
  readonly #cookieName: string;

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly sessions: SessionManager,
    private readonly events: WristbandEvents,
  ) {
    this.#sealer = new Sealer('sign-in-count', options.loginStateSecrets);
    this.#cookieName = options.name === undefined ? 'sign-in-count' : `${options.name}-sign-in-count`;
  }

  /** @throws {WristbandException} `sign_in_loop`, which people see as a page */
  async assertNone(request: HttpRequest, response: HttpResponse): Promise<void> {
    if (attemptOf(request) > MAX_ATTEMPTS) {
      const message = 'The sign-in failed twice in a row: allow cookies for this site and sign in again';
      throw this.#stopped(request, response, message);
    }
    const { completed } = this.#row(request);
    if (completed < MAX_WITHOUT_SESSION) return;
    if (completed < MAX_WITH_SESSION && (await this.#hasSession(request))) return;
    this.events.error(NO_SESSION_HINT);
    // Who then signs in again by hand begins a new row.
    this.end(request, response);
    const message =
      'The sign-in was completed several times in a row, but the browser does not bring the session back: allow cookies for this site and sign in again';
    throw this.#stopped(request, response, message);
  }

  /** A sign-in was completed. */
  addCompleted(request: HttpRequest, response: HttpResponse): void {
    // Other clients give up by themselves.
    if (!isPageNavigation(request)) return;
    const row = this.#row(request);
    this.#write(response, { ...row, completed: row.completed + 1 });
  }

  /**
   * A failure is about to lead to another page.
   *
   * @returns whether it may: not when that page seems to lead back here each time
   */
  mayLeadAway(request: HttpRequest, response: HttpResponse): boolean {
    const row = this.#row(request);
    if (row.ledAway < MAX_LED_AWAY) this.#write(response, { ...row, ledAway: row.ledAway + 1 });
    else this.end(request, response);
    return row.ledAway < MAX_LED_AWAY;
  }

  /** The user signed out: what follows is meant. */
  endByLogout(request: HttpRequest, response: HttpResponse): void {
    if (this.#row(request).completed > 1) this.end(request, response);
  }

  /** Forgets what this browser did. */
  end(request: HttpRequest, response: HttpResponse): void {
    if (requestCookies(request, this.#cookieName).length === 0) return;
    appendSetCookie(response, serializeExpiredCookie(this.#cookieName, this.#attributes()));
  }

  #stopped(request: HttpRequest, response: HttpResponse, message: string): WristbandException {
    const error = new WristbandException('sign_in_loop', message);
    showToPeople(request, response, error, loginAgain(request));
    return error;
  }

  async #hasSession(request: HttpRequest): Promise<boolean> {
    if (!this.options.session) return false;
    const session = await this.sessions.load(request, undefined);
    return session.isAuthenticated === true;
  }

  #row(request: HttpRequest): Row {
    const rows = requestCookies(request, this.#cookieName)
      .filter(({ name }) => name === this.#cookieName)
      .map(({ value }) => this.#sealer.open(value)?.data)
      .filter(isRow);
    // Another host of the same site may have set one as well.
    const most = (field: keyof Row) => Math.max(0, ...rows.map((row) => row[field]));
    return { completed: most('completed'), ledAway: most('ledAway') };
  }

  #write(response: HttpResponse, row: Row): void {
    const sealed = this.#sealer.seal(JSON.stringify(row), STRAIGHT);
    const attributes = { ...this.#attributes(), maxAge: STRAIGHT };
    appendSetCookie(response, serializeCookie(this.#cookieName, sealed, attributes));
  }

  #attributes() {
    return { httpOnly: true, path: '/', ...signInCookieAttributes(this.options) };
  }
}

function isRow(data: unknown): data is Row {
  return isJsonObject(data) && Number.isInteger(data.completed) && Number.isInteger(data.ledAway);
}
