import { LRUCache } from 'lru-cache';
import { LeaseTable } from './lease-table.js';
import { ttlInMilliseconds } from './record-rules.js';
import type { SessionRecord, SessionStore, SessionWriteOptions } from './session-store.interface.js';

/** Options of {@link MemorySessionStore}. */
export interface MemorySessionStoreOptions {
  /**
   * How many sessions of users are kept, and how many of visitors; with one more, the one of the same kind that was not
   * used for the longest time is removed.
   * @default 10000
   */
  readonly maxSessions?: number;
}

interface StoredRecord extends SessionRecord {
  readonly tags: readonly string[];
}

/**
 * Keeps sessions in the memory of this process, for tests and for applications that run as one process. They are gone
 * when it ends.
 *
 * Expired sessions are removed when somebody asks for them, or when room is needed.
 */
export class MemorySessionStore implements SessionStore {
  /** Apart from those of visitors, who would otherwise sign users out by their number. */
  readonly #ofUsers: LRUCache<string, StoredRecord>;
  readonly #ofVisitors: LRUCache<string, StoredRecord>;
  readonly #keysOfTags = new Map<string, Set<string>>();
  readonly #leases = new LeaseTable();
  /** Counted over all keys, so that it never comes twice. */
  #lastVersion = 0;

  constructor({ maxSessions = 10_000 }: MemorySessionStoreOptions = {}) {
    const records = (): LRUCache<string, StoredRecord> =>
      new LRUCache({
        max: maxSessions,
        // By the clock by which sessions in cookies end, looked up anew each time: tests may set it.
        perf: { now: () => Date.now() },
        ttlResolution: 0,
        // For every reason why a record can go, so that no tag outlives its records. write() sees to those that stay.
        dispose: ({ tags }, key, reason) => {
          if (reason !== 'set') this.#forgetTags(tags, key);
        },
      });
    this.#ofUsers = records();
    this.#ofVisitors = records();
  }

  async read(keys: readonly string[]): Promise<(SessionRecord | undefined)[]> {
    return keys.map((key) => {
      const record = this.#find(key)?.get(key);
      return record && { value: record.value, version: record.version };
    });
  }

  async write(key: string, value: string, options: SessionWriteOptions): Promise<number | undefined> {
    const { expected, ttl, tags = [], isOfUser = false } = options;
    const milliseconds = ttlInMilliseconds(ttl);
    const records = isOfUser ? this.#ofUsers : this.#ofVisitors;
    const place = this.#find(key);
    const known = place?.get(key);
    if (known?.version !== expected) return undefined;
    const version = (this.#lastVersion += 1);
    if (place !== records) place?.delete(key);
    records.set(key, { value, version, tags: [...tags] }, { ttl: milliseconds });
    for (const tag of tags) this.#keysOf(tag).add(key);
    if (known)
      this.#forgetTags(
        known.tags.filter((tag) => !tags.includes(tag)),
        key,
      );
    return version;
  }

  async touch(key: string, ttl: number): Promise<boolean> {
    const milliseconds = ttlInMilliseconds(ttl);
    const records = this.#find(key);
    const record = records?.get(key);
    if (record) records?.set(key, record, { ttl: milliseconds });
    return record !== undefined;
  }

  async delete(keys: readonly string[]): Promise<number> {
    const present = new Set(keys.filter((key) => this.#find(key)));
    for (const key of keys) this.#remove(key);
    return present.size;
  }

  async list(tag: string): Promise<string[]> {
    return [...(this.#keysOfTags.get(tag) ?? [])].filter((key) => {
      const isAlive = this.#find(key) !== undefined;
      if (!isAlive) this.#remove(key);
      return isAlive;
    });
  }

  async lock(key: string, lease: number): Promise<string | undefined> {
    return this.#leases.take(key, lease);
  }

  async renewLock(key: string, token: string, lease: number): Promise<boolean> {
    return this.#leases.renew(key, token, lease);
  }

  async unlock(key: string, token: string): Promise<void> {
    this.#leases.giveBack(key, token);
  }

  /** Where the record of a key is that has not expired. */
  #find(key: string): LRUCache<string, StoredRecord> | undefined {
    return [this.#ofUsers, this.#ofVisitors].find((records) => records.has(key));
  }

  #remove(key: string): void {
    this.#ofUsers.delete(key);
    this.#ofVisitors.delete(key);
  }

  #keysOf(tag: string): Set<string> {
    const keys = this.#keysOfTags.get(tag) ?? new Set();
    this.#keysOfTags.set(tag, keys);
    return keys;
  }

  #forgetTags(tags: readonly string[], key: string): void {
    for (const tag of tags) {
      const keys = this.#keysOfTags.get(tag);
      keys?.delete(key);
      if (keys?.size === 0) this.#keysOfTags.delete(tag);
    }
  }
}
