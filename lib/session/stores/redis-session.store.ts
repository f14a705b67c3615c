import { parseJson } from '../../json/json.js';
import { leaseInMilliseconds, newLockToken, newVersion, ttlInMilliseconds } from './record-rules.js';
import { type RedisClient, type RedisScript, scriptRunner } from './redis-client.js';
import {
  ADD_TO_TAG,
  DELETE,
  LOCK,
  READ,
  READ_TAG,
  READ_TAGS,
  REMOVE_FROM_TAG,
  RENEW_LOCK,
  TOUCH,
  UNLOCK,
  WRITE,
} from './redis-scripts.js';
import type { SessionStoreOperation } from './session-store.error.js';
import type { SessionRecord, SessionStore, SessionWriteOptions } from './session-store.interface.js';
import { type TimeLimit, withinTime } from './time-limit.js';

/** Options of {@link RedisSessionStore}. */
export interface RedisSessionStoreOptions {
  /** A client of the package `redis` (version 4 or newer) or of `ioredis`, also of a cluster. You connect and close it. */
  readonly client: RedisClient;
  /**
   * What all keys in Redis begin with; applications that share a Redis need different ones.
   * @default 'wristband:'
   */
  readonly prefix?: string;
  /**
   * Milliseconds that a call may take, the client's queue and reconnections included.
   * @default 1000
   */
  readonly timeout?: number;
}

/** Runs a script on a key of Redis, without its prefix. */
type Run = (script: RedisScript, key: string, ...values: readonly (string | number)[]) => Promise<unknown>;

/** Milliseconds that a tag knows a key for longer than its record lives: the two are prolonged one after the other. */
const TAG_GRACE = 60_000;

/**
 * Keeps sessions in Redis 5 or newer (or Valkey), for applications that run as several processes.
 *
 * Every record, lock and tag is a key of its own and every script works on one of them, so a cluster is supported as well.
 * What spans keys is done in an order in which a break in between leaves at most a tag that names too much; `list()`
 * looks at the records themselves. Redis should run with `maxmemory-policy noeviction` or a `volatile-` one with room to
 * spare: an evicted session is a user signed out.
 *
 * @example
 * ```ts
 * const client = createClient({ url: 'redis://localhost:6379' }).on('error', (error) => logger.error(error));
 * await client.connect();
 * const store = new RedisSessionStore({ client });
 * ```
 */
