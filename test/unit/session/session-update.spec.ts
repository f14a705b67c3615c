import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallbackData } from '../../../lib/index.js';
import { MemorySessionStore } from '../../../lib/session/stores/memory-session.store.js';
import { ObservedStore } from '../../support/observed-store.js';
import { SessionServer } from '../../support/session-server.js';

const ALAN: CallbackData = {
  userInfo: { userId: 'alan', tenantId: 'acme', applicationId: 'app', identityProviderName: 'wristband' },
  accessToken: 'access-token',
  idToken: 'id-token',
  expiresAt: 1,
  expiresIn: 1,
  tenantName: 'acme',
};
const countUp = (fields: Record<string, unknown>) => void (fields.count = Number(fields.count) + 1);

let store: ObservedStore;
let server: SessionServer;
/** Another process with the same store, and the same browser. */
let other: SessionServer;
beforeEach(async () => {
  store = new ObservedStore(new MemorySessionStore());
  server = await SessionServer.start({ store });
  other = await SessionServer.start({ store }, server.browser);
  await server.request(({ session }) => session.set('userId', 'grace').set('count', 1));
  server.reset();
});
afterEach(() => {
  server.close();
  other.close();
});

describe('session.update', () => {
  it('changes the newest version, and keeps that at once', async () => {
    await server.request(async ({ session }) => {
      await other.request(({ session: theirs }) => theirs.set('count', 5).set('b', 1));
      await session.update(countUp);
      expect(session.toJSON()).toEqual({ userId: 'grace', count: 6, b: 1 });
      expect(await other.fields()).toEqual({ userId: 'grace', count: 6, b: 1 });
    });

    expect(await server.fields()).toEqual({ userId: 'grace', count: 6, b: 1 });
    expect([server.events, server.logs]).toEqual([[], []]);
  });

  it('keeps with it what the request has changed so far, and leaves to the response what it changes meanwhile', async () => {
    store.latency = 20;

    await server.request(async ({ session }) => {
      session.before = 1;
      session.nested = { list: ['before'] };
      const update = session.update(countUp);
      session.meanwhile = 1;
      await update;
      expect(session.toJSON()).toMatchObject({ before: 1, count: 2, meanwhile: 1 });
      (session.nested as { list: string[] }).list.push('after');
      expect(await other.fields()).toEqual({
        userId: 'grace',
        count: 2,
        before: 1,
        nested: { list: ['before'] },
      });
    });

    expect(await server.fields()).toEqual({
      userId: 'grace',
      count: 2,
      before: 1,
      nested: { list: ['before', 'after'] },
      meanwhile: 1,
    });
  });

  it('takes its turn, and so does what a handler has to have written', async () => {
    store.latency = 20;

    await server.request(async ({ session, prepare }) => {
      session.a = 1;
      const updates = [session.update(countUp), session.update(countUp)];
      const prepared = prepare();
      updates.push(session.update(countUp));
      session.b = 1;
      await Promise.all(updates);
      await prepared;
    });

    expect(await server.fields()).toEqual({ userId: 'grace', count: 4, a: 1, b: 1 });
  });

  it('has a response wait that did not wait for it', async () => {
    store.latency = 20;

    const { status } = await server.request(({ session }) => void session.update(countUp));

    expect(status).toBe(200);
    expect(await server.fields()).toMatchObject({ count: 2 });
  });

  it('fails no response that did not wait for it', async () => {
    store.latency = 20;

    const { status } = await server.request(({ session }) => {
      const update = session.update(() => {
        throw new TypeError('of the caller');
      });
      update.catch(() => undefined);
    });

    expect(status).toBe(200);
    expect(await server.fields()).toMatchObject({ count: 1 });
  });

  it('leaves it to the response to renew the cookie, and to refuse what cannot be written', async () => {
    server.close();
    server = await SessionServer.start({ store, touchAfter: 0 }, server.browser);
    await server.request(({ session }) => session.set('count', 1));

    const { setCookies } = await server.request(async ({ session, prepare }) => {
      await session.update(countUp);
      session.a = new Map();
      expect(prepare).toThrow('a: a Map');
      delete session.a;
    });

    expect(setCookies).toHaveLength(1);
  });

  it('has nothing to keep of a session that is new or over: it changes what is there', async () => {
    store.calls.length = 0;

    await server.request(async ({ session, response }) => {
      session.clear();
      await session.update((fields) => void (fields.a = 1));
      expect(session.toJSON()).toEqual({ a: 1 });
      expect(store.operations()).toEqual(['read']);
      response.end();
    });
    server.browser.jar.removeAllCookiesSync();
    store.calls.length = 0;
    await server.request(async ({ session }) => {
      await session.update((fields) => void (fields.a = 1));
      expect(store.operations()).toEqual([]);
    });

    expect(await server.fields()).toEqual({ a: 1 });
  });

  it('belongs to the session of the next user after a sign-in', async () => {
    await server.request(async ({ session }) => {
      session.fromCallback(ALAN);
      await session.update((fields) => void (fields.a = 1));
    });

    expect(await server.fields()).toMatchObject({ userId: 'alan', a: 1 });
  });

  it('leaves nothing in the session of the next user when it was under way', async () => {
    store.latency = 20;

    await server.request(async ({ session }) => {
      const update = session.update((fields) => void (fields.note = 'of grace'));
      session.fromCallback(ALAN);
      await update;
      expect(session.userId).toBe('alan');
    });

    expect(await server.fields()).not.toHaveProperty('note');
  });

  it('leaves nothing in a session that was cleared when it was under way', async () => {
    store.latency = 20;

    await server.request(async ({ session }) => {
      const update = session.update((fields) => void (fields.note = 'of grace'));
      session.clear();
      await update;
      expect(session.toJSON()).toEqual({});
    });

    expect(await server.fields()).toEqual({});
  });

  it('refuses when the session was ended meanwhile', async () => {
    await server.request(async ({ session }) => {
      await other.request(({ session: theirs }) => theirs.clear());
      await expect(session.update(countUp)).rejects.toMatchObject({
        code: 'not_authenticated',
        message: 'The session was ended meanwhile',
      });
    });
  });

  it('refuses when the session could not be written as it is', async () => {
    await server.request(async ({ session, response }) => {
      session.a = new Map();
      await expect(session.update(countUp)).rejects.toMatchObject({
        code: 'session_not_serializable',
        message: expect.stringContaining('a: a Map'),
      });
      delete session.a;
      response.end();
    });

    expect(await server.fields()).toEqual({ userId: 'grace', count: 1 });
  });

  it('leaves what is changed beside it to the response, also when that does not wait for it', async () => {
    store.latency = 20;

    await server.request(({ session, response }) => {
      void session.update(countUp);
      session.meanwhile = 1;
      response.end();
    });

    expect(await server.fields()).toEqual({ userId: 'grace', count: 2, meanwhile: 1 });
    expect([server.events, server.logs]).toEqual([[], []]);
  });

  it('is no lost change after the headers, as others are', async () => {
    await server.request(async ({ session, response }) => {
      response.flushHeaders();
      await session.update(countUp);
    });
    expect([server.events, server.logs]).toEqual([[], []]);
    expect(await server.fields()).toEqual({ userId: 'grace', count: 2 });

    await server.request(async ({ session, response }) => {
      response.flushHeaders();
      await session.update(countUp);
      session.a = 1;
    });
    expect(server.events).toEqual([{ type: 'session.lost_write', reason: 'headers_sent', userId: 'grace' }]);
  });

  it('changes the session of the request where that is in a cookie', async () => {
    server.close();
    server = await SessionServer.start();
    await server.request(({ session }) => session.set('count', 1));

    await server.request(({ session }) => session.update(countUp));

    expect(await server.fields()).toEqual({ count: 2 });
  });
});
