import { describe, expect, it } from 'vitest';
import { WristbandException } from '../../../lib/errors/wristband.exception.js';
import { receivedFrom } from '../../../lib/session/received-session.js';
import {
  assertSerializable,
  isSameSnapshot,
  notWritable,
  snapshotOf,
  withReceivedTokens,
  withTokens,
} from '../../../lib/session/session-snapshot.js';
import { openSession } from '../../support/open-session.js';

describe('snapshotOf', () => {
  it('takes a session that is as it came for what came', () => {
    const opened = openSession({ a: 1, nested: { list: [1] } });

    const { stored, json, isDestroyed, isSaveRequested, error } = snapshotOf(opened);

    expect(stored).toBe(opened.received);
    expect(json).toBe(opened.received?.json);
    expect([isDestroyed, isSaveRequested, error]).toEqual([false, false, undefined]);
  });

  it('holds what a request made of a session, as text that opens again', () => {
    const opened = openSession({ a: 1, gone: 1, nested: { list: [1] } });
    const { session, received } = opened;

    session.a = 2;
    delete session.gone;
    (session.nested as { list: number[] }).list.push(2);

    const expected = {
      id: 'id-1',
      createdAt: received!.createdAt,
      fields: { a: 2, nested: { list: [1, 2] } },
    };
    expect(snapshotOf(opened).stored).toEqual(expected);
    expect(JSON.parse(snapshotOf(opened).json!)).toEqual(expected);
    expect(received?.fields).toEqual({ a: 1, gone: 1, nested: { list: [1] } });
  });

  it('holds a session that no request brought', () => {
    const opened = openSession();

    opened.session.a = 1;

    expect(receivedFrom(snapshotOf(opened).json!)).toMatchObject({ id: opened.session.id, fields: { a: 1 } });
  });

  it('tells what was asked for', () => {
    const [saved, cleared] = [openSession({ a: 1 }), openSession({ a: 1 })];

    saved.session.save();
    cleared.session.clear();

    expect(snapshotOf(saved)).toMatchObject({ isDestroyed: false, isSaveRequested: true });
    expect(snapshotOf(cleared)).toMatchObject({ isDestroyed: true, isSaveRequested: false });
  });

  it('says what of a session JSON cannot carry, and goes on from what came', () => {
    const opened = openSession({ a: 1 });

    opened.session.cart = { items: new Map() };

    const { json, error, stored } = snapshotOf(opened);
    expect(json).toBeUndefined();
    expect(error).toMatchObject({
      code: 'session_not_serializable',
      message: 'A session keeps only what JSON can carry. Leave out or convert cart.items: a Map',
    });
    expect(stored).toEqual({ id: 'id-1', createdAt: opened.received?.createdAt, fields: { a: 1 } });
  });

  it('has no fields to go on from where a new session cannot be written', () => {
    const opened = openSession();

    opened.session.a = 1n;

    expect(snapshotOf(opened)).toMatchObject({
      error: { code: 'session_not_serializable' },
      stored: { fields: {} },
    });
  });

  it('keeps why a value failed when it was turned into text', () => {
    const opened = openSession({ a: 1 });
    const cause = new Error('of the application');

    opened.session.a = {
      toJSON() {
        throw cause;
      },
    };

    const { error } = snapshotOf(opened);
    expect(error).toMatchObject({
      code: 'session_not_serializable',
      message: 'The session cannot be written: one of its values fails when it is turned into text',
    });
    expect(error?.cause).toBe(cause);
  });
});

describe('isSameSnapshot', () => {
  const snapshot = (change: (opened: ReturnType<typeof openSession>) => void) => {
    const opened = openSession({ a: 1 });
    change(opened);
    return snapshotOf(opened);
  };
  const untouched = snapshot(() => {});

  it.each<[string, Parameters<typeof snapshot>[0], boolean]>([
    ['nothing', () => {}, true],
    ['a value that is the same', ({ session }) => (session.a = 1), true],
    ['a value', ({ session }) => (session.a = 2), false],
    ['save()', ({ session }) => session.save(), false],
    ['clear()', ({ session }) => session.clear(), false],
    ['what JSON cannot carry', ({ session }) => (session.a = 1n), false],
  ])('sees %s', (_, change, isSame) => {
    expect(isSameSnapshot(untouched, snapshot(change))).toBe(isSame);
    expect(isSameSnapshot(snapshot(change), snapshot(change))).toBe(true);
  });

  it('sees that a session was ended in which nothing was', () => {
    const [empty, cleared] = [openSession({}), openSession({})];
    cleared.session.clear();

    expect(isSameSnapshot(snapshotOf(empty), snapshotOf(cleared))).toBe(false);
  });

  it('tells one error from another', () => {
    const [one, other] = [1n, NaN].map((value) => snapshot(({ session }) => (session.a = value)));

    expect(isSameSnapshot(one!, other!)).toBe(false);
  });
});

describe('notWritable', () => {
  it('leaves alone an error that says more', () => {
    const error = new WristbandException('session_too_large', 'too large');

    expect(notWritable(error)).toBe(error);
  });
});

describe('withTokens', () => {
  const tokens = { accessToken: 'new', expiresAt: 2, expiresIn: 1, refreshToken: 'newest' };
  const received = receivedFrom(
    JSON.stringify({ id: 'id-1', createdAt: 1, fields: { accessToken: 'old', refreshToken: 'spent', a: 1 } }),
  )!;
  const expected = {
    id: 'id-1',
    createdAt: 1,
    fields: { accessToken: 'new', expiresAt: 2, refreshToken: 'newest', a: 1 },
  };

  it('puts tokens in the place of others, and nothing else', () => {
    expect(withTokens(received, tokens)).toEqual(expected);
    expect(received.fields).toEqual({ accessToken: 'old', refreshToken: 'spent', a: 1 });
  });

  it('makes of a received session one that was received with them', () => {
    const renewed = withReceivedTokens(received, tokens);

    expect(renewed).toMatchObject({ ...expected, issuedAt: received.issuedAt });
    expect(JSON.parse(renewed.json)).toEqual(expected);
  });
});

describe('assertSerializable', () => {
  it('lets pass what comes back from JSON as it went', () => {
    expect(() => assertSerializable({ a: [1, 'two', { three: null }], at: new Date() })).not.toThrow();
  });

  it('refuses a field that would hide what a session can do', () => {
    expect(() => assertSerializable({ ok: 1, save: 2 })).toThrow(
      expect.objectContaining({
        code: 'invalid_session_field',
        message: expect.stringContaining('save'),
      }),
    );
  });
});
