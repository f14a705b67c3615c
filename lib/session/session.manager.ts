import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import onHeaders from 'on-headers';
import { TokenRefresher } from '../auth/token-refresher.js';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { createCsrfToken } from '../csrf/csrf-token.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { forbidCaching, markAsPersonal } from '../http/cache-headers.js';
import { requestCookies } from '../http/cookies.js';
import { rawRequest } from '../http/http-request.js';
import { appendSetCookie, rawResponse } from '../http/http-response.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { familyNames, joinedValues } from './cookie-family.js';
import { RecentChanges } from './recent-changes.js';
import { EndedSessions } from './ended-sessions.js';
import { readOnlyCopy } from './read-only-session.js';
import { copyFields, type ReceivedSession, SealedSessions } from './sealed-sessions.js';
import {
  type Decision,
  decide,
  isUnchangedSince,
  nothingToWrite,
  type OpenSession,
  type WritingTools,
} from './session-writer.js';
import { WristbandSession } from './session.js';

/** A session in the course of its request. */
interface SessionInUse extends OpenSession {
  /** What was decided last; an error was told to the handler when that was before the headers. */
  decision?: Decision;
  isWritten: boolean;
}

/**
 * Opens the session of a request once, when somebody asks for it, and writes it back once, when the response headers
 * are sent: whatever kind of response it is, and whether a handler, a guard or an exception ends the request.
 */
@Injectable()
export class SessionManager {
  readonly #open = new WeakMap<IncomingMessage, SessionInUse>();
  /** Absent when the application uses no sessions. */
  readonly #tools: WritingTools | undefined;

  constructor(
    @Inject(RESOLVED_OPTIONS) { session: options }: ResolvedOptions,
    refresher: TokenRefresher,
    private readonly events: WristbandEvents,
  ) {
    this.#tools = options && {
      options,
      sealed: new SealedSessions(options),
      ended: new EndedSessions(options),
      changes: new RecentChanges(),
      newestTokens: (refreshToken) => refresher.newestTokens(refreshToken),
    };
  }

  /**
   * The sessions that are over although their cookies are good.
   *
   * @throws {WristbandException} `session_not_configured`
   */
  get ended(): EndedSessions {
    return this.#configured().ended;
  }

  /**
   * @param response absent where no cookie can be set any more: the session is then a copy to read, a new one each
   * time, since a socket lives longer than its session
   * @throws {WristbandException} `session_not_configured`
   */
  open(request: HttpRequest, response: HttpResponse | undefined): WristbandSession {
    const raw = rawRequest(request);
    const known = response && this.#open.get(raw);
    if (known) return known.session;

    const { options } = this.#configured();
    const isSkipped = raw.headers[options.skipSessionHeader?.toLowerCase() ?? ''] !== undefined;
    const opened = isSkipped ? this.#start(undefined, []) : this.#read(request);
    if (!response) return readOnlyCopy(opened.session);
    this.#open.set(raw, opened);
    if (!isSkipped) this.#attach(opened, rawResponse(response));
    return opened.session;
  }

  /**
   * Decides what will be written, while the response can still become an error.
   *
   * @throws {WristbandException} `session_too_large`, `session_not_serializable`
   */
  prepare(request: HttpRequest): void {
    const opened = this.#open.get(rawRequest(request));
    if (opened) this.#decide(opened);
  }

  #read(request: HttpRequest): SessionInUse {
    const { options, sealed, ended } = this.#configured();
    const { cookieName, maxCookies, enableCsrfProtection } = options;
    const cookies = requestCookies(request, cookieName);
    const received = sealed.openNewest(joinedValues(cookies, cookieName, maxCookies), ended);
    const opened = this.#start(received, familyNames(cookies, cookieName));
    const { session } = opened;
    // A session from before the protection was switched on gets its token now.
    const lacksToken = session.isAuthenticated === true && typeof session.csrfToken !== 'string';
    if (enableCsrfProtection && lacksToken) session.csrfToken = createCsrfToken();
    return opened;
  }

  #start(received: ReceivedSession | undefined, cookieNames: readonly string[]): SessionInUse {
    const { options, ended, changes } = this.#configured();
    const session: WristbandSession = new WristbandSession(
      received && { ...received, fields: copyFields(received) },
      {
        createCsrfToken: options.enableCsrfProtection ? createCsrfToken : undefined,
        assertWritable: () => this.#decide(opened),
        end: () => received && ended.add(received.id),
      },
    );
    const opened: SessionInUse = {
      session,
      received,
      cookieNames,
      changesBefore: changes.count,
      isWritten: false,
    };
    return opened;
  }

  #attach(opened: SessionInUse, response: ServerResponse): void {
    if (response.headersSent) {
      opened.isWritten = true;
      opened.decision = nothingToWrite(opened);
    } else {
      onHeaders(response, () => this.#write(opened, response));
    }
    response.once('close', () => this.#reportLostWrite(opened));
  }

  #decide(opened: SessionInUse): void {
    if (opened.isWritten) return;
    opened.decision = decide(opened, this.#configured(), opened.decision);
    if (opened.decision.error) throw opened.decision.error;
  }

  #write(opened: SessionInUse, response: ServerResponse): void {
    opened.isWritten = true;
    markAsPersonal(response);
    if (WristbandSession.stateOf(opened.session).isHandedOut) forbidCaching(response);
    const { decision: known } = opened;
    const decision = decide(opened, this.#configured(), known);
    opened.decision = decision;
    const { sealedJson } = decision;
    if (sealedJson !== undefined && sealedJson !== opened.received?.json) {
      this.#configured().changes.add(opened.session.id);
    }
    for (const cookie of decision.cookies) appendSetCookie(response, cookie);
    // The headers are on their way: what nobody was told yet cannot become an error of the response any more.
    const isTold = known?.error !== undefined && known.error.message === decision.error?.message;
    if (decision.error && !isTold) this.#reportError(decision.error);
  }

  /** Whoever streams a response may change the session long after its headers. */
  #reportLostWrite(opened: SessionInUse): void {
    const { isWritten, decision } = opened;
    if (!isWritten || !decision || isUnchangedSince(decision, opened)) return;
    this.events.error('The session was changed after the response headers had been sent: the change is lost');
    this.events.emit({ type: 'session.lost_write', reason: 'headers_sent' });
  }

  #reportError({ code, message }: WristbandException): void {
    this.events.error(`The session could not be written: ${message}`);
    this.events.emit({ type: 'session.lost_write', reason: code });
  }

  #configured(): WritingTools {
    if (this.#tools) return this.#tools;
    throw new WristbandException(
      'session_not_configured',
      'Set the option session.secrets of WristbandModule to use sessions',
    );
  }
}
