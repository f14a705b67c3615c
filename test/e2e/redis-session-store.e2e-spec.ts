import { RedisStore } from 'connect-redis';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { fromExpressSessionStore, RedisSessionStore, SessionStoreError } from '../../lib/index.js';
import type { SessionStore } from '../../lib/index.js';
import { sessionStoreConformance } from '../../lib/testing/index.js';
import { type RedisServer, startRedis } from '../support/redis.js';

const NEW = { expected: undefined, ttl: 60 };

let redis: RedisServer;
beforeAll(async () => void (redis = await startRedis()));
afterAll(() => redis.stop());

const rejections: unknown[] = [];
const onRejection = (reason: unknown) => void rejections.push(reason);
beforeAll(() => void process.on('unhandledRejection', onRejection));
afterAll(() => {
  process.off('unhandledRejection', onRejection);
  expect(rejections).toEqual([]);
});

async function nodeRedis(url = redis.url) {
  const client = createClient({ url, socket: { reconnectStrategy: () => 50 } }).on('error', () => undefined);
  await client.connect();
  return { client, close: () => client.destroy() };
}

async function ioRedis(url = redis.url) {
  const client = new Redis(url, { retryStrategy: () => 50 }).on('error', () => undefined);
  return { client, close: () => client.disconnect() };
}

type Connection = Awaited<ReturnType<typeof nodeRedis> | ReturnType<typeof ioRedis>>;
const clients: [string, (url?: string) => Promise<Connection>][] = [
  ['node-redis', nodeRedis],
  ['ioredis', ioRedis],
];

/** Every operation of a store, each with what it may not let out. */
const operations: [keyof SessionStore, (store: SessionStore) => Promise<unknown>][] = [
  ['read', (store) => store.read(['secret-key', 'secret-other'])],
  ['write', (store) => store.write('secret-key', 'secret-value', { ...NEW, tags: ['secret-tag'] })],
  ['touch', (store) => store.touch('secret-key', 60)],
  ['delete', (store) => store.delete(['secret-key'])],
  ['list', (store) => store.list('secret-tag')],
  ['lock', (store) => store.lock('secret-key', 1000)],
  ['renewLock', (store) => store.renewLock('secret-key', 'secret-token', 1000)],
  ['unlock', (store) => store.unlock('secret-key', 'secret-token')],
];

