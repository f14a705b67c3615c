import type { TokenRefresher } from '../auth/token-refresher.js';
import type { ResolvedSessionOptions } from '../config/resolved-options.js';
import { CookieSessionKeeper } from './cookie-session.keeper.js';
import { EndedSessions } from './ended-sessions.js';
import { RecentChanges } from './recent-changes.js';
import { SealedSessions } from './sealed-sessions.js';
import type { SessionKeeper } from './session-keeper.interface.js';
import { SessionRecords } from './session-records.js';
import { withTokens } from './session-snapshot.js';
import type { StoredSession } from './session.js';
import { StoreSessionKeeper } from './store-session.keeper.js';
import { TokenLease } from './token-lease.js';

/** Where the options have sessions kept. */
export function sessionKeeper(options: ResolvedSessionOptions, refresher: TokenRefresher): SessionKeeper {
  const ended = new EndedSessions(options);
  const newestTokens = (refreshToken: string) => refresher.newestTokens(refreshToken);
  const { store } = options;
  if (!store)
    return new CookieSessionKeeper({
      options,
      sealed: new SealedSessions(options),
      ended,
      changes: new RecentChanges(),
      newestTokens,
    });
  const upToDate = (session: StoredSession): StoredSession => {
    const { refreshToken } = session.fields;
    const newest = typeof refreshToken === 'string' ? newestTokens(refreshToken) : undefined;
    return newest ? withTokens(session, newest) : session;
  };
  const records = new SessionRecords(store, options, upToDate);
  return new StoreSessionKeeper(options, records, ended, new TokenLease(store, records));
}
