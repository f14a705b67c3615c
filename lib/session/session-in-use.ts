import type { ServerResponse } from 'node:http';
import { notAuthenticated, WristbandException } from '../errors/wristband.exception.js';
import { subjectOf } from '../events/event-details.js';
import type { EventSubject } from '../events/wristband-event.js';
import type { WristbandEvents } from '../events/wristband-events.js';
import { forbidCaching, markAsPersonal } from '../http/cache-headers.js';
import { appendSetCookie } from '../http/http-response.js';
import type { TokenData } from '../interfaces/auth-flow.interface.js';
import { copyFields, receivedFrom, type ReceivedSession } from './received-session.js';
import { changesBetween, withChanges } from './session-changes.js';
import type {
  Decision,
  FoundSession,
  RenewedTokens,
  SessionKeeper,
  TokenExchange,
} from './keepers/session-keeper.interface.js';
import {
  isAsReceived,
  isSameSnapshot,
  notWritable,
  type OpenSession,
  snapshotOf,
  withReceivedTokens,
} from './session-snapshot.js';
import { sessionOutcome, sessionProblem } from './session-outcome.js';
import { changedFields, type FieldsChange, WristbandSession } from './session.js';

type SlowDecision = Decision & Required<Pick<Decision, 'commit'>>;
type UpdateSession = NonNullable<SessionKeeper['update']>;

/** A session in the course of its request. */
export class SessionInUse implements OpenSession {
  received: ReceivedSession | undefined;
  readonly changesBefore: number | undefined;
  readonly cookieIssuedAt: number | undefined;
  readonly cookieNames: readonly string[];
  readonly csrfCookies: readonly string[];
  /** The session of the request, as it was when that came. */
  readonly #brought: ReceivedSession | undefined;
  /** What was decided last; an error was told to the handler when that was before the headers. */
  #decision: Decision | undefined;
  #cookies: readonly string[] = [];
  #hasBegun = false;
  #ongoing: Promise<void> | undefined;

  constructor(
    readonly session: WristbandSession,
    { received, changesBefore, cookieIssuedAt, cookieNames, csrfCookies }: FoundSession,
    private readonly keeper: SessionKeeper,
    private readonly events: WristbandEvents,
  ) {
    this.received = received;
    this.#brought = received;
    this.changesBefore = changesBefore;
    this.cookieIssuedAt = cookieIssuedAt;
    this.cookieNames = cookieNames;
    this.csrfCookies = csrfCookies;
  }

  /** The `Set-Cookie` lines that the response got. */
  get cookies(): readonly string[] {
    return this.#cookies;
  }

  /** The response says nothing about the session, for example because it had begun when that was opened. */
  skipResponse(): void {
    this.#hasBegun = true;
    this.#decision = { snapshot: snapshotOf(this), cookies: [] };
  }

