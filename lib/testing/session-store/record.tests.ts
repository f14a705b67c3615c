import assert from 'node:assert/strict';
import type { ConformanceTests } from './conformance-test.interface.js';

const NEW = { expected: undefined, ttl: 60 };
/** Longer than a ttl of a second, also for a store that counts whole ones. */
const AFTER_A_SECOND = 1300;

const ODD_KEYS = [
  ' space and\ttab ',
  'line\r\nbreak',
  'nul\0nul',
  `"quotes" 'and' \`more\``,
  '{hash}tag}{',
  'glob*?[a-z]',
  'colon:slash/dot.comma,',
  '../../etc/passwd',
  '%00%2F+',
  '__proto__',
  'constructor',
  'Zürich 東京 😀',
  'x'.repeat(500),
];

/** Values that come back, expiry, `touch` and `delete`. */
export const recordTests: ConformanceTests = {
  'reads nothing where nothing was written': async ({ store, unique }) => {
    assert.deepEqual(await store.read([unique('a'), unique('b')]), [undefined, undefined]);
    assert.deepEqual(await store.read([]), []);
  },

  'reads what was written, in the order of the keys': async ({ store, unique }) => {
    const [a, b] = [unique('a'), unique('b')];
    const versionOfA = await store.write(a, 'value of a', NEW);
    const versionOfB = await store.write(b, 'value of b', NEW);

    const recordOfA = { value: 'value of a', version: versionOfA };
    const recordOfB = { value: 'value of b', version: versionOfB };
    assert.deepEqual(await store.read([b, unique('c'), a, b]), [recordOfB, undefined, recordOfA, recordOfB]);
  },

  'keeps values as they are': async ({ store, unique }) => {
    const control = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join('');
    const values = ['', ' ', '0', 'null', '{"a":"b"}', `é 東京 😀 \u2028 ${control}`, 'aü😀'.repeat(9000)];
    for (const [index, value] of values.entries()) {
      const key = unique(`value-${index}`);
      await store.write(key, value, NEW);
      assert.equal((await store.read([key]))[0]?.value, value);
    }
  },

  'keeps keys apart, whatever characters are in them': async ({ store, unique }) => {
    const keys = [...ODD_KEYS, ...ODD_KEYS.map((key) => key.toUpperCase())].map(unique);
    const distinct = [...new Set(keys)];
    await Promise.all(distinct.map((key) => store.write(key, `of ${key}`, NEW)));

    const records = await store.read(distinct);
    assert.deepEqual(
      records.map((record) => record?.value),
      distinct.map((key) => `of ${key}`),
    );
    assert.equal(await store.delete(distinct), distinct.length);
  },

  'keeps reserved names as keys': async ({ store }) => {
    for (const key of ['__proto__', 'constructor', 'toString']) {
      await store.delete([key]);
      assert.deepEqual(await store.read([key]), [undefined]);
      assert.notEqual(await store.write(key, `of ${key}`, NEW), undefined);
      assert.equal((await store.read([key]))[0]?.value, `of ${key}`);
      assert.equal(await store.delete([key]), 1);
    }
  },

  'reads and deletes many keys at once': async ({ store, unique }) => {
    const keys = Array.from({ length: 200 }, (_, index) => unique(`many-${index}`));
    await Promise.all(keys.map((key) => store.write(key, key, NEW)));

    assert.deepEqual(
      (await store.read(keys)).map((record) => record?.value),
      keys,
    );
    assert.equal(await store.delete(keys), keys.length);
    assert.ok((await store.read(keys)).every((record) => record === undefined));
  },

  'forgets a record after its ttl': async ({ store, wait, unique }) => {
    const [short, long] = [unique('short'), unique('long')];
    await store.write(short, 'value', { expected: undefined, ttl: 1 });
    await store.write(long, 'value', NEW);
    await wait(AFTER_A_SECOND);

    assert.deepEqual(
      (await store.read([short, long])).map((record) => record?.value),
      [undefined, 'value'],
    );
    assert.equal(await store.touch(short, 60), false);
    assert.equal(await store.delete([short, long]), 1);
  },

  'counts the ttl from the last write': async ({ store, wait, unique }) => {
    const key = unique('key');
    const version = await store.write(key, 'first', { expected: undefined, ttl: 1 });
    await store.write(key, 'second', { expected: version, ttl: 60 });
    await wait(AFTER_A_SECOND);

    assert.equal((await store.read([key]))[0]?.value, 'second');
  },

  'prolongs by touch, without a new version': async ({ store, wait, unique }) => {
    const key = unique('key');
    const version = await store.write(key, 'value', { expected: undefined, ttl: 1 });
    assert.equal(await store.touch(key, 60), true);
    await wait(AFTER_A_SECOND);

    assert.deepEqual(await store.read([key]), [{ value: 'value', version }]);
  },

  'shortens by touch': async ({ store, wait, unique }) => {
    const key = unique('key');
    await store.write(key, 'value', NEW);
    assert.equal(await store.touch(key, 1), true);
    await wait(AFTER_A_SECOND);

    assert.deepEqual(await store.read([key]), [undefined]);
  },

  'does not touch what is not there': async ({ store, unique }) => {
    const key = unique('key');
    assert.equal(await store.touch(key, 60), false);
    assert.deepEqual(await store.read([key]), [undefined]);
  },

  'deletes and says how many': async ({ store, unique }) => {
    const [a, b] = [unique('a'), unique('b')];
    await store.write(a, 'value', NEW);
    await store.write(b, 'value', NEW);

    assert.equal(await store.delete([]), 0);
    assert.equal(await store.delete([a, unique('c')]), 1);
    assert.equal(await store.delete([a]), 0);
    assert.deepEqual(
      (await store.read([a, b])).map((record) => record?.value),
      [undefined, 'value'],
    );
    assert.equal(await store.delete([b, b]), 1);
  },

  'refuses a ttl that is not above 0': async ({ store, unique }) => {
    const key = unique('key');
    for (const ttl of [0, -1, Number.NaN, Infinity]) {
      await assert.rejects(store.write(key, 'value', { expected: undefined, ttl }), RangeError);
      await assert.rejects(store.touch(key, ttl), RangeError);
    }
    assert.deepEqual(await store.read([key]), [undefined]);
  },
};
