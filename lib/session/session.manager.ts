import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { TokenRefresher } from '../tokens/token-refresher.js';
import type { ResolvedOptions, ResolvedSessionOptions } from '../config/resolved-options.js';
import { assertSignInOf } from './sign-in-owner.js';
import { createCsrfToken } from '../csrf/csrf-token.js';
import { isUnseen } from '../csrf/request-site.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { rawRequest } from '../http/http-request.js';
import { rawResponse } from '../http/http-response.js';
import type { TokenData } from '../interfaces/auth-flow.interface.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { Spans } from '../telemetry/spans.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { NameConflicts } from './name-conflicts.js';
import { readOnlyCopy } from './read-only-session.js';
import { copyFields } from './received-session.js';
import { identityOf } from './request-identity.js';
import { SessionInUse } from './session-in-use.js';
import { writeBeforeResponse, writeWithHeaders } from './response-hooks.js';
import type { FoundSession, SessionKeeper, TokenExchange } from './keepers/session-keeper.interface.js';
import { sessionKeeper } from './keepers/session-keepers.js';
import { WatchedStore } from './keepers/watched-store.js';
import { WristbandSession } from './session.js';

/** What a request without a session brings. */
const NOTHING: FoundSession = { received: undefined, cookieNames: [], csrfCookies: [] };

/**
 * Opens the session of a request once, when somebody asks for it, and has it written back once, before the response
 * begins: whatever kind of response it is, and whether a handler, a guard or an exception ends the request.
 */
@Injectable()
export class SessionManager {
  /** Where processes share what they know about sessions, or the sessions themselves. */
  readonly store: WatchedStore | undefined;
  /** Absent where there are no sessions. */
  readonly conflicts: NameConflicts | undefined;
  readonly #inUse = new WeakMap<IncomingMessage, SessionInUse>();
  /** Sessions that are being looked for. A request asks once, also when that fails. */
  readonly #searches = new WeakMap<IncomingMessage, Promise<WristbandSession>>();
  readonly #empty = new WeakMap<IncomingMessage, WristbandSession>();
  /** The name of the Wristband application, if it has one. */
  readonly application: string | undefined;
  readonly #options: ResolvedSessionOptions | undefined;
  readonly #trustedOrigins: readonly string[];
  readonly #keeper: SessionKeeper | undefined;

  constructor(
    @Inject(RESOLVED_OPTIONS) { name, trustedOrigins, session: options }: ResolvedOptions,
    refresher: TokenRefresher,
    private readonly events: WristbandEvents,
    spans: Spans,
  ) {
    const store = options?.store ?? options?.coordinationStore;
    this.store = store && new WatchedStore(store, events, spans);
    this.conflicts = options && new NameConflicts(options, events);
    this.application = name;
    this.#options = options;
    this.#trustedOrigins = trustedOrigins;
    this.#keeper = options && sessionKeeper(options, this.store, refresher, events);
  }

  /** Whether a session takes time to open and to write. */
  get isAsync(): boolean {
    return this.#keeper?.isAsync === true;
  }

  /**
   * Where sessions are kept.
   *
   * @throws {WristbandException} `session_not_configured`
   */
  get keeper(): SessionKeeper {
    return this.#keeper ?? notConfigured();
  }

