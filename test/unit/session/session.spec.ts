import { describe, expect, it } from 'vitest';
import { WristbandSession } from '../../../lib/session/session.js';
import type { CallbackData } from '../../../lib/index.js';
import { openSession } from '../../support/open-session.js';
import { SESSION_HOOKS } from '../../support/session-hooks.js';

const CALLBACK_DATA: CallbackData = {
  accessToken: 'at',
  idToken: 'idt',
  refreshToken: 'rt',
  expiresAt: 1_800_000_000_000,
  expiresIn: 1740,
  tenantName: 'acme',
  tenantCustomDomain: 'login.acme.example',
  returnUrl: '/orders',
  customState: { a: 1 },
  userInfo: {
    userId: 'u-1',
    tenantId: 't-1',
    applicationId: 'a-1',
    identityProviderName: 'wristband',
    email: 'a@acme.example',
  },
};
const stored = (fields: Record<string, unknown>) =>
  new WristbandSession({ id: 'id-1', createdAt: 1000, fields }, SESSION_HOOKS);

describe('WristbandSession', () => {
  it('holds its fields as plain properties', () => {
    const session = stored({ userId: 'u-1', theme: 'dark' });

    session.count = 1;
    delete session.theme;

    expect(session.userId).toBe('u-1');
    expect(session['count']).toBe(1);
    expect('theme' in session).toBe(false);
    const names: string[] = [];
    for (const name in session) names.push(name);
    expect(names).toEqual(['userId', 'count']);
    expect(JSON.stringify(session)).toBe('{"userId":"u-1","count":1}');
  });

  it('is filled from a callback with what a session keeps, and nothing else', () => {
    const session = new WristbandSession(undefined, SESSION_HOOKS);

    session.fromCallback(CALLBACK_DATA, { theme: 'dark' });

    expect(session.toJSON()).toEqual({
      theme: 'dark',
      isAuthenticated: true,
      accessToken: 'at',
      refreshToken: 'rt',
      expiresAt: 1_800_000_000_000,
      userId: 'u-1',
      tenantId: 't-1',
      tenantName: 'acme',
      tenantCustomDomain: 'login.acme.example',
      identityProviderName: 'wristband',
    });
  });

  it('starts afresh with every sign-in: no stale field, another id', () => {
    const session = stored({
      userId: 'somebody-else',
      isAdmin: true,
      tenantCustomDomain: 'login.globex.example',
    });
    const { tenantCustomDomain: _, refreshToken: __, ...callbackData } = CALLBACK_DATA;

    session.fromCallback(callbackData);

    expect(session.id).not.toBe('id-1');
    expect(session).not.toHaveProperty('isAdmin');
    expect(session).not.toHaveProperty('tenantCustomDomain');
    expect(session).not.toHaveProperty('refreshToken');
  });

  it('does not let custom fields overwrite who signed in', () => {
    const session = new WristbandSession(undefined, SESSION_HOOKS);

    session.fromCallback(CALLBACK_DATA, { userId: 'admin', isAuthenticated: false });

    expect(session.userId).toBe('u-1');
    expect(session.isAuthenticated).toBe(true);
  });

  it.each(['__proto__', 'constructor', 'save', 'toJSON', 'id'])('refuses a field named %s', (name) => {
    const fields = JSON.parse(`{"${name}":{"isAdmin":true}}`) as object;

    expect(() => new WristbandSession(undefined, SESSION_HOOKS).fromCallback(CALLBACK_DATA, fields)).toThrow(
      name,
    );
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it('leaves out what a stored session holds under the name of something it can do', () => {
    const fields = '{"save":1,"id":"id-2","constructor":2,"__proto__":{"isAdmin":true},"theme":"dark"}';

    const { session } = openSession(JSON.parse(fields));

    expect(session.toJSON()).toEqual({ theme: 'dark' });
    expect(session.id).toBe('id-1');
    expect(() => session.save()).not.toThrow();
    expect(session.isAdmin).toBeUndefined();
  });

  it('stays as it was when a sign-in fails for the name of a field', () => {
    const session = stored({ userId: 'u-0', theme: 'dark' });

    expect(() => session.fromCallback(CALLBACK_DATA, { ok: 1, save: 2 })).toThrow('save');

    expect(session.id).toBe('id-1');
    expect(session.toJSON()).toEqual({ userId: 'u-0', theme: 'dark' });
  });

  it.each([undefined, null, {}, { accessToken: 'at', tenantName: 'acme' }])(
    'stays as it was when it is filled from %j, which is no completed callback',
    (callbackData) => {
      const session = stored({ userId: 'u-0', theme: 'dark' });

      expect(() => session.fromCallback(callbackData as CallbackData)).toThrow(
        expect.objectContaining({
          code: 'invalid_argument',
          message: expect.stringContaining('fromCallback'),
        }),
      );

      expect(session.id).toBe('id-1');
      expect(session.toJSON()).toEqual({ userId: 'u-0', theme: 'dark' });
    },
  );

  it('can be asked, filled and emptied by name', () => {
    const session = stored({ userId: 'u-1', gone: undefined });

    expect(session.get('userId')).toBe('u-1');
    expect(session.get('theme', 'light')).toBe('light');
    expect(session.set('theme', 'dark').set('count', 0).get('count', 5)).toBe(0);
    expect([session.has('theme'), session.has('gone'), session.has('toString')]).toEqual([
      true,
      false,
      false,
    ]);
    expect([session.delete('theme'), session.delete('theme')]).toEqual([true, false]);
    expect(session.size).toBe(3);
    expect([...session]).toEqual([
      ['userId', 'u-1'],
      ['gone', undefined],
      ['count', 0],
    ]);
  });

  it('answers what the session endpoint needs', () => {
    const session = stored({ userId: 'u-1', tenantId: 't-1' });

    expect(session.getSessionResponse()).toEqual({ userId: 'u-1', tenantId: 't-1', metadata: {} });
    expect(session.getSessionResponse({ a: 1 })).toEqual({
      userId: 'u-1',
      tenantId: 't-1',
      metadata: { a: 1 },
    });
  });

  it('answers what the token endpoint needs', () => {
    expect(stored({ accessToken: 'at', expiresAt: 5 }).getTokenResponse()).toEqual({
      accessToken: 'at',
      expiresAt: 5,
    });
  });

  it('refuses both answers with 401 when nobody is signed in', () => {
    const session = new WristbandSession(undefined, SESSION_HOOKS);

    expect(() => session.getSessionResponse()).toThrow(
      expect.objectContaining({ code: 'not_authenticated', status: 401 }),
    );
    expect(() => session.getTokenResponse()).toThrow(
      expect.objectContaining({ code: 'not_authenticated', status: 401 }),
    );
  });

  it('forgets everything when it is cleared', () => {
    const session = stored({ userId: 'u-1' });

    session.clear();

    expect(session.toJSON()).toEqual({});
  });

  it('stays what it was when a sign-in cannot be written, and has not ended', () => {
    const ended: string[] = [];
    const session = new WristbandSession(
      { id: 'id-1', createdAt: 1000, fields: { userId: 'u-0' } },
      {
        ...SESSION_HOOKS,
        assertWritable() {
          throw new Error('too large');
        },
        end: () => void ended.push('id-1'),
      },
    );

    expect(() => session.fromCallback(CALLBACK_DATA)).toThrow('too large');

    expect(session.id).toBe('id-1');
    expect(session.toJSON()).toEqual({ userId: 'u-0' });
    expect(ended).toEqual([]);
  });
});
