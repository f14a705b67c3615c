import assert from 'node:assert/strict';
import type { SessionStore } from '../../session/stores/session-store.interface.js';
import type { ConformanceTests } from './conformance-test.interface.js';

const LONG = 60_000;

/** Leases: one holder at a time, and none for ever. */
export const lockTests: ConformanceTests = {
  'has one holder of a lock': async ({ store, unique }) => {
    const [a, b] = [unique('a'), unique('b')];
    const token = await locked(store, a, LONG);
    assert.equal(await store.lock(a, LONG), undefined);
    await locked(store, b, LONG);

    await store.unlock(a, token);
    const next = await locked(store, a, LONG);
    assert.notEqual(next, token);
  },

  'has one holder also when 20 want it at once': async ({ store, unique }) => {
    const key = unique('key');
    for (let round = 0; round < 5; round += 1) {
      const tokens = await Promise.all(Array.from({ length: 20 }, () => store.lock(key, LONG)));
      const held = tokens.filter((token) => token !== undefined);
      assert.equal(held.length, 1, `round ${round} has ${held.length} holders`);
      await store.unlock(key, held[0] ?? '');
    }
  },

  'locks keys without and with a record alike': async ({ store, unique }) => {
    const key = unique('key');
    const token = await locked(store, key, LONG);
    assert.deepEqual(await store.read([key]), [undefined]);
    const version = await store.write(key, 'value', { expected: undefined, ttl: 60 });

    assert.equal(await store.lock(key, LONG), undefined);
    await store.delete([key]);
    assert.equal(await store.lock(key, LONG), undefined);
    assert.ok(version !== undefined);
    assert.equal(await store.renewLock(key, token, LONG), true);
  },

  'ends a lease by itself, for another to take': async ({ store, wait, unique }) => {
    const key = unique('key');
    const late = await locked(store, key, 100);
    await wait(300);

    assert.equal(await store.renewLock(key, late, LONG), false);
    const token = await locked(store, key, LONG);
    // Whoever was too slow does no harm to the new holder.
    assert.equal(await store.renewLock(key, late, LONG), false);
    await store.unlock(key, late);
    assert.equal(await store.lock(key, LONG), undefined);
    assert.equal(await store.renewLock(key, token, LONG), true);
  },

  'lets a lease be renewed': async ({ store, wait, unique }) => {
    const key = unique('key');
    const token = await locked(store, key, 1000);
    assert.equal(await store.renewLock(key, token, LONG), true);
    await wait(1300);

    assert.equal(await store.lock(key, LONG), undefined);
    assert.equal(await store.renewLock(key, token, 100), true);
    await wait(300);
    assert.equal(await store.renewLock(key, token, LONG), false);
  },

  'takes no foreign token': async ({ store, unique }) => {
    const key = unique('key');
    const token = await locked(store, key, LONG);
    for (const foreign of ['', `${token}x`, token.slice(1)]) {
      assert.equal(await store.renewLock(key, foreign, LONG), false);
      await store.unlock(key, foreign);
    }
    assert.equal(await store.lock(key, LONG), undefined);
  },

  'gives a lease back once and without complaint': async ({ store, unique }) => {
    const key = unique('key');
    await store.unlock(key, 'never taken');
    const token = await locked(store, key, LONG);
    await store.unlock(key, token);
    await store.unlock(key, token);
    assert.equal(await store.renewLock(key, token, LONG), false);
    await locked(store, key, LONG);
  },

  'refuses a lease that is not above 0': async ({ store, unique }) => {
    const key = unique('key');
    for (const lease of [0, -1, Number.NaN, Infinity]) {
      await assert.rejects(store.lock(key, lease), RangeError);
    }
    const token = await locked(store, key, LONG);
    for (const lease of [0, -1, Number.NaN, Infinity]) {
      await assert.rejects(store.renewLock(key, token, lease), RangeError);
    }
  },
};

async function locked(store: SessionStore, key: string, lease: number): Promise<string> {
  const token = await store.lock(key, lease);
  assert.ok(token !== undefined);
  return token;
}
