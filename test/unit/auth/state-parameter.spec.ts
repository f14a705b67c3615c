import { describe, expect, it } from 'vitest';
import { loginStateId, stateNotes, stateParameter } from '../../../lib/auth/state-parameter.js';
import { Sealer } from '../../../lib/crypto/sealer.js';

const ID = 'i'.repeat(43);
const sealer = new Sealer('state-notes', ['a-secret-for-tests-of-32-or-more-letters']);
const stateWith = (notes: object) => stateParameter(ID, notes, sealer);
const SECOND = 1000;

describe('the state of an authorize request', () => {
  it('is the ID of the login state where there is nothing to note', () => {
    expect(stateWith({})).toBe(ID);
    expect(loginStateId(ID)).toBe(ID);
    expect(stateNotes(ID, sealer)).toEqual({});
  });

  it.each([{ returnUrl: '/orders?page=2#row' }, { isRetry: true }, { returnUrl: '/', isRetry: true }])(
    'brings back %j, where nobody can read it',
    (notes) => {
      const state = stateWith(notes);

      expect(state).toMatch(/^[\w.-]+$/);
      expect(loginStateId(state)).toBe(ID);
      expect(stateNotes(state, sealer)).toEqual(notes);
      expect(Buffer.from(state, 'base64url').toString()).not.toContain('orders');
    },
  );

  it('never has more characters than Wristband takes', () => {
    const longest = Array.from({ length: 600 }, (_, length) =>
      stateWith({ returnUrl: `/${'x'.repeat(length)}` }),
    );

    expect(Math.max(...longest.map(({ length }) => length))).toBeLessThanOrEqual(512);
    expect(stateNotes(longest[150]!, sealer)).toEqual({ returnUrl: `/${'x'.repeat(150)}` });
    expect(longest[599]).toBe(ID);
    expect(stateNotes(stateWith({ returnUrl: `/${'x'.repeat(600)}`, isRetry: true }), sealer)).toEqual({
      isRetry: true,
    });
  });

  it('brings back nothing that somebody else wrote, or another secret sealed', () => {
    const stranger = new Sealer('state-notes', ['another-secret-for-tests-of-32-or-more']);
    const cookie = new Sealer('login-state', ['a-secret-for-tests-of-32-or-more-letters']);

    for (const state of [
      stateParameter(ID, { returnUrl: '/evil' }, stranger),
      stateParameter(ID, { returnUrl: '/evil' }, cookie),
      `${ID}.${Buffer.from('{"returnUrl":"/evil"}').toString('base64url')}`,
      `${stateWith({ returnUrl: '/orders' }).slice(0, -1)}`,
      `${ID}.${sealer.seal('"text"')}`,
      `${ID}.${sealer.seal('{"returnUrl":1,"isRetry":"yes"}')}`,
      `${ID}.`,
      '',
    ])
      expect(stateNotes(state, sealer)).toEqual({});
  });

  it('says that a retry failed for five minutes, and where the user was for a day', () => {
    const state = stateWith({ returnUrl: '/orders', isRetry: true });
    const after = (seconds: number) => stateNotes(state, sealer, Date.now() + seconds * SECOND);

    expect(after(290)).toEqual({ returnUrl: '/orders', isRetry: true });
    expect(after(310)).toEqual({ returnUrl: '/orders', isRetry: false });
    expect(after(86_300)).toMatchObject({ returnUrl: '/orders' });
    expect(after(86_500)).toEqual({});
  });
});
