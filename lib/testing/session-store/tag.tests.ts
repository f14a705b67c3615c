import assert from 'node:assert/strict';
import type { SessionStore } from '../../session/stores/session-store.interface.js';
import type { ConformanceTests } from './conformance-test.interface.js';

/** Listing by tags, for revoking what belongs to a user or a tenant. */
export const tagTests: ConformanceTests = {
  'lists the keys that carry a tag': async ({ store, unique }) => {
    const [a, b, both, none] = [unique('a'), unique('b'), unique('both'), unique('none')];
    const [tagA, tagB] = [unique('tag-a'), unique('tag-b')];
    await write(store, a, [tagA]);
    await write(store, b, [tagB]);
    await write(store, both, [tagA, tagB]);
    await write(store, none, []);

    assert.deepEqual(await sorted(store, tagA), [a, both].sort());
    assert.deepEqual(await sorted(store, tagB), [b, both].sort());
    assert.deepEqual(await store.list(unique('tag')), []);
  },

  'lists tags with odd characters, and does not take a key for a tag': async ({ store, unique }) => {
    for (const name of ['__proto__', 'a "b"\n{c}*', '東京 😀', '["x"]', ' ']) {
      const [key, tag] = [unique('key'), unique(name)];
      await write(store, key, [tag], (await store.read([key]))[0]?.version);
      assert.deepEqual(await store.list(tag), [key]);
      assert.deepEqual(await store.list(key), []);
    }
  },

  'lists many keys': async ({ store, unique }) => {
    const tag = unique('tag');
    const keys = Array.from({ length: 200 }, (_, index) => unique(`many-${index}`));
    await Promise.all(keys.map((key) => write(store, key, [tag])));

    assert.deepEqual(await sorted(store, tag), keys.sort());
    await store.delete(await store.list(tag));
    assert.deepEqual(await store.list(tag), []);
  },

  'does not list what has expired': async ({ store, wait, unique }) => {
    const [short, long, tag] = [unique('short'), unique('long'), unique('tag')];
    await store.write(short, 'value', { expected: undefined, ttl: 1, tags: [tag] });
    await write(store, long, [tag]);
    await wait(1300);

    assert.deepEqual(await store.list(tag), [long]);
  },

  'lists what was prolonged, also when all others have expired': async ({ store, wait, unique }) => {
    const [touched, written, tag] = [unique('touched'), unique('written'), unique('tag')];
    const brief = { expected: undefined, ttl: 1, tags: [tag] };
    await store.write(touched, 'value', brief);
    const expected = await store.write(written, 'value', brief);
    await store.touch(touched, 60);
    await write(store, written, [tag], expected);
    await wait(1300);

    assert.deepEqual(await sorted(store, tag), [touched, written].sort());
  },

  'does not list what was deleted': async ({ store, unique }) => {
    const [a, b, tag] = [unique('a'), unique('b'), unique('tag')];
    await write(store, a, [tag]);
    await write(store, b, [tag]);
    await store.delete([a]);

    assert.deepEqual(await store.list(tag), [b]);
    await write(store, a, [tag]);
    assert.deepEqual(await sorted(store, tag), [a, b].sort());
  },

  'lists by the tags of the last write': async ({ store, unique }) => {
    const [key, before, after] = [unique('key'), unique('before'), unique('after')];
    const first = await write(store, key, [before]);
    const second = await write(store, key, [before, after], first);
    assert.deepEqual([await store.list(before), await store.list(after)], [[key], [key]]);

    const third = await write(store, key, [after], second);
    assert.deepEqual([await store.list(before), await store.list(after)], [[], [key]]);

    await write(store, key, [], third);
    assert.deepEqual([await store.list(before), await store.list(after)], [[], []]);
  },

  'keeps the tags when another writer was faster': async ({ store, unique }) => {
    const [key, before, after] = [unique('key'), unique('before'), unique('after')];
    const version = await write(store, key, [before]);
    assert.equal(
      await store.write(key, 'late', { expected: (version ?? 0) + 1, ttl: 60, tags: [after] }),
      undefined,
    );
    assert.equal(await store.write(key, 'late', { expected: undefined, ttl: 60, tags: [after] }), undefined);

    assert.deepEqual([await store.list(before), await store.list(after)], [[key], []]);
  },

  'lists a key once': async ({ store, unique }) => {
    const [key, tag] = [unique('key'), unique('tag')];
    await write(store, key, [tag, tag], await write(store, key, [tag]));

    assert.deepEqual(await store.list(tag), [key]);
  },
};

async function write(
  store: SessionStore,
  key: string,
  tags: readonly string[],
  expected?: number,
): Promise<number | undefined> {
  const version = await store.write(key, 'value', { expected, ttl: 60, tags });
  assert.ok(version !== undefined);
  return version;
}

async function sorted(store: SessionStore, tag: string): Promise<string[]> {
  return (await store.list(tag)).sort();
}
