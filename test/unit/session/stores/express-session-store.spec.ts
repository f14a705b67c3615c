import session from 'express-session';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type ExpressSessionStore,
  fromExpressSessionStore,
  SessionStoreError,
  type SessionStore,
} from '../../../../lib/index.js';
import { sessionStoreConformance } from '../../../../lib/testing/index.js';

const NEW = { expected: undefined, ttl: 60 };

/** What a store without any care does; single methods are replaced by tests. */
function plainStore(methods: Partial<ExpressSessionStore> = {}): ExpressSessionStore {
  const sessions = new Map<string, object>();
  return {
    get: (id, callback) => callback(null, sessions.get(id)),
    set: (id, value, callback) => callback(void sessions.set(id, value)),
    destroy: (id, callback) => callback(void sessions.delete(id)),
    ...methods,
  };
}

describe('fromExpressSessionStore', () => {
  describe('keeps with MemoryStore what a session store has to keep', () => {
    const store = new session.MemoryStore();
    const tests = sessionStoreConformance({ create: () => fromExpressSessionStore(store) });
    for (const { name, run } of tests) it.concurrent(name, run);
  });

  describe('keeps it without touch() and all()', () => {
    const store: ExpressSessionStore = new session.MemoryStore();
    Object.assign(store, { touch: undefined, all: undefined });
    const tests = sessionStoreConformance({ create: () => fromExpressSessionStore(store), lists: false });
    for (const { name, run } of tests) it.concurrent(name, run);
  });

  it('says that it cannot list without all()', async () => {
    const store = fromExpressSessionStore(plainStore());

    await expect(store.list('tag')).rejects.toThrow(SessionStoreError);
    await expect(store.list('tag')).rejects.toThrow(/no all\(\)/);
  });

  it.each([
    ['an array', (sessions: object[]) => sessions],
    ['an object by id', (sessions: object[]) => Object.fromEntries(sessions.entries())],
    ['nothing', () => null],
  ])('lists from %s', async (kind, shape) => {
    const sessions: object[] = [{ cookie: {} }, { cookie: {}, wristband: 'foreign' }];
    const store = fromExpressSessionStore(
      plainStore({
        set: (_id, value, callback) => callback(void sessions.push(value)),
        all: (callback) => callback(null, shape(sessions)),
      }),
    );
    await store.write('a', 'value', { ...NEW, tags: ['tag'] });
    await store.write('b', 'value', { ...NEW, tags: ['other'] });

    expect(await store.list('tag')).toEqual(kind === 'nothing' ? [] : ['a']);
  });

  it('leaves sessions alone that are not ours', async () => {
    const inner = new session.MemoryStore();
    const foreign = { cookie: { originalMaxAge: null }, cart: ['book'] };
    await new Promise<void>((resolve) => inner.set('foreign', foreign as never, () => resolve()));
    const store = fromExpressSessionStore(inner);

    expect(await store.read(['foreign'])).toEqual([undefined]);
    expect(await store.list('tag')).toEqual([]);
  });

  it('tells the store when a session ends, as express-session does', async () => {
    const inner = plainStore();
    const set = vi.spyOn(inner, 'set');
    const before = Date.now();
    await fromExpressSessionStore(inner).write('key', 'value', NEW);

    const { cookie } = set.mock.calls[0]![1] as { cookie: session.Cookie };
    expect(cookie).toMatchObject({ originalMaxAge: 60_000, maxAge: 60_000, path: '/' });
    expect(cookie.expires!.getTime()).toBeGreaterThanOrEqual(before + 60_000);
    expect(cookie.expires!.getTime()).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  it('prolongs by touch() where there is one, and writes nothing', async () => {
    const touch = vi.fn<NonNullable<ExpressSessionStore['touch']>>((_id, _session, callback) => callback());
    const inner = plainStore({ touch });
    const store = fromExpressSessionStore(inner);
    await store.write('key', 'value', NEW);
    const set = vi.spyOn(inner, 'set');

    expect(await store.touch('key', 120)).toBe(true);
    expect(set).not.toHaveBeenCalled();
    expect(touch.mock.calls[0]![1]).toMatchObject({ cookie: { originalMaxAge: 120_000 } });
  });

  it('takes ENOENT for an absent session', async () => {
    const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    const store = fromExpressSessionStore(plainStore({ get: (_id, callback) => callback(missing) }));

    expect(await store.read(['key'])).toEqual([undefined]);
  });

  describe('with a store in trouble', () => {
    const rejections: unknown[] = [];
    const onRejection = (reason: unknown) => void rejections.push(reason);
    process.on('unhandledRejection', onRejection);
    afterEach(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(rejections.splice(0)).toEqual([]);
    });

    const operations: [keyof SessionStore, (store: SessionStore) => Promise<unknown>][] = [
      ['read', (store) => store.read(['secret-key', 'other'])],
      ['write', (store) => store.write('secret-key', 'secret-value', NEW)],
      ['touch', (store) => store.touch('secret-key', 60)],
      ['delete', (store) => store.delete(['secret-key', 'other'])],
      ['list', (store) => store.list('secret-tag')],
    ];
    const cause = new Error('of the store, with a secret-key');
    const troubles: [string, (callback: (error?: unknown) => void) => unknown][] = [
      ['answers with an error', (callback) => callback(cause)],
      ['answers with an error later', (callback) => setImmediate(callback, cause)],
      [
        'throws',
        () => {
          throw cause;
        },
      ],
      ['rejects', () => Promise.reject(cause)],
      [
        'answers with an error, and throws',
        (callback) => {
          callback(cause);
          throw new Error('again');
        },
      ],
      [
        'answers with an error, and rejects',
        (callback) => {
          callback(cause);
          return Promise.reject(new Error('again'));
        },
      ],
    ];
    const matrix = troubles.flatMap(([name, trouble]) =>
      operations.map(([operation, call]) => ({ name, trouble, operation, call })),
    );

    it.each(matrix)('rejects $operation() when it $name', async ({ trouble, operation, call }) => {
      const store = fromExpressSessionStore({
        get: (_id, callback) => trouble(callback),
        set: (_id, _session, callback) => trouble(callback),
        destroy: (_id, callback) => trouble(callback),
        all: (callback) => trouble(callback),
      });

      const error: unknown = await call(store).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SessionStoreError);
      expect(error).toMatchObject({ name: 'SessionStoreError', operation, cause });
      expect((error as Error).message).not.toContain('secret');
    });

    it.each(operations)('does not wait for ever for a callback of %s()', async (operation, call) => {
      const silent = { get: () => 0, set: () => 0, destroy: () => 0, all: () => 0 };
      const store = fromExpressSessionStore(silent, { timeout: 50 });

      const started = performance.now();
      await expect(call(store)).rejects.toMatchObject({ name: 'SessionStoreError', operation });
      expect(performance.now() - started).toBeLessThan(10_000);
    });

    it('ends all who wait for their turn in time, and goes on when the store does', async () => {
      const inner = plainStore();
      const store = fromExpressSessionStore(inner, { timeout: 100 });
      const set = vi.spyOn(inner, 'set').mockImplementation(() => undefined);
      const started = performance.now();
      const writes = await Promise.allSettled(Array.from({ length: 20 }, () => store.write('key', 'v', NEW)));

      expect(performance.now() - started).toBeLessThan(10_000);
      expect(writes.every(({ status }) => status === 'rejected')).toBe(true);
      set.mockRestore();
      expect(await store.write('key', 'v', NEW)).toBeTypeOf('number');
    });

    it('takes the first of several answers', async () => {
      const store = fromExpressSessionStore(
        plainStore({
          set: (_id, _session, callback) => {
            callback();
            callback(new Error('second'));
            callback();
            throw new Error('third');
          },
          destroy: (_id, callback) => {
            setImmediate(callback);
            setImmediate(callback, new Error('second'));
            return Promise.reject(new Error('third')).finally(() => undefined);
          },
        }),
      );

      expect(await store.write('key', 'value', NEW)).toBeTypeOf('number');
      await expect(store.delete(['key'])).rejects.toMatchObject({ cause: new Error('third') });
    });

    it('survives callbacks that come after the time-out', async () => {
      const late = (callback: (error?: unknown) => void) => setTimeout(callback, 60, new Error('late'));
      const store = fromExpressSessionStore(
        plainStore({
          get: (_id, callback) => late(callback),
          set: (_id, _session, callback) => callback(),
        }),
        { timeout: 20 },
      );

      await expect(store.read(['key'])).rejects.toThrow(/20 ms/);
      await new Promise((resolve) => setTimeout(resolve, 80));
    });
  });
});
