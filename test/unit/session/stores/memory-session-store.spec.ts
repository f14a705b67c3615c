import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemorySessionStore } from '../../../../lib/index.js';
import { sessionStoreConformance } from '../../../../lib/testing/index.js';

const NEW = { expected: undefined, ttl: 60 };

describe('MemorySessionStore', () => {
  describe('keeps what a session store has to keep', () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    const wait = async (milliseconds: number) => void (await vi.advanceTimersByTimeAsync(milliseconds));
    const tests = sessionStoreConformance({ create: () => new MemorySessionStore(), wait });
    for (const { name, run } of tests) it(name, run);
  });

  it('lets go the session that was not used for the longest time, with its tags', async () => {
    const store = new MemorySessionStore({ maxSessions: 3 });
    for (const key of ['a', 'b', 'c']) await store.write(key, key, { ...NEW, tags: ['tag'] });
    await store.read(['a']);
    await store.touch('b', 60);
    await store.write('d', 'd', { ...NEW, tags: ['tag'] });

    const records = await store.read(['a', 'b', 'c', 'd']);
    expect(records.map((record) => record?.value)).toEqual(['a', 'b', undefined, 'd']);
    expect((await store.list('tag')).sort()).toEqual(['a', 'b', 'd']);
  });

  it('does not count a look through a tag as use', async () => {
    const store = new MemorySessionStore({ maxSessions: 2 });
    for (const key of ['a', 'b']) await store.write(key, key, { ...NEW, tags: [key] });
    await store.list('a');
    await store.write('c', 'c', NEW);

    expect(await store.list('a')).toEqual([]);
    expect(await store.list('b')).toEqual(['b']);
  });

  it('removes no session of a user to make room for visitors', async () => {
    const store = new MemorySessionStore({ maxSessions: 2 });
    await store.write('user', 'signed in', { ...NEW, isOfUser: true });
    for (let index = 0; index < 10; index += 1) await store.write(`visitor-${index}`, 'cart', NEW);
    const [moved] = await store.read(['visitor-9']);
    await store.write('visitor-9', 'signed in', { expected: moved?.version, ttl: 60, isOfUser: true });
    for (let index = 10; index < 20; index += 1) await store.write(`visitor-${index}`, 'cart', NEW);

    const records = await store.read(['user', 'visitor-9', 'visitor-8']);
    expect(records.map((record) => record?.value)).toEqual(['signed in', 'signed in', undefined]);
  });

  it('keeps 10000 sessions unless told otherwise', async () => {
    const store = new MemorySessionStore();
    const keys = Array.from({ length: 10_001 }, (_, index) => `key-${index}`);
    for (const key of keys) await store.write(key, key, NEW);

    const [first, second, last] = await store.read([keys[0]!, keys[1]!, keys[10_000]!]);
    expect([first, second?.value, last?.value]).toEqual([undefined, 'key-1', 'key-10000']);
  });

  it('does not grow with sessions, tags and leases that are over', async () => {
    const grown = run(`
      import { MemorySessionStore } from 'nestjs-wristband';
      const store = new MemorySessionStore({ maxSessions: 100 });
      const use = async (from, to) => {
        for (let i = from; i < to; i += 1) {
          const tags = ['user-' + i, 'tenant-' + (i >> 3)];
          await store.write('key-' + i, 'v'.repeat(100), { expected: undefined, ttl: 60, tags });
          if (i % 2) await store.delete(['key-' + i]);
          await store.unlock('key-' + i, await store.lock('key-' + i, 60_000));
        }
        gc();
        return process.memoryUsage().heapUsed;
      };
      const before = await use(0, 20_000);
      console.log(await use(20_000, 220_000) - before);
    `);
    expect(Number(grown)).toBeLessThan(2_000_000);
  });

  it('keeps no process alive', () => {
    const started = performance.now();
    run(`
      import { MemorySessionStore } from 'nestjs-wristband';
      const store = new MemorySessionStore();
      await store.write('key', 'value', { expected: undefined, ttl: 60 });
      await store.lock('key', 60_000);
    `);
    expect(performance.now() - started).toBeLessThan(25_000);
  });
});

/** Runs a module in a process of its own, on the built library. */
function run(code: string): string {
  const args = ['--expose-gc', '--input-type=module', '-e', code];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
  if (status !== 0) throw new Error(stderr || 'It did not end');
  return stdout;
}
