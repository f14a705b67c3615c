import { setTimeout as delay } from 'node:timers/promises';
import { notAuthenticated, WristbandException } from '../errors/wristband.exception.js';
import type { TokenData } from '../interfaces/auth-flow.interface.js';
import type { ReceivedSession } from './sealed-sessions.js';
import type { RenewedTokens, TokenExchange } from './session-keeper.interface.js';
import { keyOf, type SessionRecords } from './session-records.js';
import { withTokens } from './session-snapshot.js';
import { whenStoreAnswers } from './session-store-trouble.js';
import type { SessionStore } from './stores/session-store.interface.js';

/** Milliseconds after which others go on when the process that exchanges is gone. */
const LEASE = 5000;
const RENEW_AFTER = 1500;
const LOOK_AGAIN_AFTER = 50;
/** A lease that nobody renewed, and an exchange of our own after it. */
const MAX_WAIT = 15_000;

/**
 * Lets one process spend the refresh token of a session; the others wait and use its tokens. A second exchange would end
 * the sign-in where refresh tokens rotate.
 */
export class TokenLease {
  readonly #renewals = new Map<string, Promise<RenewedTokens>>();

  constructor(
    private readonly store: SessionStore,
    private readonly records: SessionRecords,
  ) {}

  /**
   * @throws {WristbandException} `not_authenticated` when the session was ended meanwhile; `session_store_unavailable`;
   * what `exchange` throws
   */
  async renewTokens(received: ReceivedSession, exchange: TokenExchange): Promise<RenewedTokens> {
    const { id } = received;
    const known = this.#renewals.get(id);
    if (known) return known;
    const renewal = this.#renew(received, exchange).finally(() => this.#renewals.delete(id));
    this.#renewals.set(id, renewal);
    return renewal;
  }

  async #renew(received: ReceivedSession, exchange: TokenExchange): Promise<RenewedTokens> {
    const key = keyOf(received.id);
    for (const end = Date.now() + MAX_WAIT; Date.now() < end; await delay(LOOK_AGAIN_AFTER)) {
      const token = await whenStoreAnswers(() => this.store.lock(key, LEASE));
      if (token !== undefined) return this.#hold(key, token, () => this.#exchangeOnce(received, exchange));
      const renewed = await this.#renewedElsewhere(received);
      if ('tokens' in renewed) return renewed;
    }
    const message = 'The access token is being renewed elsewhere; try again soon';
    throw new WristbandException('wristband_unavailable', message, { retryAfter: 1 });
  }

  async #hold<T>(key: string, token: string, work: () => Promise<T>): Promise<T> {
    // A lease that cannot be renewed is no reason to break off: the refresh token may be spent already.
    const renew = () => void this.store.renewLock(key, token, LEASE).catch(() => false);
    const timer = setInterval(renew, RENEW_AFTER);
    try {
      return await work();
    } finally {
      clearInterval(timer);
      // It ends by itself as well.
      await this.store.unlock(key, token).catch(() => undefined);
    }
  }

  async #exchangeOnce(received: ReceivedSession, exchange: TokenExchange): Promise<RenewedTokens> {
    const found = await this.#renewedElsewhere(received);
    if ('tokens' in found) return found;
    const { newest } = found;
    const { refreshToken } = newest.fields;
    if (typeof refreshToken !== 'string') throw notAuthenticated();
    const tokens = await this.#exchange(newest, refreshToken, exchange);
    // Before anybody else gets the lease. Where that fails the response of this request tries again.
    const isKept = await this.records.write(withTokens(newest, tokens), newest).catch(() => false);
    return { tokens, isKept };
  }

  async #exchange(
    session: ReceivedSession,
    refreshToken: string,
    exchange: TokenExchange,
  ): Promise<TokenData> {
    try {
      return await exchange(refreshToken);
    } catch (error) {
      const isRefused = error instanceof WristbandException && error.code === 'token_refresh_failed';
      // A verdict: nobody need ask again.
      if (isRefused) await this.records.delete([session.id]).catch(() => undefined);
      throw error;
    }
  }

  /** The tokens that another process put into the session, or else the session. */
  async #renewedElsewhere({
    id,
    fields,
  }: ReceivedSession): Promise<RenewedTokens | { readonly newest: ReceivedSession }> {
    const [newest] = await this.records.read([id]);
    if (!newest) throw notAuthenticated();
    const { accessToken, expiresAt, refreshToken } = newest.fields;
    const isRenewed = accessToken !== fields.accessToken || refreshToken !== fields.refreshToken;
    if (!isRenewed || typeof accessToken !== 'string' || !(Number(expiresAt) > Date.now())) return { newest };
    const expiresIn = Math.floor((Number(expiresAt) - Date.now()) / 1000);
    const tokens = { accessToken, expiresAt: Number(expiresAt), expiresIn };
    return {
      tokens: { ...tokens, ...(typeof refreshToken === 'string' && { refreshToken }) },
      isKept: true,
    };
  }
}