export class RedisSessionStore implements SessionStore {
  readonly #within: <T>(
    operation: SessionStoreOperation,
    work: (run: Run, limit: TimeLimit) => Promise<T>,
  ) => Promise<T>;

  /** @throws {TypeError} when there is no client of Redis */
  constructor(options: RedisSessionStoreOptions) {
    const { client, prefix = 'wristband:', timeout = 1000 } = options;
    const run = scriptRunner(client);
    this.#within = (operation, work) =>
      withinTime(operation, timeout, (limit) =>
        work((script, key, ...values) => run(script, prefix + key, values, limit), limit),
      );
  }

  read(keys: readonly string[]): Promise<(SessionRecord | undefined)[]> {
    // Clients send what is asked for at once together, and in a cluster each key to its own server.
    return this.#within('read', (run) =>
      Promise.all(keys.map(async (key) => toRecord(await run(READ, recordKey(key))))),
    );
  }

  async write(key: string, value: string, options: SessionWriteOptions): Promise<number | undefined> {
    const { expected, ttl } = options;
    const tags = [...new Set(options.tags)];
    const milliseconds = ttlInMilliseconds(ttl);
    const version = newVersion();
    const values = [expected ?? '', version, value, JSON.stringify(tags), milliseconds];
    return this.#within('write', async (run) => {
      // A session that is in use stays listed. One that is new is not known to anybody before this is done, and comes
      // first, so that a delete() of an older one of that key does not take its tags.
      if (expected !== undefined) await addToTags(run, key, tags, milliseconds);
      const isWritten = (await run(WRITE, recordKey(key), ...values)) === 1;
      if (expected === undefined && isWritten) await addToTags(run, key, tags, milliseconds);
      return isWritten ? version : undefined;
    });
  }

  async touch(key: string, ttl: number): Promise<boolean> {
    const milliseconds = ttlInMilliseconds(ttl);
    return this.#within('touch', async (run) => {
      const tags = await run(READ_TAGS, recordKey(key));
      if (tags === null) return false;
      await addToTags(run, key, toTags(tags), milliseconds);
      return (await run(TOUCH, recordKey(key), milliseconds)) === 1;
    });
  }

  delete(keys: readonly string[]): Promise<number> {
    return this.#within('delete', async (run) => {
      const tagged = await keysByTag(run, keys);
      const removals = [...tagged].map(([tag, members]) => run(REMOVE_FROM_TAG, tagKey(tag), ...members));
      const deletions = keys.map((key) => run(DELETE, recordKey(key)));
      // A tag that keeps a key does no harm; a session that outlives its deletion would.
      const [counts] = await Promise.all([Promise.all(deletions), Promise.allSettled(removals)]);
      return counts.reduce<number>((sum, count) => sum + Number(count), 0);
    });
  }

  list(tag: string): Promise<string[]> {
    return this.#within('list', async (run) => {
      const members = (await run(READ_TAG, tagKey(tag))) as unknown[];
      const tagged = await keysByTag(run, members.map(toText));
      return tagged.get(tag) ?? [];
    });
  }

  async lock(key: string, lease: number): Promise<string | undefined> {
    const token = newLockToken();
    const milliseconds = leaseInMilliseconds(lease);
    return this.#within('lock', async (run, limit) => {
      const isOurs = (await run(LOCK, lockKey(key), token, milliseconds)) === 1;
      // Nobody waits for it any more, and everybody else would have to.
      if (isOurs && limit.isOver) this.unlock(key, token).catch(() => undefined);
      return isOurs ? token : undefined;
    });
  }

  async renewLock(key: string, token: string, lease: number): Promise<boolean> {
    const milliseconds = leaseInMilliseconds(lease);
    return this.#within(
      'renewLock',
      async (run) => (await run(RENEW_LOCK, lockKey(key), token, milliseconds)) === 1,
    );
  }

  unlock(key: string, token: string): Promise<void> {
    return this.#within('unlock', async (run) => void (await run(UNLOCK, lockKey(key), token)));
  }
}

const recordKey = (key: string) => `session:${key}`;
const tagKey = (tag: string) => `tag:${tag}`;
const lockKey = (key: string) => `lock:${key}`;

async function addToTags(run: Run, key: string, tags: readonly string[], ttl: number): Promise<void> {
  await Promise.all(tags.map((tag) => run(ADD_TO_TAG, tagKey(tag), key, ttl + TAG_GRACE)));
}

/** The tags of those records that are there, each with the keys of the records that carry it. */
async function keysByTag(run: Run, keys: readonly string[]): Promise<Map<string, string[]>> {
  const replies = await Promise.all(keys.map((key) => run(READ_TAGS, recordKey(key))));
  const tagged = new Map<string, string[]>();
  for (const [index, key] of keys.entries()) {
    for (const tag of toTags(replies[index])) {
      const members = tagged.get(tag);
      if (members) members.push(key);
      else tagged.set(tag, [key]);
    }
  }
  return tagged;
}

function toTags(reply: unknown): string[] {
  return reply === null ? [] : (parseJson(toText(reply)) as string[]);
}

function toRecord(reply: unknown): SessionRecord | undefined {
  const [version, value] = reply as unknown[];
  return version === null ? undefined : { version: Number(version), value: toText(value) };
}

/** A client may be set to answer with buffers. */
function toText(reply: unknown): string {
  return typeof reply === 'string' ? reply : Buffer.from(reply as Uint8Array).toString();
}