  /**
   * Opens the session of a request; takes time only when there is one in a store.
   *
   * @param response absent where no cookie can be set any more: the session is then a copy to read, a new one each
   * time, since a socket lives longer than its session
   * @throws {WristbandException} `session_not_configured`, `session_store_unavailable`
   */
  load(
    request: HttpRequest,
    response: HttpResponse | undefined,
  ): WristbandSession | Promise<WristbandSession> {
    const raw = rawRequest(request);
    if (!response) return this.#readOnly(request);
    const known = this.#inUse.get(raw)?.session ?? this.#searches.get(raw);
    if (known) return known;
    if (this.#isSkipped(raw)) return this.#skip(request);
    const found = this.keeper.find(request);
    const target = rawResponse(response);
    const isLate = target.headersSent;
    const use = (one: FoundSession) => {
      const inUse = this.#use(request, one);
      this.conflicts?.checkRequest(request, one.received !== undefined);
      target.on('close', () => {
        inUse.reportLostWrite();
        this.conflicts?.checkResponse(request, target, inUse.cookies);
      });
      if (isLate) inUse.skipResponse();
      else if (!this.isAsync) writeWithHeaders(target, inUse);
      return inUse.session;
    };
    const search = found instanceof Promise ? found.then(use) : undefined;
    if (search) this.#searches.set(raw, search);
    if (this.isAsync && !isLate) {
      const report = (error: unknown) => this.events.error(`A response could not be sent: ${String(error)}`);
      writeBeforeResponse(target, () => this.#inUse.get(raw), search, report);
    }
    return search ?? use(found as FoundSession);
  }

  /**
   * The session of a request for code that cannot wait.
   *
   * @throws {WristbandException} `session_not_configured`; `session_not_loaded` when that would take time
   */
  open(request: HttpRequest, response: HttpResponse): WristbandSession {
    const identity = identityOf({ request });
    if (identity?.authentication && !(identity.session && identity.sessions === this))
      return this.empty(request);
    const known = this.#inUse.get(rawRequest(request));
    if (known) return known.session;
    if (this.isAsync && !this.#isSkipped(rawRequest(request))) throw notLoaded();
    return this.load(request, response) as WristbandSession;
  }

  /**
   * An empty session that is never written, for a request whose user did not come by a session.
   *
   * @throws {WristbandException} `session_not_configured`
   */
  empty(request: HttpRequest): WristbandSession {
    const raw = rawRequest(request);
    const session = this.#empty.get(raw) ?? this.#unwritten(request).session;
    this.#empty.set(raw, session);
    return session;
  }

  /** Exchanges the tokens of the session of a request; `exchange` is not called when that was done elsewhere. */
  async renewTokens(request: HttpRequest, refreshToken: string, exchange: TokenExchange): Promise<TokenData> {
    return (
      this.#inUse.get(rawRequest(request))?.renewTokens(refreshToken, exchange) ?? exchange(refreshToken)
    );
  }

  /**
   * Decides what will be written, and does what takes time, while the response can still become an error.
   *
   * @throws {WristbandException} `session_too_large`, `session_not_serializable`, `session_store_unavailable`
   */
  prepare(request: HttpRequest): Promise<void> | undefined {
    return this.#inUse.get(rawRequest(request))?.prepare();
  }

  #readOnly(request: HttpRequest): WristbandSession | Promise<WristbandSession> {
    const found = this.#isSkipped(rawRequest(request)) ? NOTHING : this.keeper.find(request);
    const copy = (one: FoundSession) => readOnlyCopy(this.#start(request, one).session);
    return found instanceof Promise ? found.then(copy) : copy(found);
  }

  #skip(request: HttpRequest): WristbandSession {
    const inUse = this.#unwritten(request);
    this.#inUse.set(rawRequest(request), inUse);
    return inUse.session;
  }

  #unwritten(request: HttpRequest): SessionInUse {
    const inUse = this.#start(request, NOTHING);
    inUse.skipResponse();
    return inUse;
  }

  #use(request: HttpRequest, found: FoundSession): SessionInUse {
    const inUse = this.#start(request, found);
    this.#inUse.set(rawRequest(request), inUse);
    return inUse;
  }

  #start(request: HttpRequest, found: FoundSession): SessionInUse {
    const { keeper } = this;
    const { received } = found;
    const isProtected = this.#options?.enableCsrfProtection === true;
    const session: WristbandSession = new WristbandSession(
      received && { id: received.id, createdAt: received.createdAt, fields: copyFields(received) },
      {
        createCsrfToken: isProtected ? createCsrfToken : undefined,
        assertWritable: () => inUse.decide(),
        assertOwnSignIn: (callbackData) => assertSignInOf(this.application, callbackData),
        assertSeen: () => this.#assertSeen(request),
        end: () => received && keeper.end(received),
        update: (change) => inUse.update(change),
      },
    );
    const inUse = new SessionInUse(session, found, keeper, this.events);
    // A session from before the protection was switched on gets its token now.
    const lacksToken = session.isAuthenticated === true && typeof session.csrfToken !== 'string';
    if (isProtected && lacksToken) session.csrfToken = createCsrfToken();
    return inUse;
  }

  #assertSeen(request: HttpRequest): void {
    if (!isUnseen(request, this.#trustedOrigins)) return;
    const message = 'A prefetch, or a request that a foreign page embeds, does not end a session';
    throw new WristbandException('logout_not_started', message);
  }

  #isSkipped({ headers }: IncomingMessage): boolean {
    return headers[this.#options?.skipSessionHeader?.toLowerCase() ?? ''] !== undefined;
  }
}

function notConfigured(): never {
  const message = 'Set the option session.secrets of WristbandModule to use sessions';
  throw new WristbandException('session_not_configured', message);
}

function notLoaded(): WristbandException {
  const message =
    'The session is in a store and has not been loaded for this request: inject it with @Session(), or list a guard or SessionInterceptor';
  return new WristbandException('session_not_loaded', message);
}
