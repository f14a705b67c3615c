import assert from 'node:assert/strict';
import type { SessionStore } from '../../session/stores/session-store.interface.js';
import type { ConformanceTests } from './conformance-test.interface.js';

const NEW = { expected: undefined, ttl: 60 };
const WRITERS = Array.from({ length: 20 }, (_, writer) => writer);

/** Compare-and-set: of all who have read the same version, one writes. */
export const writeTests: ConformanceTests = {
  'creates only where nothing is': async ({ store, unique }) => {
    const key = unique('key');
    const version = await store.write(key, 'first', NEW);
    assert.equal(typeof version, 'number');
    assert.ok(Number.isSafeInteger(version));

    assert.equal(await store.write(key, 'second', NEW), undefined);
    assert.deepEqual(await store.read([key]), [{ value: 'first', version }]);
  },

  'changes only what is as expected': async ({ store, unique }) => {
    const key = unique('key');
    const first = await written(store, key, 'first', undefined);
    const second = await written(store, key, 'second', first);

    assert.notEqual(second, first);
    assert.equal(await store.write(key, 'third', { expected: first, ttl: 60 }), undefined);
    assert.equal(await store.write(key, 'third', { expected: second + 1, ttl: 60 }), undefined);
    assert.deepEqual(await store.read([key]), [{ value: 'second', version: second }]);
  },

  'makes a new version also for the same value': async ({ store, unique }) => {
    const key = unique('key');
    const first = await written(store, key, 'value', undefined);
    const second = await written(store, key, 'value', first);

    assert.notEqual(second, first);
    assert.equal(await store.write(key, 'value', { expected: first, ttl: 60 }), undefined);
  },

  'does not change what is not there': async ({ store, unique }) => {
    const key = unique('key');
    const version = await written(store, key, 'value', undefined);
    await store.delete([key]);

    assert.equal(await store.write(key, 'value', { expected: version, ttl: 60 }), undefined);
    assert.equal(await store.write(unique('other'), 'value', { expected: 1, ttl: 60 }), undefined);
    assert.deepEqual(await store.read([key]), [undefined]);
  },

  'does not change what has expired': async ({ store, wait, unique }) => {
    const key = unique('key');
    const version = await store.write(key, 'value', { expected: undefined, ttl: 1 });
    await wait(1300);

    assert.equal(await store.write(key, 'late', { expected: version, ttl: 60 }), undefined);
    assert.notEqual(await store.write(key, 'new', NEW), undefined);
    assert.equal((await store.read([key]))[0]?.value, 'new');
  },

  'never has a version twice, over deletion and expiry': async ({ store, wait, unique }) => {
    const key = unique('key');
    const versions: number[] = [];
    for (let life = 0; life < 10; life += 1) {
      versions.push(await written(store, key, 'value', undefined));
      versions.push(await written(store, key, 'value', versions.at(-1)));
      // Somebody who read an earlier life cannot write into this one.
      for (const stale of versions.slice(0, -1)) {
        assert.equal(await store.write(key, 'stale', { expected: stale, ttl: 60 }), undefined);
      }
      await store.delete([key]);
    }
    const last = await store.write(key, 'value', { expected: undefined, ttl: 1 });
    await wait(1300);
    versions.push(last ?? 0, await written(store, key, 'value', undefined));
    assert.equal(new Set(versions).size, versions.length);
  },

  'lets one of 20 parallel writers win': async ({ store, unique }) => {
    const key = unique('key');
    let expected: number | undefined;
    for (let round = 0; round < 10; round += 1) {
      const options = { expected, ttl: 60 };
      const versions = await Promise.all(
        WRITERS.map((writer) => store.write(key, `${round} by ${writer}`, options)),
      );
      const winners = WRITERS.filter((writer) => versions[writer] !== undefined);
      assert.equal(winners.length, 1, `round ${round} was won by ${winners.length} writers`);
      const version = versions[winners[0] ?? 0];
      assert.deepEqual(await store.read([key]), [{ value: `${round} by ${winners[0]}`, version }]);
      expected = version;
    }
  },

  'loses no update of 20 parallel writers that try again': async ({ store, unique }) => {
    const key = unique('key');
    await store.write(key, '', NEW);
    const append = async (writer: number): Promise<void> => {
      for (;;) {
        const [record] = await store.read([key]);
        const value = `${record?.value}[${writer}]`;
        if ((await store.write(key, value, { expected: record?.version, ttl: 60 })) !== undefined) return;
      }
    };
    await Promise.all(WRITERS.map(append));

    const [record] = await store.read([key]);
    assert.ok(WRITERS.every((writer) => record?.value.includes(`[${writer}]`)));
  },

  'does not bring back what was deleted meanwhile': async ({ store, unique }) => {
    for (let round = 0; round < 10; round += 1) {
      const key = unique(`key-${round}`);
      const expected = await written(store, key, 'value', undefined);
      await Promise.all([store.write(key, 'late', { expected, ttl: 60 }), store.delete([key])]);
      assert.deepEqual(await store.read([key]), [undefined]);
    }
  },
};

async function written(
  store: SessionStore,
  key: string,
  value: string,
  expected: number | undefined,
): Promise<number> {
  const version = await store.write(key, value, { expected, ttl: 60 });
  assert.ok(version !== undefined);
  return version;
}
