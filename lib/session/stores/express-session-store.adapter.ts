import { isJsonObject } from '../../json/json.js';
import { callbackAnswer, cookieOf, type ExpressSessionStore, isMissing } from './express-store-calls.js';
import { KeyQueue } from './key-queue.js';
import { LeaseTable } from './lease-table.js';
import { newVersion, ttlInMilliseconds } from './record-rules.js';
import { SessionStoreError } from './session-store.error.js';
import type { SessionRecord, SessionStore, SessionWriteOptions } from './session-store.interface.js';
import { type TimeLimit, withinTime } from './time-limit.js';

/** Options of {@link fromExpressSessionStore}. */
export interface ExpressSessionStoreOptions {
  /**
   * Milliseconds that a call may take, also when the store never calls back.
   * @default 1000
   */
  readonly timeout?: number;
}

/**
 * Keeps sessions in any store of express-session. Such a store can do less than the others:
 *
 * - It cannot compare and set: writes are safe against each other in this process only. Of two processes that write the
 *   same session at the same time the later one wins, and a session may come back that the other one just deleted.
 * - It cannot lock: leases hold in this process only.
 * - It lists sessions only if it has `all()`, by reading every session that there is; otherwise `list()` rejects.
 * - Without `touch()` a session is written anew to prolong it.
 * - It expires sessions itself, by the `cookie.expires` that express-session defined.
 *
 * With several processes use {@link RedisSessionStore} instead. Wrap a store once: the guarantees above are per wrapper.
 */
export function fromExpressSessionStore(
  store: ExpressSessionStore,
  { timeout = 1000 }: ExpressSessionStoreOptions = {},
): SessionStore {
  return new ExpressSessionStoreAdapter(store, timeout);
}

/** What is put beside the cookie of a session of express-session. */
interface StoredRecord extends SessionRecord {
  /** Many stores do not tell the ids of the sessions that they list. */
  readonly key: string;
  readonly tags: readonly string[];
}

class ExpressSessionStoreAdapter implements SessionStore {
  readonly #leases = new LeaseTable();
  readonly #queue = new KeyQueue();

  constructor(
    private readonly store: ExpressSessionStore,
    private readonly timeout: number,
  ) {}

  read(keys: readonly string[]): Promise<(SessionRecord | undefined)[]> {
    return withinTime('read', this.timeout, async (limit) => {
      const records = await Promise.all(keys.map((key) => this.#get(key, limit)));
      return records.map((record) => record && { value: record.value, version: record.version });
    });
  }

  async write(key: string, value: string, options: SessionWriteOptions): Promise<number | undefined> {
    const { expected, ttl, tags = [] } = options;
    const milliseconds = ttlInMilliseconds(ttl);
    return this.#inTurn('write', key, async (limit) => {
      if ((await this.#get(key, limit))?.version !== expected) return undefined;
      const version = newVersion();
      await this.#set({ key, value, version, tags }, milliseconds, limit);
      return version;
    });
  }

  async touch(key: string, ttl: number): Promise<boolean> {
    const milliseconds = ttlInMilliseconds(ttl);
    return this.#inTurn('touch', key, async (limit) => {
      const record = await this.#get(key, limit);
      if (record) await this.#prolong(record, milliseconds, limit);
      return record !== undefined;
    });
  }

  async delete(keys: readonly string[]): Promise<number> {
    const deletions = [...new Set(keys)].map((key) =>
      this.#inTurn('delete', key, async (limit) => {
        const record = await this.#get(key, limit);
        await callbackAnswer(limit, (callback) => this.store.destroy(key, callback));
        return record !== undefined;
      }),
    );
    return (await Promise.all(deletions)).filter(Boolean).length;
  }

  async list(tag: string): Promise<string[]> {
    if (!this.store.all) throw new SessionStoreError('list', 'the store of express-session has no all()');
    return withinTime('list', this.timeout, async (limit) => {
      const sessions = await callbackAnswer<object | null>(limit, (callback) => this.store.all?.(callback));
      // An array or an object by id.
      const records = Object.values(sessions ?? {}).map(toRecord);
      return records.flatMap((record) => (record?.tags.includes(tag) ? [record.key] : []));
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

  /** The time of waiting for one's turn counts as well. */
  #inTurn<T>(
    operation: 'write' | 'touch' | 'delete',
    key: string,
    work: (limit: TimeLimit) => Promise<T>,
  ): Promise<T> {
    return withinTime(operation, this.timeout, (limit) => this.#queue.run(key, () => work(limit)));
  }

  async #get(key: string, limit: TimeLimit): Promise<StoredRecord | undefined> {
    try {
      const session = await callbackAnswer<object | null>(limit, (callback) => this.store.get(key, callback));
      return toRecord(session);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async #set(record: StoredRecord, milliseconds: number, limit: TimeLimit): Promise<void> {
    const session = { cookie: cookieOf(milliseconds), wristband: record };
    await callbackAnswer(limit, (callback) => this.store.set(record.key, session, callback));
  }

  async #prolong(record: StoredRecord, milliseconds: number, limit: TimeLimit): Promise<void> {
    if (!this.store.touch) return this.#set(record, milliseconds, limit);
    const session = { cookie: cookieOf(milliseconds), wristband: record };
    await callbackAnswer(limit, (callback) => this.store.touch?.(record.key, session, callback));
  }
}

/** What is ours in a session; others may keep theirs in the same store. */
function toRecord(session: unknown): StoredRecord | undefined {
  return isJsonObject(session) && isStoredRecord(session.wristband) ? session.wristband : undefined;
}

function isStoredRecord(value: unknown): value is StoredRecord {
  if (!isJsonObject(value)) return false;
  const { key, value: text, version, tags } = value;
  return (
    typeof key === 'string' && typeof text === 'string' && typeof version === 'number' && Array.isArray(tags)
  );
}
