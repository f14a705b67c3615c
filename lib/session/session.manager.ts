import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import onHeaders from 'on-headers';
import type { ResolvedOptions, ResolvedSessionOptions } from '../config/resolved-options.js';
import { CookieSealer } from '../crypto/sealed-cookie.js';
import { createCsrfToken } from '../csrf/csrf-token.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { forbidCaching, markAsPersonal } from '../http/cache-headers.js';
import { cookieValues, MAX_COOKIE_BYTES } from '../http/cookies.js';
import { rawRequest } from '../http/http-request.js';
import { appendSetCookie, rawResponse } from '../http/http-response.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import {
  csrfCookie,
  expiredCookies,
  largestFields,
  type ReceivedSession,
  receivedSession,
  remainingLifetime,
  sessionCookie,
} from './session-cookies.js';
import { WristbandSession } from './session.js';

/** A session that is open for the time of one request. */
interface OpenSession {
  readonly session: WristbandSession;
  /** Whether the request carried a cookie with the session's name, valid or not. */
  readonly hasCookie: boolean;
  readonly received: ReceivedSession | undefined;
  /** The fields as they came, to see what changed. */
  readonly receivedJson: string;
  /** Decided before the headers, for the fields in `json`. */
  prepared?: { readonly json: string; readonly cookies: readonly string[] };
  isWritten: boolean;
  /** The request is told already that its session cannot be written. */
  hasFailed: boolean;
}

/**
 * Opens the session of a request once, when somebody asks for it, and writes it back once, when the response headers
 * are sent: whatever kind of response it is, and whether a handler, a guard or an exception ends the request.
 */
@Injectable()
export class SessionManager {
  readonly #open = new WeakMap<IncomingMessage, OpenSession>();
  readonly #options: ResolvedSessionOptions | undefined;
  readonly #sealer: CookieSealer | undefined;

  constructor(
    @Inject(RESOLVED_OPTIONS) { session }: ResolvedOptions,
    private readonly events: WristbandEvents,
  ) {
    this.#options = session;
    this.#sealer = session && new CookieSealer('session', session.secrets);
  }

  /** @throws {WristbandException} `session_not_configured` */
  open(request: HttpRequest, response: HttpResponse): WristbandSession {
    const raw = rawRequest(request);
    const known = this.#open.get(raw);
    if (known) return known.session;

    const { options, sealer } = this.#configured();
    const sealed = cookieValues(request, options.cookieName);
    const received = firstDefined(sealed, (value) => receivedSession(sealer.open(value), options));
    const session = new WristbandSession(
      received,
      options.enableCsrfProtection ? createCsrfToken : undefined,
    );
    const opened: OpenSession = {
      session,
      received,
      hasCookie: sealed.length > 0,
      receivedJson: JSON.stringify(session),
      isWritten: false,
      hasFailed: false,
    };
    this.#open.set(raw, opened);
    // A session from before the protection was switched on gets its token now.
    const lacksToken = session.isAuthenticated === true && typeof session.csrfToken !== 'string';
    if (options.enableCsrfProtection && lacksToken) session.csrfToken = createCsrfToken();
    const rawRes = rawResponse(response);
    if (!rawRes.headersSent) onHeaders(rawRes, () => this.#write(opened, rawRes));
    return session;
  }

  /**
   * Decides what will be written, while the response can still become an error.
   *
   * @throws {WristbandException} `session_too_large`
   */
  prepare(request: HttpRequest): void {
    const opened = this.#open.get(rawRequest(request));
    if (!opened) return;
    if (opened.isWritten) return this.#reportLostWrite(opened);
    try {
      opened.prepared = { json: JSON.stringify(opened.session), cookies: this.#cookiesFor(opened) };
    } catch (error) {
      opened.hasFailed = true;
      throw error;
    }
  }

  #write(opened: OpenSession, response: ServerResponse): void {
    opened.isWritten = true;
    markAsPersonal(response);
    if (WristbandSession.stateOf(opened.session).isHandedOut) forbidCaching(response);
    if (opened.hasFailed) return;
    try {
      const isPrepared = opened.prepared?.json === JSON.stringify(opened.session);
      const cookies = isPrepared ? opened.prepared?.cookies : this.#cookiesFor(opened);
      for (const cookie of cookies ?? []) appendSetCookie(response, cookie);
    } catch (error) {
      // The headers are on their way: the response cannot become an error any more, so it is told in the log.
      this.events.error(
        `The session could not be written: ${error instanceof Error ? error.message : 'unknown'}`,
      );
      this.events.emit({ type: 'session.lost_write', reason: errorCode(error) });
    }
  }

  /** The `Set-Cookie` lines that this request's changes call for. */
  #cookiesFor(opened: OpenSession, now = Date.now()): string[] {
    const { options } = this.#configured();
    const { isDestroyed, isSaveRequested } = WristbandSession.stateOf(opened.session);
    if (isDestroyed) return opened.hasCookie ? expiredCookies(options) : [];
    const isChanged = isSaveRequested || JSON.stringify(opened.session) !== opened.receivedJson;
    return isChanged || this.#isRenewalDue(opened.received, now) ? this.#seal(opened.session, now) : [];
  }

  #isRenewalDue(received: ReceivedSession | undefined, now: number): boolean {
    const { maxAge, touchAfter } = this.#configured().options;
    return received !== undefined && maxAge > 0 && now / 1000 - received.issuedAt >= touchAfter;
  }

  #seal(session: WristbandSession, now: number): string[] {
    const { options, sealer } = this.#configured();
    const { id, createdAt } = WristbandSession.stateOf(session);
    const fields = session.toJSON();
    const lifetime = remainingLifetime(createdAt, options, now);
    const cookie = sessionCookie(sealer.seal({ id, createdAt, fields }, lifetime, now), lifetime, options);
    const bytes = Buffer.byteLength(cookie);
    const { csrfToken } = fields;
    const hasToken = options.enableCsrfProtection && typeof csrfToken === 'string';
    if (bytes <= MAX_COOKIE_BYTES)
      return hasToken ? [cookie, csrfCookie(csrfToken, lifetime, options)] : [cookie];
    const message = `The session cookie would have ${bytes} bytes, browsers keep ${MAX_COOKIE_BYTES}. Keep less in the session; its largest fields are ${largestFields(fields)}`;
    throw new WristbandException('session_too_large', message);
  }

  #reportLostWrite(opened: OpenSession): void {
    const isLost = JSON.stringify(opened.session) !== (opened.prepared?.json ?? opened.receivedJson);
    if (isLost) this.events.emit({ type: 'session.lost_write', reason: 'headers_sent' });
  }

  #configured(): { readonly options: ResolvedSessionOptions; readonly sealer: CookieSealer } {
    if (this.#options && this.#sealer) return { options: this.#options, sealer: this.#sealer };
    throw new WristbandException(
      'session_not_configured',
      'Set the option session.secrets of WristbandModule to use sessions',
    );
  }
}

function firstDefined<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function errorCode(error: unknown): string {
  return error instanceof WristbandException ? error.code : 'not_serializable';
}
