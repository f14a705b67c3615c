import { notAuthenticated, WristbandException } from '../../errors/wristband.exception.js';
import type { TokenData } from '../../interfaces/auth-flow.interface.js';
import type { ReceivedSession } from '../received-session.js';
import type { RenewedTokens, TokenExchange } from './session-keeper.interface.js';
import { keyOf, type SessionRecords } from './session-records.js';
import { withTokens } from '../session-snapshot.js';
import { type Keep, StoreLease } from './store-lease.js';
import type { WatchedStore } from './watched-store.js';

/**
 * Lets one process spend the refresh token of a session in a store; the others wait and use its tokens. A second exchange
 * would end the sign-in where refresh tokens rotate.
 */
export class RecordTokenRenewals {
  readonly #lease: StoreLease<RenewedTokens>;

  constructor(
    store: WatchedStore,
    private readonly records: SessionRecords,
  ) {
    this.#lease = new StoreLease(store);
  }

  /**
   * @throws {WristbandException} `not_authenticated` when the session was ended meanwhile; `session_store_unavailable`;
   * what `exchange` throws
   */
  renewTokens(received: ReceivedSession, exchange: TokenExchange): Promise<RenewedTokens> {
    let newest = received;
    const look = async () => {
      newest = await this.#read(received.id);
      return renewedTokens(newest, received);
    };
    return this.#lease.runOnce(keyOf(received.id), look, (keep) => this.#exchange(newest, exchange, keep));
  }

  async #read(id: string): Promise<ReceivedSession> {
    const [newest] = await this.records.read([id]);
    if (!newest) throw notAuthenticated();
    return newest;
  }

  async #exchange(newest: ReceivedSession, exchange: TokenExchange, keep: Keep): Promise<RenewedTokens> {
    const { refreshToken } = newest.fields;
    if (typeof refreshToken !== 'string') throw notAuthenticated();
    try {
      const tokens = await exchange(refreshToken);
      // Before anybody else gets the lease: who finds the old refresh token would spend it again, and end the sign-in.
      const isKept = await keep(() => this.records.write(withTokens(newest, tokens), newest));
      return { tokens, isKept: isKept === true };
    } catch (error) {
      const isRefused = error instanceof WristbandException && error.code === 'token_refresh_failed';
      // A verdict: nobody need ask again.
      if (isRefused) await this.records.delete([newest.id]).catch(() => undefined);
      throw error;
    }
  }
}

/** The tokens that another process put into the session, while they are good. */
function renewedTokens(
  { fields: newest }: ReceivedSession,
  { fields }: ReceivedSession,
): RenewedTokens | undefined {
  const { accessToken, refreshToken, expiresAt } = newest;
  const isRenewed = accessToken !== fields.accessToken || refreshToken !== fields.refreshToken;
  const remaining = Number(expiresAt) - Date.now();
  if (!isRenewed || typeof accessToken !== 'string' || !(remaining > 0)) return undefined;
  const tokens: TokenData = {
    accessToken,
    expiresAt: Number(expiresAt),
    expiresIn: Math.floor(remaining / 1000),
    ...(typeof refreshToken === 'string' && { refreshToken }),
  };
  return { tokens, isKept: true };
}
