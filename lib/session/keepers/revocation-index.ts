import { hash } from 'node:crypto';
import type { ResolvedSessionOptions } from '../../config/resolved-options.js';
import { KeyedHash } from '../../crypto/keyed-hash.js';
import { ownersOf, type SessionOwner } from '../ended-sessions.js';
import type { ReceivedSession } from '../received-session.js';
import type { StoredSession } from '../session.js';
import type { SessionRecord } from '../stores/session-store.interface.js';
import type { WatchedStore } from './watched-store.js';

/** Seconds that the clocks of two machines may differ. */
const CLOCK_DIFFERENCE = 60;
/** Seconds for which the end of a browser session without limit is remembered: browsers live no longer. */
const LONGEST_BROWSER_SESSION = 400 * 86_400;

/**
 * Sessions that have ended, in a store that all processes share: those in cookies, and of those in the store itself the
 * ones that were not in it yet. It holds hashes and times, and forgets what no cookie can bring back any more.
 *
 * Everything rejects with `session_store_unavailable` when the store is in trouble.
 */
export class RevocationIndex {
  readonly #ttl: number;
  readonly #owners: KeyedHash;

  constructor(
    private readonly store: WatchedStore,
    { secrets, maxAge, absoluteMaxAge }: ResolvedSessionOptions,
  ) {
    this.#owners = new KeyedHash('session-owner', secrets);
    this.#ttl = (maxAge > 0 ? maxAge : (absoluteMaxAge ?? LONGEST_BROWSER_SESSION)) + CLOCK_DIFFERENCE;
  }

  /** The first of some sessions that has not ended. */
  async firstAlive(sessions: readonly ReceivedSession[]): Promise<ReceivedSession | undefined> {
    const keys = sessions.map((session) => this.#keysOf(session));
    const records = await this.store.read(keys.flat());
    let start = 0;
    return sessions.find((session, index) => {
      const found = records.slice(start, (start += keys[index]!.length));
      return !hasEnded(session, found);
    });
  }

  /** Ends one session. */
  async add(id: string): Promise<void> {
    // Nothing is to be done when it is there already.
    const options = { expected: undefined, ttl: this.#ttl, isOfUser: true };
    await this.store.write(keyOf(id), '', options);
  }

  /**
   * Ends every session of an owner that began by a certain time.
   *
   * @param until seconds since the epoch
   * @default now
   */
  async addAll(owner: SessionOwner, value: string, until = Date.now() / 1000): Promise<void> {
    // A process that knows only one of the secrets finds it as well.
    const keys = this.#owners.all(`${owner}:${value}`);
    await Promise.all(keys.map((key) => this.#putOff(key, until)));
  }

  /** News that come late must not bring back what was ended meanwhile. */
  async #putOff(key: string, until: number): Promise<void> {
    for (;;) {
      const [record] = await this.store.read([key]);
      if (record && Number(record.value) >= until) return;
      const options = { expected: record?.version, ttl: this.#ttl, isOfUser: true };
      if ((await this.store.write(key, String(until), options)) !== undefined) return;
    }
  }

  /** That of its ID, then those of its owners. */
  #keysOf({ id, fields }: StoredSession): string[] {
    const owners = ownersOf(fields).flatMap(([owner, value]) => this.#owners.all(`${owner}:${value}`));
    return [keyOf(id), ...owners];
  }
}

function hasEnded(
  { createdAt }: StoredSession,
  [ended, ...owners]: readonly (SessionRecord | undefined)[],
): boolean {
  return ended !== undefined || owners.some((record) => record && createdAt <= Number(record.value));
}

/** An ID is 144 random bits, which nobody finds by trying. */
function keyOf(id: string): string {
  return hash('sha256', `ended ${id}`, 'base64url');
}
