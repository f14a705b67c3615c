import { describe, expect, it } from 'vitest';
import {
  clearLoginState,
  evictOldestLogins,
  loginStateCookie,
  sealedLoginStates,
} from '../../../lib/auth/login-state-cookies.js';

const ATTRIBUTES = { prefix: 'login#', secure: true, sameSite: 'lax', partitioned: false } as const;
const NOW = 1_800_000_000_000;
const cookie = (state: string, createdAt: number | string = NOW) => ({
  name: `login#${state}#${createdAt}`,
  value: `sealed-${state}`,
});
const namesOf = (lines: string[]) => lines.map((line) => line.slice(0, line.indexOf('=')));

describe('loginStateCookie', () => {
  it('carries state and time in its name and lives for an hour', () => {
    expect(loginStateCookie('abc', 'sealed', ATTRIBUTES, NOW)).toBe(
      `login#abc#${NOW}=sealed; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax`,
    );
  });

  it('goes to foreign frames where sessions do', () => {
    const attributes = { ...ATTRIBUTES, sameSite: 'none', partitioned: true } as const;

    expect(loginStateCookie('abc', 'sealed', attributes, NOW)).toBe(
      `login#abc#${NOW}=sealed; Max-Age=3600; Path=/; HttpOnly; Secure; Partitioned; SameSite=None`,
    );
    for (const line of [
      ...clearLoginState([cookie('abc')], 'abc', attributes),
      ...evictOldestLogins([cookie('a'), cookie('b'), cookie('c')], attributes),
    ])
      expect(line).toMatch(/=; Max-Age=0; Path=\/; HttpOnly; Secure; Partitioned; SameSite=None$/);
  });

  it('leaves Secure out over http', () => {
    expect(loginStateCookie('abc', 'sealed', { ...ATTRIBUTES, secure: false }, NOW)).not.toContain('Secure');
  });

  it('counts name and attributes when it looks at the size (weakness 23)', () => {
    const overhead = loginStateCookie('abc', '', ATTRIBUTES, NOW)!.length;

    expect(loginStateCookie('abc', 'x'.repeat(4096 - overhead), ATTRIBUTES, NOW)).toHaveLength(4096);
    expect(loginStateCookie('abc', 'x'.repeat(4096 - overhead + 1), ATTRIBUTES, NOW)).toBeUndefined();
  });
});

describe('evictOldestLogins', () => {
  it('lets two others stay beside a new one', () => {
    expect(evictOldestLogins([cookie('a', 1), cookie('b', 2)], ATTRIBUTES)).toEqual([]);
  });

  it('removes all but the two newest (weakness 23)', () => {
    const cookies = Array.from({ length: 10 }, (_, index) => cookie(`s${index}`, NOW + index));

    const evicted = evictOldestLogins(cookies, ATTRIBUTES);

    expect(namesOf(evicted).toSorted()).toEqual(cookies.slice(0, 8).map(({ name }) => name));
    expect(evicted[0]).toMatch(/=; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  });

  it('compares times as numbers (weakness 23)', () => {
    const evicted = evictOldestLogins([cookie('old', 999), cookie('a', 1000), cookie('b', 1001)], ATTRIBUTES);

    expect(namesOf(evicted)).toEqual(['login#old#999']);
  });

  it('removes the one that was sent first when times are equal (weakness 23)', () => {
    const evicted = evictOldestLogins([cookie('a'), cookie('b'), cookie('c')], ATTRIBUTES);

    expect(namesOf(evicted)).toEqual([`login#a#${NOW}`]);
  });

  it.each(['login', 'login#x', 'login#x#y', 'login#a b#1', 'login#x#1#2', 'xlogin#x#1', 'login##1'])(
    'does not let the foreign name %s push out a login (weakness 23)',
    (name) => {
      const foreign = Array.from({ length: 5 }, () => ({ name, value: '' }));

      expect(evictOldestLogins([...foreign, cookie('a'), cookie('b')], ATTRIBUTES)).toEqual([]);
    },
  );
});

describe('sealedLoginStates', () => {
  it('finds the cookies of one state only', () => {
    const cookies = [cookie('a'), cookie('ab'), { name: 'session', value: 's' }];

    expect(sealedLoginStates(cookies, 'a')).toEqual(['sealed-a']);
    expect(sealedLoginStates(cookies, 'c')).toEqual([]);
    expect(sealedLoginStates(cookies, 'a#1')).toEqual([]);
  });
});

describe('clearLoginState', () => {
  it('repeats the attributes that the cookie was set with', () => {
    expect(
      clearLoginState([cookie('a'), cookie('b')], 'a', {
        ...ATTRIBUTES,
        secure: false,
        domain: 'app.example',
      }),
    ).toEqual([`login#a#${NOW}=; Max-Age=0; Domain=app.example; Path=/; HttpOnly; SameSite=Lax`]);
  });
});