  /**
   * What is to be written; nothing once the response has begun.
   *
   * @throws {WristbandException} when the session cannot be written as it is now
   */
  decide(): Decision | undefined {
    if (this.#hasBegun) return undefined;
    const decision = this.#decide();
    if (decision.error) throw decision.error;
    return decision;
  }

  #decide(): Decision {
    const known = this.#decision?.error;
    const decision = this.keeper.decide(this, this.#decision);
    this.#decision = decision;
    const { error, snapshot } = decision;
    const problem = error && error.message !== known?.message && sessionProblem(error, snapshot.stored);
    if (problem) this.events.emit(problem);
    return decision;
  }

  /** Decides and, where that takes time, writes. */
  prepare(): Promise<void> | undefined {
    if (this.#ongoing) return this.#ongoing.then(() => this.prepare());
    // A handler that did nothing to the session has nothing to hear of it, and cookies can wait for the headers.
    if (this.#hasBegun || (!this.keeper.isAsync && isAsReceived(this))) return undefined;
    const decision = this.decide();
    return decision && takesTime(decision) ? this.#alone(() => this.#commit(decision)) : undefined;
  }

  /**
   * Makes a change to the newest version of the session, and keeps it at once where that is possible.
   *
   * @throws {WristbandException} `not_authenticated` when the session was ended meanwhile
   */
  async update(change: FieldsChange): Promise<void> {
    while (this.#ongoing) await this.#ongoing;
    const { id, isDestroyed } = WristbandSession.stateOf(this.session);
    const { received, keeper } = this;
    const update = keeper.update?.bind(keeper);
    if (!update || isDestroyed || received?.id !== id)
      WristbandSession.replaceFields(this.session, changedFields(this.session.toJSON(), change));
    else await this.#alone(() => this.#update(update, received, change));
  }

  async #update(update: UpdateSession, received: ReceivedSession, change: FieldsChange): Promise<void> {
    const { json, error } = snapshotOf(this);
    if (json === undefined) throw error;
    const known = receivedFrom(json);
    const written = await update(received, known, change);
    if (!written) throw notAuthenticated('The session was ended meanwhile');
    this.received = written;
    const { id, isDestroyed } = WristbandSession.stateOf(this.session);
    // Nothing of a session that ended meanwhile belongs into that of the next user.
    if (isDestroyed || id !== written.id) return;
    // What the handler did in the meantime stays its own change.
    const since = changesBetween(known, { ...known, fields: this.session.toJSON() });
    const fields = { ...written, fields: copyFields(written) };
    if (this.#hasBegun) {
      // This much is kept; the rest is still to be written, or lost.
      WristbandSession.replaceFields(this.session, copyFields(written));
      this.skipResponse();
    }
    WristbandSession.replaceFields(this.session, withChanges(fields, since, known).fields);
  }

  /** Gives the session new tokens, unless it ended or its response began meanwhile: nobody need wait for the exchange. */
  async renewTokens(refreshToken: string, exchange: TokenExchange): Promise<TokenData> {
    const { id } = WristbandSession.stateOf(this.session);
    const renewed =
      (this.received && (await this.keeper.renewTokens?.(this.received, exchange))) ??
      ({ tokens: await exchange(refreshToken), isKept: false } satisfies RenewedTokens);
    const { tokens } = renewed;
    const now = WristbandSession.stateOf(this.session);
    if (this.#hasBegun || now.isDestroyed || now.id !== id) return tokens;
    // What is kept already need not be written by this request as well.
    if (renewed.isKept && this.received) this.received = withReceivedTokens(this.received, tokens);
    const { accessToken, expiresAt, refreshToken: next } = tokens;
    Object.assign(this.session, { accessToken, expiresAt, refreshToken: next });
    return tokens;
  }

  /**
   * Writes the session, as the response begins.
   *
   * @returns when the response may go on, if that takes time
   * @throws {WristbandException} `session_store_unavailable`
   */
  begin(response: ServerResponse): Promise<void> | undefined {
    this.#hasBegun = true;
    markAsPersonal(response);
    if (WristbandSession.stateOf(this.session).isHandedOut) forbidCaching(response);
    if (!this.#ongoing) return this.#finish(response);
    // Somebody did not wait for the handler, and will not hear from it: events, or a handler that took too long.
    return this.#ongoing.then(() => {
      if (this.#decision?.error) throw this.#decision.error;
      return this.#finish(response);
    });
  }

  #finish(response: ServerResponse): Promise<void> | undefined {
    const known = this.#decision;
    const decision = this.#decide();
    // The headers are on their way: what nobody was told yet cannot become an error of the response any more.
    const isTold = known?.error !== undefined && known.error.message === decision.error?.message;
    if (decision.error && !isTold) this.#reportError(decision.error);
    if (takesTime(decision)) return this.#commitLate(decision, response);
    this.#setCookies(response);
    return undefined;
  }

  /** The handler is done: only the log can be told, and whoever waits for the response. */
  async #commitLate(decision: SlowDecision, response: ServerResponse): Promise<void> {
    try {
      await this.#commit(decision);
    } catch (error) {
      this.#reportError(notWritable(error));
      throw error;
    }
    this.#setCookies(response);
  }

  /** Resolvers of one request are done at the same time: what they write waits for each other. */
  async #alone(work: () => Promise<void>): Promise<void> {
    const done = work();
    this.#ongoing = done.catch(() => undefined);
    try {
      await done;
    } finally {
      this.#ongoing = undefined;
    }
  }

  /** What is decided again afterwards is compared with what is now kept. */
  async #commit({ commit, ...decision }: SlowDecision): Promise<void> {
    try {
      const { received, cookies } = await commit();
      this.received = received;
      this.#decision = { ...decision, cookies };
    } catch (cause) {
      const error = notWritable(cause);
      if (decision.isRenewal) {
        this.#decision = decision;
        this.events.warn(`The session was not renewed: ${error.message}`);
        return;
      }
      this.#decision = { ...decision, error };
      throw error;
    }
  }

  #setCookies(response: ServerResponse): void {
    const decision = this.#decision;
    if (!decision || decision.cookies.length === 0) return;
    this.#cookies = decision.cookies;
    for (const cookie of decision.cookies) appendSetCookie(response, cookie);
    const { isEnded } = WristbandSession.stateOf(this.session);
    for (const event of sessionOutcome(this.#brought, decision, isEnded)) this.events.emit(event);
  }

  /** To be called at the end of the response: one that streams may change the session long after its headers. */
  reportLostWrite(): void {
    const decision = this.#decision;
    if (!this.#hasBegun || !decision || isSameSnapshot(decision.snapshot, snapshotOf(this))) return;
    this.events.error('The session was changed after the response headers had been sent: the change is lost');
    this.events.emit({ type: 'session.lost_write', reason: 'headers_sent', ...this.#subject() });
  }

  #reportError({ code, message }: WristbandException): void {
    this.events.error(`The session could not be written: ${message}`);
    this.events.emit({ type: 'session.lost_write', reason: code, ...this.#subject() });
  }

  #subject(): EventSubject {
    return subjectOf(this.session.userId === undefined ? (this.#brought?.fields ?? {}) : this.session);
  }
}

function takesTime(decision: Decision): decision is SlowDecision {
  return decision.commit !== undefined;
}
