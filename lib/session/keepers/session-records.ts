import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { type ResolvedSessionOptions, SESSION_DEFAULTS } from '../../config/resolved-options.js';
import { KeyedHash } from '../../crypto/keyed-hash.js';
import { hasUser, ownersOf, type SessionOwner } from '../ended-sessions.js';
import { SealedSessions } from '../cookies/sealed-sessions.js';
import type { ReceivedSession } from '../received-session.js';
import { changesBetween, withChanges } from '../session-changes.js';
import { remainingLifetime } from '../session-lifetime.js';
import { storeUnavailable, type WatchedStore } from './watched-store.js';
import type { StoredSession } from '../session.js';
import { KeyQueue } from '../stores/key-queue.js';
import type { SessionRecord } from '../stores/session-store.interface.js';

/** Sessions of which this process remembers what it last saw in the store, some kB each. */
const REMEMBERED = 1000;
/** Each further one means that another process wrote meanwhile. */
const MAX_ATTEMPTS = 50;
const MAX_PAUSE = 20;

/**
 * Sessions as records of a store, which gets to see neither them nor their IDs: values are sealed, keys and tags hashed.
 *
 * Everything rejects with `session_store_unavailable` when the store is in trouble.
 */
export class SessionRecords {
  readonly #sealed: SealedSessions;
  readonly #tags: KeyedHash;
  /** Requests of this process take turns: they would only run into each other at the store. */
  readonly #turns = new KeyQueue();
  /** What the store was last seen to hold; a guess that it checks with every write. */
  readonly #lastSeen = new LRUCache<string, ReceivedSession>({ max: REMEMBERED });

  constructor(
    private readonly store: WatchedStore,
    private readonly options: ResolvedSessionOptions,
    /** Brings a session up to date before it is written. */
    private readonly upToDate: (session: StoredSession) => StoredSession,
  ) {
    this.#sealed = new SealedSessions(options, 'session-record');
    // Who has a copy of the store cannot find out by it whether a certain user is signed in.
    this.#tags = new KeyedHash('session-tag', options.secrets);
  }

  /** The sessions of IDs, in their order. */
  async read(ids: readonly string[]): Promise<(ReceivedSession | undefined)[]> {
    const records = await this.store.read(ids.map(keyOf));
    return ids.map((id, index) => this.#open(id, records[index]));
  }

  /**
   * Writes a session, or, when there is one of that ID already, what a request changed in it: others may have changed
   * something else meanwhile.
   *
   * @param received the session as the request knew it
   * @returns false when the session was ended meanwhile
   */
  async write(session: StoredSession, received: ReceivedSession | undefined): Promise<boolean> {
    if (received?.id !== session.id) return (await this.#put(session, undefined)) !== undefined;
    const changes = changesBetween(received, session);
    const written = await this.update(session.id, (newest) => withChanges(newest, changes, received));
    return written !== undefined;
  }

  /**
   * Replaces a session by what `change` makes of its newest version; again, when somebody else wrote meanwhile.
   *
   * @returns the session as it is kept now, or `undefined` when it was ended meanwhile
   */
  update(
    id: string,
    change: (newest: ReceivedSession) => StoredSession,
  ): Promise<ReceivedSession | undefined> {
    return this.#turns.run(id, async () => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
        const newest = this.#lastSeen.get(id) ?? (await this.read([id]))[0];
        if (!newest) return undefined;
        const written = await this.#put(change(newest), newest.version);
        if (written) return written;
        this.#lastSeen.delete(id);
        if (attempt > 0) await delay(Math.random() * MAX_PAUSE);
      }
      throw storeUnavailable(new Error('Others write to the session all the time'));
    });
  }

  /** Lets a session live on. */
  touch({ id, createdAt }: StoredSession): Promise<boolean> {
    return this.store.touch(keyOf(id), this.#ttl(createdAt));
  }

  async delete(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#lastSeen.delete(id);
    await this.store.delete(ids.map(keyOf));
  }

  /**
   * Deletes every session of an owner.
   *
   * @param until seconds since the epoch: what began later stays
   */
  async deleteAll(owner: SessionOwner, value: string, until = Infinity): Promise<void> {
    // Each secret that still opens a session may have made its tags.
    const keys = await Promise.all(this.#tags.all(`${owner}:${value}`).map((tag) => this.store.list(tag)));
    const unique = [...new Set(keys.flat())];
    const over = until === Infinity ? unique : await this.#begunBy(until, unique);
    if (over.length > 0) await this.store.delete(over);
  }

  /** Those that cannot be opened count as old: at worst they have a newer secret, and somebody signs in once too often. */
  async #begunBy(until: number, keys: readonly string[]): Promise<string[]> {
    const records = keys.length > 0 ? await this.store.read(keys) : [];
    return keys.filter((_, index) => {
      const record = records[index];
      const session = record && this.#sealed.open(record.value);
      return session === undefined || session.createdAt <= until;
    });
  }

  async #put(given: StoredSession, expected: number | undefined): Promise<ReceivedSession | undefined> {
    const session = this.upToDate(given);
    const { id, createdAt, fields } = session;
    const value = this.#sealed.seal(JSON.stringify({ id, createdAt, fields }));
    const isOfUser = hasUser(session);
    const options = { expected, ttl: this.#ttl(createdAt), tags: this.#tagsOf(fields), isOfUser };
    const version = await this.store.write(keyOf(id), value, options);
    return version === undefined ? undefined : this.#open(id, { value, version });
  }

  #open(id: string, record: SessionRecord | undefined): ReceivedSession | undefined {
    const session = record && this.#sealed.open(record.value);
    // The seal does not know under which key a value was: one that was moved there is somebody else's session.
    if (!session || session.id !== id) return undefined;
    const seen = { ...session, version: record.version };
    this.#lastSeen.set(id, seen);
    return seen;
  }

  #ttl(createdAt: number): number {
    const maxAge = this.options.maxAge || SESSION_DEFAULTS.storedBrowserSession;
    return Math.max(remainingLifetime(createdAt, { ...this.options, maxAge }) ?? maxAge, 1);
  }

  #tagsOf(fields: StoredSession['fields']): string[] {
    // While secrets are replaced, processes that have the new one and others end each other's sessions.
    return ownersOf(fields).flatMap(([owner, value]) => this.#tags.all(`${owner}:${value}`));
  }
}

/**
 * Without a secret, so that no change of secrets loses a record: an ID is 144 random bits, which nobody finds by trying.
 */
export function keyOf(id: string): string {
  return hash('sha256', id, 'base64url');
}
