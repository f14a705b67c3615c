import { describe, expect, it } from 'vitest';
import { WristbandException } from '../../../lib/errors/wristband.exception.js';
import { readOnlyCopy } from '../../../lib/session/read-only-session.js';
import { WristbandSession } from '../../../lib/session/session.js';
import { SESSION_HOOKS } from '../../support/session-hooks.js';

const KEEPER = {
  ...SESSION_HOOKS,
  assertWritable: () => expect.unreachable(),
  end: () => expect.unreachable(),
};

function copy(): WristbandSession {
  const fields = { userId: 'u', tenantId: 't', accessToken: 'a', expiresAt: 1, cart: { items: ['book'] } };
  return readOnlyCopy(new WristbandSession({ id: 'the-id', createdAt: 1, fields }, KEEPER));
}

describe('a session where no cookie can be set', () => {
  it('can be read in every way', () => {
    const session = copy();

    expect(session.id).toBe('the-id');
    expect(session.size).toBe(5);
    expect(session.userId).toBe('u');
    expect(session.get('cart')).toEqual({ items: ['book'] });
    expect(session.get('none', 'default')).toBe('default');
    expect([session.has('userId'), 'userId' in session, session.has('none')]).toEqual([true, true, false]);
    expect([...session].map(([name]) => name)).toEqual(Object.keys(session));
    expect(Object.fromEntries(Object.entries(session))).toEqual(session.toJSON());
    expect(JSON.parse(JSON.stringify(session))).toMatchObject({ userId: 'u' });
    expect(session.getSessionResponse({ theme: 'dark' })).toMatchObject({ userId: 'u', tenantId: 't' });
    expect(session.getTokenResponse()).toEqual({ accessToken: 'a', expiresAt: 1 });
    expect(session).toBeInstanceOf(WristbandSession);
  });

  it.each<[string, (session: WristbandSession) => unknown]>([
    ['assignment', (session) => (session.theme = 'dark')],
    ['assignment to a field', (session) => (session.userId = 'other')],
    ['assignment to its id', (session) => ((session as { id: string }).id = 'other')],
    ['delete', (session) => delete session.userId],
    ['defineProperty', (session) => Object.defineProperty(session, 'theme', { value: 'dark' })],
    ['assign', (session) => Object.assign(session, { theme: 'dark' })],
    ['freeze', (session) => Object.freeze(session)],
    ['setPrototypeOf', (session) => Object.setPrototypeOf(session, null)],
    ['set()', (session) => session.set('theme', 'dark')],
    ['delete()', (session) => session.delete('userId')],
    ['fromCallback()', (session) => session.fromCallback({} as never)],
    ['save()', (session) => session.save()],
    ['update()', (session) => session.update(() => undefined)],
    ['clear()', (session) => session.clear()],
    ['destroy()', (session) => session.destroy()],
  ])('says that it cannot be changed: %s', (_, change) => {
    const session = copy();

    const error = thrownBy(() => change(session));

    expect(error).toBeInstanceOf(WristbandException);
    expect(error).toMatchObject({ code: 'session_read_only', status: 500 });
    expect(session.toJSON()).toEqual(copy().toJSON());
  });

  it('does not lose a change inside a field in silence', () => {
    const { cart } = copy() as unknown as { cart: { items: string[] } };

    expect(() => cart.items.push('pen')).toThrow(TypeError);
    expect(() => (cart.items = [])).toThrow(TypeError);
  });
});

function thrownBy(change: () => unknown): unknown {
  try {
    change();
  } catch (error) {
    return error;
  }
  return expect.unreachable();
}
