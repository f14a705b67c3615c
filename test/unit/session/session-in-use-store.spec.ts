import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TokenData } from '../../../lib/index.js';
import { MemorySessionStore } from '../../../lib/session/stores/memory-session.store.js';
import { ObservedStore } from '../../support/observed-store.js';
import { type Handler, SessionServer } from '../../support/session-server.js';

const GRACE = { userId: 'grace', tenantId: 'acme' };
const UNAVAILABLE = 'Sessions cannot be read or written at the moment; try again soon';

let store: ObservedStore;
let server: SessionServer;
beforeEach(async () => {
  store = new ObservedStore(new MemorySessionStore());
  server = await SessionServer.start({ store });
  await server.request(({ session }) => session.set('userId', 'grace').set('tenantId', 'acme'));
  forget();
});
afterEach(() => server.close());

/** What led to the situation of a test. */
function forget(): void {
  server.reset();
  store.calls.length = 0;
}

const writes = () => store.operations().filter((operation) => operation !== 'read');
const set =
  (name: string, value: unknown): Handler =>
  ({ session }) =>
    void (session[name] = value);

describe('a session in a store', () => {
  it('is written before a handler has answered, and not again when the response begins', async () => {
    let written: string[] = [];

    const { setCookies } = await server.request(async ({ session, prepare }) => {
      session.a = 1;
      await prepare();
      written = writes();
    });

    expect(written).toEqual(['write']);
    expect(writes()).toEqual(['write']);
    expect(setCookies).toHaveLength(1);
    expect(await server.fields()).toEqual({ ...GRACE, a: 1 });
    expect([server.events, server.logs]).toEqual([[], []]);
  });

  it('is written before the response begins where nobody prepared it', async () => {
    const { setCookies, headers } = await server.request(set('a', 1));

    expect(setCookies).toHaveLength(1);
    expect(headers['cache-control']).toBe('private, no-store');
    expect(await server.fields()).toEqual({ ...GRACE, a: 1 });
  });

  it('is written once more when it is changed after it was prepared', async () => {
    await server.request(async ({ session, prepare }) => {
      session.a = 1;
      await prepare();
      session.a = 2;
    });

    expect(writes()).toEqual(['write', 'write']);
    expect(await server.fields()).toEqual({ ...GRACE, a: 2 });
  });

  it('is written once for resolvers that are done at the same time, and again for what comes later', async () => {
    await server.request(async ({ session, prepare }) => {
      session.a = 1;
      const first = prepare();
      const same = prepare();
      session.b = 2;
      await Promise.all([first, same]);
    });

    expect(writes()).toEqual(['write', 'write']);
    expect(await server.fields()).toEqual({ ...GRACE, a: 1, b: 2 });
  });

  it('tells each of them what it cannot write', async () => {
    await server.request(async ({ session, prepare }) => {
      session.a = 1;
      const first = prepare();
      session.b = new Map();
      await expect(prepare()).rejects.toMatchObject({ code: 'session_not_serializable' });
      await first;
      delete session.b;
    });

    expect(await server.fields()).toEqual({ ...GRACE, a: 1 });
  });

  it('is written once when the response begins before the handler is done', async () => {
    store.latency = 30;

    await server.request(({ session, response, prepare }) => {
      session.a = 1;
      response.end();
      return prepare();
    });

    expect(writes()).toEqual(['write']);
    expect(await server.fields()).toEqual({ ...GRACE, a: 1 });
  });

  it('has its response wait for a write that nobody waits for', async () => {
    store.latency = 30;

    const { setCookies } = await server.request(({ session, prepare }) => {
      session.a = 1;
      void prepare();
    });

    expect(setCookies).toHaveLength(1);
    expect(writes()).toEqual(['write']);
    expect(await server.fields()).toEqual({ ...GRACE, a: 1 });
  });

  it('tells that it ended, when its record is gone', async () => {
    const { setCookies } = await server.request(async ({ session, prepare }) => {
      session.clear();
      await prepare();
    });

    expect(writes()).toEqual(['delete']);
    expect(setCookies).toEqual([expect.stringContaining('Max-Age=0')]);
    expect(server.events).toEqual([{ type: 'session.destroyed', reason: 'signed_out', ...GRACE }]);
  });
});

