import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import type { WristbandEvent } from '../../../../lib/index.js';
import { CookieSessionKeeper } from '../../../../lib/session/keepers/cookie-session.keeper.js';
import type { WritingTools } from '../../../../lib/session/keepers/cookie-writer.js';
import { openSession, writingTools } from '../../../support/open-session.js';

let tools: WritingTools;
let events: WristbandEvent[];
let keeper: CookieSessionKeeper;
beforeEach(() => {
  tools = writingTools({ touchAfter: 0, maxCookies: 2 });
  events = [];
  keeper = new CookieSessionKeeper(tools, { emit: (event) => void events.push(event) });
});

const requestWith = (cookie?: string) =>
  Object.assign(new IncomingMessage(new Socket()), { headers: cookie === undefined ? {} : { cookie } });
const sealed = (id: string, fields: object = {}) =>
  tools.sealed.seal(JSON.stringify({ id, createdAt: Date.now() / 1000, fields }));

describe('CookieSessionKeeper', () => {
  it('finds the session of a request, and knows which cookies are its own', () => {
    const found = keeper.find(
      requestWith(`a=1; session=${sealed('id-1', { a: 1 })}; session.0=x; sessions=y`),
    );

    expect(found).toMatchObject({ received: { id: 'id-1', fields: { a: 1 } }, changesBefore: 0 });
    expect(found.cookieNames).toEqual(['session', 'session.0']);
    expect(keeper.isAsync).toBe(false);
    expect(events).toEqual([]);
  });

  it('finds nothing, and has nothing to tell, where there is no cookie', () => {
    for (const cookie of [undefined, 'a=1', 'sessions=x'])
      expect(keeper.find(requestWith(cookie))).toEqual({
        received: undefined,
        csrfCookies: [],
        changesBefore: 0,
        cookieNames: [],
      });
    expect(events).toEqual([]);
  });

  it('tells why the cookie of a request is worth nothing', () => {
    tools.ended.addId('id-1');

    expect(keeper.find(requestWith('session=forged')).received).toBeUndefined();
    expect(keeper.find(requestWith(`session=${sealed('id-1', { userId: 'u-1' })}`)).received).toBeUndefined();

    expect(events).toEqual([
      { type: 'session.rejected', reason: 'unreadable' },
      { type: 'session.rejected', reason: 'ended', userId: 'u-1' },
    ]);
  });

  it('remembers what a response changes, and not what it only renews', () => {
    const renewed = openSession({ a: 1 });
    const changed = openSession({ a: 1 });
    changed.session.a = 2;

    expect(keeper.decide(renewed)).toMatchObject({ isRenewal: true });
    expect(tools.changes.isChangedSince('id-1', 0)).toBe(false);
    expect(keeper.decide(changed)).toMatchObject({ isRenewal: false });
    expect(tools.changes.isChangedSince('id-1', 0)).toBe(true);
    expect(keeper.find(requestWith()).changesBefore).toBe(tools.changes.count);
  });

  it('counts a change again as the headers go, so that renewals of requests that came since then do not undo it', () => {
    const changed = openSession({ a: 1 });
    changed.session.a = 2;
    const known = keeper.decide(changed);
    const between = openSession({ a: 1 });

    const changesBefore = keeper.find(requestWith()).changesBefore;
    keeper.decide(changed, known);

    expect(keeper.decide({ ...between, changesBefore }).cookies).toEqual([]);
  });

  it('remembers a session that no request brought', () => {
    const opened = openSession();
    opened.session.a = 1;

    keeper.decide(opened);

    expect(tools.changes.isChangedSince(opened.session.id, 0)).toBe(true);
  });

  it('has nothing to remember of a session that is not written', () => {
    const ended = openSession({ a: 1 });
    ended.session.clear();

    keeper.decide(openSession());
    keeper.decide(ended);

    expect(tools.changes.count).toBe(0);
  });

  it.each<[string, () => unknown]>([
    ['its request', () => keeper.end(openSession({ userId: 'u-1' }).received!)],
    ['its ID', () => keeper.revoke('id-1')],
    ['its user', () => keeper.revokeAll('userId', 'u-1')],
  ])('lets no cookie of a session open that was ended by %s', async (_, end) => {
    const request = requestWith(`session=${sealed('id-1', { userId: 'u-1' })}`);
    expect(keeper.find(request).received).toBeDefined();

    await end();

    expect(keeper.find(request).received).toBeUndefined();
  });

  it('ends the sessions of a user that began by a certain time', async () => {
    const request = requestWith(`session=${sealed('id-1', { userId: 'u-1' })}`);

    await keeper.revokeAll('userId', 'u-1', Date.now() / 1000 - 60);

    expect(keeper.find(request).received).toBeDefined();
  });
});
