import { hash } from 'node:crypto';
import { Sealer } from '../../crypto/sealer.js';
import type { TokenData } from '../../interfaces/auth-flow.interface.js';
import { isJsonObject } from '../../json/json.js';
import type { RenewedTokens, TokenExchange } from './session-keeper.interface.js';
import { StoreLease } from './store-lease.js';
import type { SessionRecord } from '../stores/session-store.interface.js';
import type { WatchedStore } from './watched-store.js';

/** Seconds for which others find the tokens that took the place of a spent refresh token. */
const REMEMBERED = 3600;

/**
 * Lets one process spend the refresh token of a session that is in a cookie; the others, and requests that come with the
 * old cookie for a while, find the new tokens in the store.
 */
export class SharedTokenRenewals {
  readonly #sealer: Sealer;
  readonly #lease: StoreLease<TokenData>;

  constructor(
    private readonly store: WatchedStore,
    secrets: readonly string[],
  ) {
    this.#sealer = new Sealer('token-renewal', secrets);
    this.#lease = new StoreLease(store);
  }

  /** @throws {WristbandException} `session_store_unavailable`; what `exchange` throws */
  async renewTokens(refreshToken: string, exchange: TokenExchange): Promise<RenewedTokens> {
    const seen = new Set<string>();
    for (let token = refreshToken; ;) {
      const tokens = await this.#renewOnce(token, exchange);
      const { expiresAt, refreshToken: next = token } = tokens;
      seen.add(token);
      // Spent tokens lead to their successors, which may have expired as well; never in a circle.
      if (Date.now() < expiresAt || seen.has(next)) return { tokens, isKept: false };
      token = next;
    }
  }

  async #renewOnce(refreshToken: string, exchange: TokenExchange): Promise<TokenData> {
    const key = keyOf(refreshToken);
    const look = async () => this.#open(await this.#read(key), refreshToken);
    // Most come late: they need no lease.
    return (
      (await look()) ??
      this.#lease.runOnce(key, look, async (keep) => {
        const tokens = await exchange(refreshToken);
        // Whoever comes late to this process finds them in its memory, but not those who come to another one.
        await keep(() => this.#keep(key, tokens));
        return tokens;
      })
    );
  }

  async #read(key: string): Promise<SessionRecord | undefined> {
    const [record] = await this.store.read([key]);
    return record;
  }

  /** Nobody else writes it: this process holds the lease. */
  async #keep(key: string, tokens: TokenData): Promise<void> {
    const expected = (await this.#read(key))?.version;
    const value = this.#sealer.seal(JSON.stringify({ key, tokens }), REMEMBERED);
    await this.store.write(key, value, { expected, ttl: REMEMBERED, isOfUser: true });
  }

  #open(record: SessionRecord | undefined, refreshToken: string): TokenData | undefined {
    const data = record && this.#sealer.open(record.value)?.data;
    // The seal does not know under which key a value was: one that was moved there holds somebody else's tokens.
    if (!isJsonObject(data) || data.key !== keyOf(refreshToken)) return undefined;
    const { tokens } = data;
    if (!isTokenData(tokens)) return undefined;
    // Without rotation the refresh token is good for another exchange.
    const isSpent = tokens.refreshToken !== undefined && tokens.refreshToken !== refreshToken;
    return isSpent || Date.now() < tokens.expiresAt ? tokens : undefined;
  }
}

function isTokenData(data: unknown): data is TokenData {
  return isJsonObject(data) && typeof data.accessToken === 'string' && typeof data.expiresAt === 'number';
}

/** Refresh tokens are long and random: nobody finds one by its hash. */
function keyOf(refreshToken: string): string {
  return hash('sha256', `token-renewal ${refreshToken}`, 'base64url');
}
