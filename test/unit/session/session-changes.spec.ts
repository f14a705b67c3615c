import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { receivedFrom } from '../../../lib/session/received-session.js';
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
    expect(merged(before, after, meanwhile)).toStrictEqual(result);
  });

  it('leaves out a field that a request set to undefined', () => {
    const received = session({ a: 1, b: 1 });
    const changes = changesBetween(received, { ...received, fields: { a: undefined, b: 1, c: undefined } });

    expect(changes).toStrictEqual({ set: {}, deleted: ['a'] });
    expect(withChanges(received, changes, received)).toStrictEqual({
      id: 'id-1',
      createdAt: 1,
      fields: { b: 1 },
    });
  });

  const value = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.jsonValue());
  const token = fc.constantFrom('one', 'other');
  const someFields = fc.record(
    {
      a: value,
      b: value,
      accessToken: token,
      refreshToken: token,
      expiresAt: fc.integer({ min: 1, max: 3 }),
    },
    { requiredKeys: [] },
  );

  it('keeps what a request did where nobody else did anything, and what others did where it did nothing', () => {
    fc.assert(
      fc.property(someFields, someFields, (before, after) => {
        expect(merged(before, after, before)).toStrictEqual(session(after).fields);
        expect(merged(before, before, after)).toStrictEqual(session(after).fields);
      }),
    );
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

  it.each(['accessToken', 'refreshToken'])('sees by the %s alone that another request refreshed', (name) => {
    const before = tokens('old', 1);
    const theirs = { ...before, expiresAt: 6, [name]: 'theirs' };

    expect(merged(before, tokens('mine', 5), theirs)).toStrictEqual(theirs);
    // Of two that live as long the one that is kept already stays.
    expect(merged(before, tokens('mine', 6), theirs)).toStrictEqual(theirs);
    expect(merged(before, tokens('mine', 7), theirs)).toStrictEqual(tokens('mine', 7));
  });

  it('does not take away tokens of another refresh', () => {
    expect(merged({ ...tokens('old', 1), a: 1 }, {}, { ...tokens('theirs', 6), a: 1 })).toStrictEqual(
      tokens('theirs', 6),
    );
  });

  it('lets a request take away tokens that nobody refreshed', () => {
    expect(merged(tokens('old', 1), {}, { ...tokens('old', 1), a: 1 })).toStrictEqual({ a: 1 });
  });
});
