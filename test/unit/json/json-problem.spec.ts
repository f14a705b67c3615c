import { describe, expect, it } from 'vitest';
import { jsonProblem } from '../../../lib/json/json-problem.js';

function nested(depth: number): object {
  let value: object = {};
  for (let level = 1; level < depth; level += 1) value = { in: value };
  return value;
}

describe('jsonProblem', () => {
  it.each<[problem: string | undefined, fields: object]>([
    [undefined, {}],
    [undefined, { a: [1, 'x', null, true, { b: undefined }] }],
    [undefined, { when: new Date(0) }],
    ['a.list[1]: a function', { a: { list: [0, () => {}] } }],
    ['a: a bigint', { a: 1n }],
    ['a.b: NaN', { a: { b: Number.NaN } }],
    ['a: a Map', { a: new Map() }],
  ])('can be %s', (problem, fields) => {
    expect(jsonProblem(fields)).toBe(problem);
  });

  it('is a circle, and not the same thing in two places', () => {
    const shared = { a: 1 };
    const circle: Record<string, unknown> = {};
    circle.self = { again: circle };

    expect(jsonProblem({ one: shared, two: [shared, shared] })).toBeUndefined();
    expect(jsonProblem({ circle })).toBe('circle.self.again: a reference to something that holds it');
  });

  it('is the depth of data that nobody means well with, and it is found without going all the way', () => {
    expect(jsonProblem(nested(100))).toBeUndefined();
    expect(jsonProblem(nested(101))).toMatch(/^(in\.){99}in: nested more than 100 levels deep$/);
    expect(jsonProblem(nested(100_000))).toMatch(/nested more than 100 levels deep$/);
  });
});