describe('a store that cannot be written', () => {
  beforeEach(() => void store.failing.add('write').add('touch'));

  it('fails the handler, and is asked once', async () => {
    const { status, text, setCookies } = await server.request(async ({ session, prepare }) => {
      session.a = 1;
      await prepare();
    });

    expect([status, text, setCookies]).toEqual([503, 'session_store_unavailable', []]);
    expect(writes()).toEqual(['write']);
    expect(server.events.map(({ type }) => type)).toEqual(['store.unavailable']);
  });

  it('makes an error of a response that nobody prepared, and tells what was lost', async () => {
    const { status, setCookies } = await server.request(set('a', 1));

    expect([status, setCookies]).toEqual([503, []]);
    expect(server.events).toContainEqual({
      type: 'session.lost_write',
      reason: 'session_store_unavailable',
      ...GRACE,
    });
    expect(server.logs).toContain(`The session could not be written: ${UNAVAILABLE}`);
  });

  it('makes an error of a response that did not wait for the handler', async () => {
    store.latency = 30;

    const { status } = await server.request(({ session, prepare }) => {
      session.a = 1;
      prepare()?.catch(() => undefined);
    });

    expect(status).toBe(503);
    expect(writes()).toEqual(['write']);
  });

  it.each([true, false])(
    'fails nothing when a session is only renewed (prepared: %s)',
    async (isPrepared) => {
      await restart({ touchAfter: 0 });

      const { status, setCookies } = await server.request(({ prepare }) =>
        isPrepared ? prepare() : undefined,
      );

      expect([status, setCookies]).toEqual([200, []]);
      expect(server.logs).toContain(`The session was not renewed: ${UNAVAILABLE}`);
      expect(server.events.map(({ type }) => type)).toEqual(['store.unavailable']);
      expect(writes()).toEqual(['touch']);
    },
  );
});

/** The same browser and store, with other options. */
async function restart(options: { touchAfter: number }): Promise<void> {
  server.close();
  store.failing.clear();
  server = await SessionServer.start({ store, ...options });
  await server.request(({ session }) => session.set('userId', 'grace').set('tenantId', 'acme'));
  store.failing.add('write').add('touch');
  forget();
}

describe('renewed tokens', () => {
  const OLD = { accessToken: 'old', refreshToken: 'spent', expiresAt: 1 };
  const NEW: TokenData = {
    accessToken: 'new',
    refreshToken: 'newest',
    expiresAt: Date.now() + 60_000,
    expiresIn: 60,
  };
  const { expiresIn: _, ...NEW_FIELDS } = NEW;
  const spent: string[] = [];
  const exchange = async (refreshToken: string) => {
    spent.push(refreshToken);
    return NEW;
  };
  beforeEach(async () => {
    spent.length = 0;
    await server.request(({ session }) => void Object.assign(session, OLD));
    forget();
  });

  it('are kept at once, and not written again by the request', async () => {
    await server.request(async ({ session, request, manager }) => {
      const { accessToken, refreshToken, expiresAt } = await manager.renewTokens(request, 'spent', exchange);
      expect(writes()).toContain('write');
      Object.assign(session, { accessToken, refreshToken, expiresAt });
    });

    expect(spent).toEqual(['spent']);
    expect(writes().filter((operation) => operation === 'write')).toHaveLength(1);
    expect(await server.fields()).toEqual({ ...GRACE, ...NEW_FIELDS });
  });

  it('are written with the rest when they could not be kept', async () => {
    await server.request(async ({ session, request, manager }) => {
      store.failing.add('write');
      const tokens = await manager.renewTokens(request, 'spent', exchange);
      store.failing.clear();
      Object.assign(session, { ...NEW_FIELDS, a: tokens.accessToken });
    });

    expect(await server.fields()).toEqual({ ...GRACE, ...NEW_FIELDS, a: 'new' });
  });

  it('are exchanged where the session is not in a store yet', async () => {
    server.browser.jar.removeAllCookiesSync();

    await server.request(({ request, manager }) => manager.renewTokens(request, 'of a new one', exchange));

    expect(spent).toEqual(['of a new one']);
  });
});
