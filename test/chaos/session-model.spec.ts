import { describe, expect, it } from 'vitest';
import { SessionModel } from './session-model.js';

describe('what a user knows of a session', () => {
  const model = () => new SessionModel(0, 'hits');

  it('is content with what was answered', () => {
    const session = model();
    session.wrote('cart', 1, 'done');
    session.counted('done');

    expect(session.compare({ cart: 1, hits: 1 })).toBe(undefined);
  });

  it.each([
    ['is gone', {}, 'cart is 0 and not 2, hits is 0 and not 1 to 1'],
    ['is an older one', { cart: 1, hits: 1 }, 'cart is 1 and not 2'],
    ['happened twice', { cart: 2, hits: 2 }, 'hits is 2 and not 1 to 1'],
  ])('notices a write that %s', (_, fields, problem) => {
    const session = model();
    session.wrote('cart', 1, 'done');
    session.wrote('cart', 2, 'done');
    session.counted('done');

    expect(session.compare(fields)).toBe(problem);
  });

  it('takes both for possible after a write without an answer, until one is seen', () => {
    const session = model();
    session.wrote('cart', 1, 'done');
    session.wrote('cart', 2, 'unknown');
    session.counted('unknown');

    expect(session.compare({ cart: 1 })).toBe(undefined);
    expect(session.compare({ cart: 2, hits: 1 })).toBe(undefined);
    expect(session.compare({ cart: 1, hits: 0 })).toBe('cart is 1 and not 2, hits is 0 and not 1 to 1');
  });
});
