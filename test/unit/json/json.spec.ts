import { describe, expect, it } from 'vitest';
import { isJsonObject, parseJson } from '../../../lib/json/json.js';

describe('parseJson', () => {
  it.each(['', 'text', '{', '{"a":1}}', "{'a':1}"])('answers nothing for %j', (text) => {
    expect(parseJson(text)).toBeUndefined();
  });

  it.each([{ a: [1, null] }, [], 'text', 5, true, null])('answers %j', (value) => {
    expect(parseJson(JSON.stringify(value))).toEqual(value);
  });
});

describe('isJsonObject', () => {
  it.each([undefined, null, 'text', 5, true, [], [{}]])('refuses %j', (value) => {
    expect(isJsonObject(value)).toBe(false);
  });

  it('accepts an object', () => {
    expect(isJsonObject({})).toBe(true);
  });
});
