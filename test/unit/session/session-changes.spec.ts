import { describe, expect, it } from 'vitest';
import { receivedFrom } from '../../../lib/session/cookies/sealed-sessions.js';
import { changesBetween, withChanges } from '../../../lib/session/session-changes.js';

const session = (fields: Record<string, unknown>) =>
  receivedFrom(JSON.stringify({ id: 'id-1', createdAt: 1, fields }))!;

/** What is kept after one request made `after` of `before`, while others made `meanwhile` of it. */
function merged(before: object, after: object, meanwhile: object): unknown {
  const [received, mine, newest] = [before, after, meanwhile].map((fields) => session({ ...fields }));
  return withChanges(newest!, changesBetween(received!, mine!), received!).fields;
}

describe('withChanges', () => {
  it.each<[before: object, after: object, meanwhile: object, result: object]>([
    [{}, { a: 1 }, { b: 2 }, { a: 1, b: 2 }],
    [{ a: 1, b: 1 }, { b: 1 }, { a: 1, b: 2 }, { b: 2 }],
    [{ a: 1 }, { a: 2 }, {}, { a: 2 }],
    [{ a: 1 }, { a: 1 }, {}, {}],
    [{ a: { x: 1 } }, { a: { x: 1, y: 1 } }, { a: { x: 2 } }, { a: { x: 1, y: 1 } }],
  ])('of %j makes %j, and of %j: %j', (before, after, meanwhile, result) => {
    expect(merged(before, after, meanwhile)).toEqual(result);
  });

  const tokens = (name: string, expiresAt: number) => ({
    accessToken: name,
    refreshToken: `r-${name}`,
    expiresAt,
  });

  it('never puts older tokens in the place of newer ones, nor half of them', () => {
    const before = tokens('old', 1);

    expect(merged(before, { ...tokens('mine', 5), a: 1 }, tokens('theirs', 6))).toEqual({
      ...tokens('theirs', 6),
      a: 1,
    });
    expect(merged(before, tokens('mine', 7), tokens('theirs', 6))).toEqual(tokens('mine', 7));
    expect(merged(before, tokens('mine', 5), before)).toEqual(tokens('mine', 5));
    expect(merged(before, { ...before, a: 1 }, tokens('theirs', 6))).toEqual({
      ...tokens('theirs', 6),
      a: 1,
    });
  });
});
