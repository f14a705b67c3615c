import { describe, expect, it, vi } from 'vitest';
import { EndedSessions } from '../../../lib/session/ended-sessions.js';
import { RecentChanges } from '../../../lib/session/recent-changes.js';

const NOW = 1_800_000_000;
const session = (id: string, createdAt: number, fields: object = { userId: `user-${id}` }) => ({
  id,
  createdAt,
  fields: { ...fields },
});

describe('the list of ended sessions', () => {
  it('has no entry for a visitor, so that visitors push out nothing', () => {
    const onFull = vi.fn<() => void>();
    const ended = new EndedSessions({ maxAge: 3600, absoluteMaxAge: undefined }, onFull, 2);
    ended.add(session('user', NOW));

    for (let index = 0; index < 100; index += 1) ended.add(session(`visitor-${index}`, NOW, { cart: [] }));

    expect(ended.has(session('user', NOW))).toBe(true);
    expect(ended.has(session('visitor-99', NOW, { cart: [] }))).toBe(false);
    expect(onFull).not.toHaveBeenCalled();
  });

  it('closes what it can no longer judge when it is full, and calls back once', () => {
    const onFull = vi.fn<() => void>();
    const ended = new EndedSessions({ maxAge: 3600, absoluteMaxAge: undefined }, onFull, 2);

    for (let index = 0; index < 4; index += 1) ended.add(session(`${index}`, NOW + index));

    expect([0, 1, 2, 3].map((index) => ended.has(session(`${index}`, NOW + index)))).toEqual(
      Array(4).fill(true),
    );
    // Not ended, but as old as the newest session that was forgotten.
    expect(ended.has(session('other', NOW + 1))).toBe(true);
    expect(ended.has(session('newer', NOW + 1.5))).toBe(false);
    expect(onFull).toHaveBeenCalledOnce();
  });

  it('closes the sessions of an owner whose end was pushed out by ends of other owners', () => {
    const ended = new EndedSessions({ maxAge: 3600, absoluteMaxAge: undefined }, undefined, 2);
    ended.addAll('userId', 'ada', NOW);
    for (const name of ['bob', 'eve']) ended.addAll('tenantId', name, NOW - 100);

    expect(ended.has(session('1', NOW - 1, { userId: 'ada' }))).toBe(true);
    expect(ended.has(session('2', NOW + 1, { userId: 'ada' }))).toBe(false);
  });

  it('closes nothing for an end whose cookies have all expired', () => {
    const ended = new EndedSessions({ maxAge: 60, absoluteMaxAge: undefined }, undefined, 1);
    ended.add(session('old', NOW));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    ended.add(session('new', NOW + 1));
    vi.useRealTimers();

    expect(ended.has(session('other', NOW - 1))).toBe(false);
  });
});

describe('the clock of writes to sessions', () => {
  it('counts a session as written when it no longer knows', () => {
    const changes = new RecentChanges(2);
    const before = changes.count;
    changes.add('mine');
    for (const id of ['a', 'b', 'c']) changes.add(id);

    expect(changes.isChangedSince('mine', before)).toBe(true);
    expect(changes.isChangedSince('mine', changes.count)).toBe(false);
  });
});