describe.each(clients)('RedisSessionStore with %s', (name, connect) => {
  let connection: Connection;
  let store: RedisSessionStore;
  const keysOf = async (pattern: string) => {
    const { client, close } = await ioRedis();
    onTestFinished(close);
    return (await client.keys(pattern)).sort();
  };

  beforeAll(async () => {
    connection = await connect();
    store = new RedisSessionStore({ client: connection.client, prefix: `${name}:` });
  });
  afterAll(() => connection.close());

  describe('keeps what a session store has to keep', () => {
    const create = () => new RedisSessionStore({ client: connection.client, prefix: `${name}-conformance:` });
    for (const { name, run } of sessionStoreConformance({ create })) it.concurrent(name, run);
  });

  it('shares sessions, locks and tags with other processes', async () => {
    const other = await connect();
    onTestFinished(other.close);
    const otherStore = new RedisSessionStore({ client: other.client, prefix: `${name}:` });
    const version = await store.write('shared', 'value', { ...NEW, tags: ['shared-tag'] });

    expect(await otherStore.read(['shared'])).toEqual([{ value: 'value', version }]);
    expect(await otherStore.list('shared-tag')).toEqual(['shared']);
    const token = await store.lock('shared', 60_000);
    expect(await otherStore.lock('shared', 60_000)).toBeUndefined();
    await store.unlock('shared', token!);
    expect(await otherStore.lock('shared', 60_000)).toBeTypeOf('string');
  });

  it('lets one of many writers in several processes win', async () => {
    const connections = await Promise.all([connect(), connect(), connect(), connect()]);
    for (const { close } of connections) onTestFinished(close);
    const stores = connections.map(({ client }) => new RedisSessionStore({ client, prefix: `${name}:` }));
    let expected: number | undefined;
    for (let round = 0; round < 20; round += 1) {
      const options = { expected, ttl: 60, tags: ['raced-tag'] };
      const writers = stores.flatMap((each) =>
        Array.from({ length: 5 }, () => each.write('raced', `${round}`, options)),
      );
      const won = (await Promise.all(writers)).filter((version) => version !== undefined);
      expect(won).toHaveLength(1);
      [expected] = won;
    }
  });

  it('stores nothing but what it was given, under its prefix, and all of it expires', async () => {
    const prefix = `${name}-dump:`;
    const dumped = new RedisSessionStore({ client: connection.client, prefix });
    const version = await dumped.write('KEY', 'VALUE', { ...NEW, tags: ['TAG-1', 'TAG-2'] });
    const token = await dumped.lock('KEY', 60_000);

    const { client, close } = await ioRedis();
    onTestFinished(close);
    expect(await keysOf(`${prefix}*`)).toEqual(
      ['lock:KEY', 'session:KEY', 'tag:TAG-1', 'tag:TAG-2'].map((key) => prefix + key),
    );
    expect(await client.hgetall(`${prefix}session:KEY`)).toEqual({
      v: String(version),
      d: 'VALUE',
      t: '["TAG-1","TAG-2"]',
    });
    expect(await client.get(`${prefix}lock:KEY`)).toBe(token);
    expect(await client.zrange(`${prefix}tag:TAG-1`, '0', '-1')).toEqual(['KEY']);
    for (const key of await keysOf(`${prefix}*`)) {
      const left = await client.pttl(key);
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(key.includes('tag:') ? 120_000 : 60_000);
    }
  });

  it('begins keys with wristband: unless told otherwise', async () => {
    await new RedisSessionStore({ client: connection.client }).write('default', 'value', NEW);

    expect(await keysOf('wristband:*')).toContain('wristband:session:default');
  });

  it('removes what is over from a tag when it is used', async () => {
    const { client, close } = await ioRedis();
    onTestFinished(close);
    await client.zadd(`${name}:tag:used`, 1, 'long-gone');
    const version = await store.write('kept', 'value', { ...NEW, tags: ['used'] });
    await store.write('gone', 'value', { ...NEW, tags: ['used'] });
    expect((await client.zrange(`${name}:tag:used`, '0', '-1')).sort()).toEqual(['gone', 'kept']);

    await store.delete(['gone']);
    expect(await client.zrange(`${name}:tag:used`, '0', '-1')).toEqual(['kept']);
    // A shorter life does not end the tag early for others, nor for a session that is prolonged later.
    await store.write('kept', 'value', { expected: version, ttl: 1, tags: ['used'] });
    expect(await client.pttl(`${name}:tag:used`)).toBeGreaterThan(100_000);
  });

  it('does not send again what a script did when its answer was lost', async () => {
    // What a client does that sends unanswered commands once more after it has connected again.
    const { client } = connection;
    const twice: typeof client = Object.create(client) as never;
    for (const method of ['evalSha', 'evalsha', 'eval'] as const) {
      if (!(method in client)) continue;
      const call = (client as never as Record<string, (...args: unknown[]) => Promise<unknown>>)[method]!;
      Object.assign(twice, {
        withAbortSignal: () => twice,
        [method]: async (...args: unknown[]) => {
          await call.apply(client, args);
          return call.apply(client, args);
        },
      });
    }
    const repeating = new RedisSessionStore({ client: twice, prefix: `${name}-twice:` });
    const version = await repeating.write('key', 'first', { ...NEW, tags: ['tag'] });

    expect(version).toBeTypeOf('number');
    expect(await repeating.write('key', 'second', { expected: version, ttl: 60 })).toBeTypeOf('number');
    const token = await repeating.lock('key', 60_000);
    expect(token).toBeTypeOf('string');
    expect(await repeating.renewLock('key', token!, 60_000)).toBe(true);
    await repeating.unlock('key', token!);
    expect(await repeating.lock('key', 60_000)).toBeTypeOf('string');
  });

  it('names the cause of an error, but neither keys nor values', async () => {
    const { client, close } = await ioRedis();
    onTestFinished(close);
    const broken = new RedisSessionStore({ client: connection.client, prefix: `${name}-broken:` });
    for (const kind of ['session:secret-key', 'tag:secret-tag', 'lock:secret-key']) {
      await client.lpush(`${name}-broken:${kind}`, 'something else');
    }
    for (const [operation, call] of operations.filter(([each]) => each !== 'delete')) {
      const error: unknown = await call(broken).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SessionStoreError);
      expect(error).toMatchObject({ operation, cause: expect.any(Error) as Error });
      expect((error as Error).message).not.toContain('secret');
    }
  });
});

