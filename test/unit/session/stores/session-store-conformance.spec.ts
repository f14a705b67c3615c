import { AssertionError } from 'node:assert';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemorySessionStore, type SessionStore } from '../../../../lib/index.js';
import { sessionStoreConformance } from '../../../../lib/testing/index.js';

/** A good store, but for some methods. */
function faulty(make: (good: SessionStore) => Partial<SessionStore>): () => SessionStore {
  return () => {
    const good = new MemorySessionStore();
    return {
      read: (keys) => good.read(keys),
      write: (key, value, options) => good.write(key, value, options),
      touch: (key, ttl) => good.touch(key, ttl),
      delete: (keys) => good.delete(keys),
      list: (tag) => good.list(tag),
      lock: (key, lease) => good.lock(key, lease),
      renewLock: (key, token, lease) => good.renewLock(key, token, lease),
      unlock: (key, token) => good.unlock(key, token),
      ...make(good),
    };
  };
}

const readOne = async (store: SessionStore, key: string) => (await store.read([key]))[0];

const faults: [string, () => SessionStore][] = [
  [
    'writes without comparing',
    faulty((good) => ({
      write: async (key, value, options) =>
        good.write(key, value, { ...options, expected: (await readOne(good, key))?.version }),
    })),
  ],
  [
    'compares and sets in two steps',
    faulty((good) => ({
      write: async (key, value, options) => {
        if ((await readOne(good, key))?.version !== options.expected) return undefined;
        await Promise.resolve();
        return good.write(key, value, { ...options, expected: (await readOne(good, key))?.version });
      },
    })),
  ],
  [
    'begins to count again when a record was deleted',
    faulty((good) => {
      const versions = new Map<string, number>();
      const count = (key: string) => versions.get(key) ?? 0;
      return {
        read: async (keys) =>
          (await good.read(keys)).map(
            (record, index) => record && { ...record, version: count(keys[index]!) },
          ),
        write: async (key, value, options) => {
          const record = await readOne(good, key);
          if ((record && count(key)) !== options.expected) return undefined;
          if (!(await good.write(key, value, { ...options, expected: record?.version }))) return undefined;
          versions.set(key, record ? count(key) + 1 : 1);
          return count(key);
        },
      };
    }),
  ],
  [
    'never expires',
    faulty((good) => ({ write: (key, value, options) => good.write(key, value, { ...options, ttl: 1e6 }) })),
  ],
  [
    'does not prolong',
    faulty((good) => ({ touch: async (key) => (await readOne(good, key)) !== undefined })),
  ],
  [
    'forgets the order of keys',
    faulty((good) => ({ read: async (keys) => (await good.read(keys)).reverse() })),
  ],
  [
    'trims values',
    faulty((good) => ({ write: (key, value, options) => good.write(key, value.trim(), options) })),
  ],
  [
    'lists what is gone',
    faulty((good) => {
      const tagged = new Map<string, Set<string>>();
      return {
        write: (key, value, options) => {
          for (const tag of options.tags ?? []) tagged.set(tag, (tagged.get(tag) ?? new Set()).add(key));
          return good.write(key, value, options);
        },
        list: async (tag) => [...(tagged.get(tag) ?? [])],
      };
    }),
  ],
  ['locks nothing', faulty(() => ({ lock: async () => Math.random().toString() }))],
  ['never ends a lease', faulty((good) => ({ lock: (key) => good.lock(key, 1e6) }))],
  [
    'lets anybody unlock',
    faulty((good) => {
      const tokens = new Map<string, string>();
      return {
        lock: async (key, lease) => {
          const token = await good.lock(key, lease);
          if (token !== undefined) tokens.set(key, token);
          return token;
        },
        unlock: (key) => good.unlock(key, tokens.get(key) ?? ''),
      };
    }),
  ],
];

describe('sessionStoreConformance', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const wait = async (milliseconds: number) => void (await vi.advanceTimersByTimeAsync(milliseconds));

  async function failures(create: () => SessionStore, lists = true): Promise<unknown[]> {
    const reasons: unknown[] = [];
    for (const { run } of sessionStoreConformance({ create, wait, lists })) {
      await run().catch((reason: unknown) => reasons.push(reason));
    }
    return reasons;
  }

  it('is content with a good store', async () => {
    expect(await failures(faulty(() => ({})))).toEqual([]);
  });

  it.each(faults)('finds out a store that %s', async (_, create) => {
    const reasons = await failures(create);
    expect(reasons).not.toEqual([]);
    for (const reason of reasons) expect(reason).toBeInstanceOf(AssertionError);
  });

  it('leaves out tags where a store cannot list', async () => {
    const list = () => Promise.reject(new Error('It cannot list'));

    expect(await failures(faulty(() => ({ list })))).not.toEqual([]);
    expect(
      await failures(
        faulty(() => ({ list })),
        false,
      ),
    ).toEqual([]);
  });
});
