import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { resolveOptions } from '../../../../lib/config/resolved-options.js';
import { SealedSessions } from '../../../../lib/session/cookies/sealed-sessions.js';
import { copyFields, isUntouched } from '../../../../lib/session/received-session.js';
import { WristbandSession } from '../../../../lib/session/session.js';
import type { SessionOptions } from '../../../../lib/index.js';
import { SESSION_HOOKS } from '../../../support/session-hooks.js';

const SECRET = 'a-secret-for-tests-with-32-characters-or-more';
const NOW = 1_800_000_000;
const ended = { has: ({ id }: { id: string }) => id === 'ended' };

function sealedSessions(session: Partial<SessionOptions> = {}): SealedSessions {
  const { session: options } = resolveOptions({
    clientId: 'client',
    clientSecret: SECRET,
    wristbandApplicationVanityDomain: 'a.example',
    session: { secrets: SECRET, ...session },
  });
  return new SealedSessions(options!);
}

const json = (fields: Record<string, unknown>, createdAt = NOW) =>
  JSON.stringify({ id: 'id-1', createdAt, fields });

describe('SealedSessions', () => {
  beforeEach(() => void vi.useFakeTimers({ now: NOW * 1000, toFake: ['Date'] }));
  afterEach(() => void vi.useRealTimers());

  const wait = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

  it('opens what it sealed', () => {
    const sealed = sealedSessions();

    const received = sealed.openAll([sealed.seal(json({ a: 1, list: [1] }))], ended)[0];

    expect(received).toMatchObject({
      id: 'id-1',
      createdAt: NOW,
      issuedAt: NOW,
      fields: { a: 1, list: [1] },
    });
  });

  it('takes the newest of several, wherever it stands', () => {
    const sealed = sealedSessions();
    const old = sealed.seal(json({ is: 'old' }));
    wait(1);
    const newest = sealed.seal(json({ is: 'newest' }));

    for (const values of [
      [old, newest],
      [newest, old],
      ['forged', newest, 'forged', old],
    ]) {
      expect(sealed.openAll(values, ended)[0]?.fields).toEqual({ is: 'newest' });
    }
  });

  it('does not open one that has ended, and takes the next', () => {
    const sealed = sealedSessions();
    const over = sealed.seal(JSON.stringify({ id: 'ended', createdAt: NOW, fields: {} }));

    expect(sealed.openAll([over], ended)[0]).toBeUndefined();
    expect(sealed.openAll([over, sealed.seal(json({}))], ended)[0]?.id).toBe('id-1');
  });

  it.each([
    ['idle', { maxAge: 60 }],
    ['absolute', { maxAge: 0, absoluteMaxAge: 60 }],
  ])('forgets a session at its %s limit, also one that it has opened before', (_, options) => {
    const sealed = sealedSessions(options);
    const value = sealed.seal(json({}));

    wait(59);
    expect(sealed.openAll([value], ended)[0]).toBeDefined();
    wait(1);
    expect(sealed.openAll([value], ended)[0]).toBeUndefined();
  });

  it('does not take a value for one it knows because it ends alike', () => {
    const sealed = sealedSessions();
    const value = sealed.seal(json({ is: 'genuine' }));
    const other = sealed.seal(json({ is: 'other' }));
    const forged = `${other.slice(0, -22)}${value.slice(-22)}`;

    expect(sealed.openAll([value], ended)[0]).toBeDefined();
    expect(sealed.openAll([forged], ended)[0]).toBeUndefined();
  });

  it('gives each request fields of its own', () => {
    const sealed = sealedSessions();
    const value = sealed.seal(json({ nested: { list: ['a'] } }));
    const first = copyFields(sealed.openAll([value], ended)[0]!);

    (first.nested as { list: string[] }).list.push('b');
    first.added = true;

    expect(copyFields(sealed.openAll([value], ended)[0]!)).toEqual({ nested: { list: ['a'] } });
  });

  it.each([
    [{ data: 1 }],
    ['text'],
    [null],
    [{ id: 1, createdAt: NOW, fields: {} }],
    [{ id: 'a', fields: {} }],
  ])('takes %j for no session', (data) => {
    const sealed = sealedSessions();

    expect(sealed.openAll([sealed.seal(JSON.stringify(data))], ended)[0]).toBeUndefined();
  });
});

describe('isUntouched', () => {
  const sealed = sealedSessions();
  const fields = { text: 'a', count: 1, none: null, nested: { list: [{ deep: true }] } };

  it.each<[string, (copy: Record<string, unknown>) => void, boolean]>([
    ['nothing', () => {}, true],
    ['the same value again', (copy) => (copy.text = 'a'), true],
    ['a field that was removed and came back', (copy) => (delete copy.text, (copy.text = 'a')), true],
    ['another value', (copy) => (copy.text = 'b'), false],
    ['a value of another type', (copy) => (copy.count = '1'), false],
    ['a field more', (copy) => (copy.more = 1), false],
    ['a field less', (copy) => delete copy.count, false],
    ['one field in the place of another', (copy) => (delete copy.count, (copy.other = 1)), false],
    [
      'an inherited name in the place of another',
      (copy) => (delete copy.none, (copy.toString = null as never)),
      false,
    ],
    ['a function, which JSON leaves out', (copy) => ((copy.nested as { f?: unknown }).f = () => {}), false],
    ['something deep inside', (copy) => ((copy.nested as typeof fields.nested).list[0]!.deep = false), false],
  ])('sees %s', (_, change, isSame) => {
    const stored = { id: 'id-1', createdAt: Math.floor(Date.now() / 1000), fields };
    const received = sealed.openAll([sealed.seal(JSON.stringify(stored))], ended)[0]!;
    const session = new WristbandSession({ ...stored, fields: copyFields(received) }, SESSION_HOOKS);

    change(session);

    expect(isUntouched(session, received)).toBe(isSame);
  });

  it('sees a new id', () => {
    const received = sealed.openAll([sealed.seal(json({}, Math.floor(Date.now() / 1000)))], ended)[0]!;

    expect(isUntouched(new WristbandSession({ ...received, id: 'id-2' }, SESSION_HOOKS), received)).toBe(
      false,
    );
  });
});