describe.each(clients)('RedisSessionStore with %s and a server in trouble', (_, connect) => {
  let server: RedisServer;
  let connection: Connection;
  let store: RedisSessionStore;
  const timeout = 300;

  beforeEach(async () => {
    server = await startRedis();
    connection = await connect(server.url);
    store = new RedisSessionStore({ client: connection.client, timeout });
  });
  afterEach(async () => {
    connection.close();
    await server.stop();
  });

  async function expectTimelyErrors(): Promise<void> {
    const started = performance.now();
    await Promise.all(
      operations.map(async ([operation, call]) => {
        const error: unknown = await call(store).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(SessionStoreError);
        expect(error).toMatchObject({ operation });
        expect((error as Error).message).not.toContain('secret');
      }),
    );
    expect(performance.now() - started).toBeLessThan(timeout + 9000);
  }

  async function expectRecovery(): Promise<void> {
    await expect
      .poll(() => store.write('recovered', 'value', NEW).catch(() => undefined), { timeout: 10_000 })
      .toBeTypeOf('number');
    expect(await store.read(['recovered'])).toMatchObject([{ value: 'value' }]);
  }

  it('ends every call in time while Redis is paused, and goes on with the same client', async () => {
    await store.write('kept', 'value', NEW);
    server.pause();
    await expectTimelyErrors();
    await expectTimelyErrors();

    server.resume();
    await expectRecovery();
    expect(await store.read(['kept'])).toMatchObject([{ value: 'value' }]);
  });

  it('ends every call in time while Redis is down, and goes on after its restart', async () => {
    await store.write('lost', 'value', { ...NEW, tags: ['tag'] });
    await server.stop();
    await expectTimelyErrors();

    await server.start();
    await expectRecovery();
    // It came back with nothing, scripts included.
    expect(await store.read(['lost'])).toEqual([undefined]);
    expect(await store.list('tag')).toEqual([]);
    expect(await store.lock('lost', 1000)).toBeTypeOf('string');
  });

  it('ends every call when the client was closed', async () => {
    connection.close();

    await expectTimelyErrors();
  });

  it('gives back a lock that came too late', async () => {
    await store.unlock('warm-up', 'token');
    await store.lock('warm-up', 1000);
    server.pause();
    await expect(store.lock('late', 60_000)).rejects.toThrow(SessionStoreError);

    server.resume();
    await expect.poll(() => store.lock('late', 60_000), { timeout: 5000 }).toBeTypeOf('string');
  });

  it('knows that a late write found another, and loses nothing', async () => {
    const version = await store.write('key', 'first', NEW);
    server.pause();
    await expect(store.write('key', 'unanswered', { expected: version, ttl: 60 })).rejects.toThrow();
    server.resume();

    // It may have been made or not; whoever goes on from what is there now is right.
    await expect
      .poll(async () => {
        const [record] = await store.read(['key']);
        return store.write('key', 'next', { expected: record?.version, ttl: 60 }).catch(() => undefined);
      })
      .toBeTypeOf('number');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await store.read(['key'])).toMatchObject([{ value: 'next' }]);
  });

  it('is not fooled by a pause of its own process', async () => {
    await store.read(['key']);
    const reading = store.read(['key']);
    const end = performance.now() + timeout + 200;
    // The command is on its way only after a turn of the event loop.
    setImmediate(() => {
      setImmediate(() => {
        while (performance.now() < end);
      });
    });

    expect(await reading).toEqual([undefined]);
  });
});

describe('RedisSessionStore with a cluster', () => {
  let cluster: RedisServer;
  beforeAll(async () => {
    cluster = await startRedis('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
    const { client, close } = await ioRedis(cluster.url);
    // A cluster of one, which refuses what does not work on the keys of one slot.
    await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await vi.waitFor(
      async () => expect(await client.call('CLUSTER', 'INFO')).toContain('cluster_state:ok'),
      20_000,
    );
    close();
  });
  afterAll(() => cluster.stop());

  describe('of node-redis keeps what a session store has to keep', () => {
    let client: ReturnType<typeof createCluster>;
    beforeAll(async () => {
      client = createCluster({ rootNodes: [{ url: cluster.url }] });
      await client.connect();
    });
    afterAll(() => client.destroy());
    const create = () => new RedisSessionStore({ client, prefix: 'node-redis:' });
    for (const { name, run } of sessionStoreConformance({ create })) it.concurrent(name, run);
  });

  describe('of ioredis keeps it', () => {
    let client: Cluster;
    beforeAll(() => void (client = new Cluster([cluster.url])));
    afterAll(() => client.disconnect());
    const create = () => new RedisSessionStore({ client, prefix: 'ioredis:' });
    for (const { name, run } of sessionStoreConformance({ create })) it.concurrent(name, run);
  });
});

describe('connect-redis as session store', () => {
  let connection: Awaited<ReturnType<typeof nodeRedis>>;
  beforeAll(async () => void (connection = await nodeRedis()));
  afterAll(() => connection.close());

  let store: SessionStore | undefined;
  const create = () =>
    (store ??= fromExpressSessionStore(new RedisStore({ client: connection.client, prefix: 'connect:' })));
  for (const { name, run } of sessionStoreConformance({ create })) it.concurrent(name, run);
});
