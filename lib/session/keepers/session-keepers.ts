import type { TokenRefresher } from '../../tokens/token-refresher.js';
import type { ResolvedSessionOptions } from '../../config/resolved-options.js';
import type { WristbandEvents } from '../../events/wristband-events.js';
import type { TokenData } from '../../interfaces/auth-flow.interface.js';
import { CookieSessionKeeper } from './cookie-session.keeper.js';
import { EndedSessions } from '../ended-sessions.js';
import { RecentChanges } from '../recent-changes.js';
import { RevocationIndex } from './revocation-index.js';
import { SealedSessions } from '../cookies/sealed-sessions.js';
import type { SessionKeeper } from './session-keeper.interface.js';
import { SessionRecords } from './session-records.js';
import { withTokens } from '../session-snapshot.js';
import type { StoredSession } from '../session.js';
import { SharedCookieSessionKeeper } from './shared-cookie-session.keeper.js';
import { SharedTokenRenewals } from './shared-token-renewals.js';
import { StoreSessionKeeper } from './store-session.keeper.js';
import { RecordTokenRenewals } from './record-token-renewals.js';
import type { WatchedStore } from './watched-store.js';

/**
 * Where the options have sessions kept.
 *
 * @param store `session.store` or `session.coordinationStore`, whichever is set
 */
export function sessionKeeper(
  options: ResolvedSessionOptions,
  store: WatchedStore | undefined,
  refresher: TokenRefresher,
  events: WristbandEvents,
): SessionKeeper {
  const ended = new EndedSessions(options, () =>
    events.warn(
      'The list of ended sessions is full: sessions that began before the oldest end on it are closed, and their users sign in again. Set session.store or session.coordinationStore, which have no such limit',
    ),
  );
  const newestTokens = (fields: StoredSession['fields']) => tokensNewerThan(fields, refresher);
  if (store && options.store) {
    const records = new SessionRecords(store, options, (session) => upToDate(session, newestTokens));
    const revocations = new RevocationIndex(store, options);
    const lease = new RecordTokenRenewals(store, records);
    return new StoreSessionKeeper(options, records, ended, revocations, lease, events);
  }
  const sealed = new SealedSessions(options);
  const changes = new RecentChanges();
  const cookies = new CookieSessionKeeper({ options, sealed, ended, changes, newestTokens }, events);
  if (!store) return cookies;
  const revocations = new RevocationIndex(store, options);
  const renewals = new SharedTokenRenewals(store, options.secrets);
  return new SharedCookieSessionKeeper(cookies, revocations, renewals, events);
}

function upToDate(
  session: StoredSession,
  newestTokens: (fields: StoredSession['fields']) => TokenData | undefined,
): StoredSession {
  const newest = newestTokens(session.fields);
  return newest ? withTokens(session, newest) : session;
}

function tokensNewerThan(
  { refreshToken, expiresAt }: StoredSession['fields'],
  refresher: TokenRefresher,
): TokenData | undefined {
  const newest = typeof refreshToken === 'string' ? refresher.newestTokens(refreshToken) : undefined;
  // Where refresh tokens do not rotate another process may have exchanged the same one after this one did.
  const isOlder = newest?.refreshToken === refreshToken && Number(newest?.expiresAt) < Number(expiresAt);
  return isOlder ? undefined : newest;
}
