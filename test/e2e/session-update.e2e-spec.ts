import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Get, Query } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type CallbackData,
  MemorySessionStore,
  Session,
  type WristbandException,
  WristbandSessions,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { ObservedStore } from '../support/observed-store.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

interface Cart {
  count: number;
  note: string;
  other: string;
  cart: { items: string[] };
}

const countUp = (fields: Partial<Cart>) => {
  fields.count = (fields.count ?? 0) + 1;
};

@Controller('u')
class UpdateController {
  @Get('begin')
  begin(@Session() session: Session<Cart>) {
    session.note = 'begun';
    session.cart = { items: [] };
    return { id: session.id };
  }

  @Get('read')
  read(@Session() session: Session<Cart>) {
    return session.toJSON();
  }

  @Get('count')
  async count(@Session() session: Session<Cart>) {
    await session.update(countUp);
    return { count: session.count };
  }

  /** Everything that a handler may do around it. */
  @Get('around')
  async around(@Session() session: Session<Cart>) {
    session.note = 'before';
    session.count = 10;
    const updates = [session.update(countUp), session.update(countUp)];
    session.other = 'meanwhile';
    await Promise.all(updates);
    session.cart?.items.push('after');
    return { count: session.count };
  }

  @Get('nested')
  async nested(@Session() session: Session<Cart>, @Query('item') item: string) {
    await session.update((fields) => fields.cart?.items.push(item));
    return {};
  }

  @Get('throws')
  async throws(@Session() session: Session<Cart>) {
    const failure = await session
      .update((fields) => {
        fields.note = 'changed by half';
        throw new TypeError('of the caller');
      })
      .catch((error: Error) => error.message);
    return { failure };
  }

  @Get('async')
  async asynchronous(@Session() session: Session<Cart>) {
    // oxlint-disable-next-line typescript/no-misused-promises -- what this is about
    const update = session.update(async (fields) => {
      await delay(1);
      fields.note = 'too late';
      throw new Error('of the caller');
    });
    return { code: await update.catch((error: WristbandException) => error.code) };
  }

  /** Without waiting for the update of the session that was there before. */
  @Get('sign-in')
  async signIn(@Session() session: Session<Cart>) {
    const update = session.update(countUp);
    session.fromCallback({
      userInfo: { userId: 'user-2', tenantId: 'tenant-2', identityProviderName: 'wristband' },
      accessToken: 'access-token',
      expiresAt: Date.now() + 60_000,
      expiresIn: 60,
      idToken: 'id-token',
      tenantName: 'acme',
    } as CallbackData);
    await update;
    return session.toJSON();
  }

  /** Names that come with a request, as in a form of settings. */
  @Get('settings')
  async settings(
    @Session() session: Session<Record<string, Record<string, string>>>,
    @Query() { group = '', name = '', how = '' }: Record<string, string>,
  ) {
    const change = (fields: Record<string, Record<string, string> | undefined>) => {
      (fields[group] ??= {})[name] = 'polluted';
    };
    if (how === 'update') await session.update(change);
    else change(session);
    return {};
  }

  @Get('map')
  async map(@Session() session: Session<{ map: unknown }>) {
    await session.update((fields) => (fields.map = new Map()));
  }

  @Get('cleared')
  async cleared(@Session() session: Session<Cart>) {
    session.clear();
    await session.update(countUp);
    return {};
  }

  @Get('late')
  async late(@Session() session: Session<Cart>, @Query('ms') ms: string) {
    await delay(Number(ms));
    await session.update(countUp);
    return {};
  }
}

let emulator: WristbandEmulator;
const apps: TestApp[] = [];
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

describePlatforms('session.update()', (platform) => {
  let browser: Browser;
  const start = async (store?: ObservedStore) => {
    const session = { secrets: SESSION_SECRET, secure: false, ...(store && { store }) };
    const app = await startTestApp({
      emulator,
      platform,
      controllers: [UpdateController],
      options: { session },
    });
    apps.push(app);
    return app;
  };
  const get = (app: TestApp, path: string) => browser.get(`${app.origin}/u/${path}`);
  beforeEach(() => {
    browser = new Browser();
  });

  describe('with a store', () => {
    let store: ObservedStore;
    let app: TestApp;
    beforeEach(async () => {
      store = new ObservedStore(new MemorySessionStore(), 4);
      app = await start(store);
      await get(app, 'begin');
    });

    it('counts every one of 20 parallel requests of two processes', async () => {
      const second = await start(store);
      const counts = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const response = await get(index % 2 ? app : second, 'count');
          return response.json<{ count: number }>().count;
        }),
      );

      expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
      expect((await get(app, 'read')).json()).toMatchObject({ count: 20, note: 'begun' });
    });

    it('keeps what the handler did before, meanwhile and afterwards', async () => {
      expect((await get(app, 'around')).json()).toEqual({ count: 12 });
      expect((await get(app, 'read')).json()).toEqual({
        note: 'before',
        count: 12,
        other: 'meanwhile',
        cart: { items: ['after'] },
      });
    });

    it('does not share nested values between requests', async () => {
      await Promise.all(['a', 'b', 'c'].map((item) => get(app, `nested?item=${item}`)));

      const { cart } = (await get(app, 'read')).json<Cart>();
      expect(cart.items.toSorted()).toEqual(['a', 'b', 'c']);
    });

    it('writes once, and not again with the response', async () => {
      store.calls.length = 0;
      await get(app, 'count');

      expect(store.operations()).toEqual(['read', 'write']);
    });

    it('changes nothing when the caller fails', async () => {
      expect((await get(app, 'throws')).json()).toEqual({ failure: 'of the caller' });
      expect((await get(app, 'read')).json()).toMatchObject({ note: 'begun' });
    });

    it('brings nothing of the session before into that of a sign-in', async () => {
      const fields = (await get(app, 'sign-in')).json();

      expect(fields).toMatchObject({ userId: 'user-2' });
      expect(fields).not.toHaveProperty('count');
      expect((await get(app, 'read')).json()).toEqual(fields);
    });

    it('refuses what JSON cannot carry', async () => {
      expect((await get(app, 'map')).json()).toMatchObject({ code: 'session_not_serializable' });
    });

    it('does not bring back a session that ended', async () => {
      const { id } = (await get(app, 'begin')).json<{ id: string }>();
      const late = get(app, 'late?ms=150');
      await delay(50);
      await app.app.get(WristbandSessions).revokeSession(id);

      expect((await late).json()).toMatchObject({ statusCode: 401, code: 'not_authenticated' });
      expect((await get(app, 'read')).json()).toEqual({});
    });

    it('does nothing to a session that was cleared', async () => {
      expect((await get(app, 'cleared')).status).toBe(200);
      expect((await get(app, 'read')).json()).toEqual({});
    });

    it('begins a session', async () => {
      browser = new Browser();

      expect((await get(app, 'count')).json()).toEqual({ count: 1 });
      expect((await get(app, 'count')).json()).toEqual({ count: 2 });
    });

    it('becomes 503 when the store fails', async () => {
      store.failing.add('write');

      const response = await get(app, 'count');
      expect([response.status, response.headers['retry-after']]).toEqual([503, '1']);
      expect(response.json()).toMatchObject({ code: 'session_store_unavailable' });
    });
  });

  it.each([undefined, new ObservedStore(new MemorySessionStore())])(
    'refuses a change that takes time, which would be lost',
    async (store) => {
      const app = await start(store);
      await get(app, 'begin');

      expect((await get(app, 'async')).json()).toEqual({ code: 'invalid_argument' });
      expect((await get(app, 'read')).json()).toMatchObject({ note: 'begun' });
    },
  );

  describe.each([
    ['a cookie', () => undefined],
    ['a store', () => new ObservedStore(new MemorySessionStore())],
  ])('in %s', (_mode, store) => {
    it('names of a request pollute nothing', async () => {
      const app = await start(store());
      for (const how of ['update', 'assignment']) {
        for (const group of ['__proto__', 'constructor', 'save', 'toString', 'hasOwnProperty']) {
          for (const name of ['polluted', 'stateOf', 'prototype', 'call']) {
            const query = new URLSearchParams({ how, group, name });
            browser = new Browser();
            await get(app, 'begin');

            const response = await get(app, `settings?${query}`);

            if (how === 'update') expect(response.json()).toMatchObject({ code: 'invalid_session_field' });
            expect(({} as Record<string, unknown>).polluted).toBeUndefined();
            expect((await get(app, 'count')).json(), `${query}`).toEqual({ count: 1 });
            expect((await get(app, 'read')).json()).toEqual({ note: 'begun', cart: { items: [] }, count: 1 });
          }
        }
      }
    });
  });

  it('is a change like any other in a cookie', async () => {
    const app = await start();
    await get(app, 'begin');

    expect((await get(app, 'count')).json()).toEqual({ count: 1 });
    expect((await get(app, 'around')).json()).toEqual({ count: 12 });
    expect((await get(app, 'read')).json()).toMatchObject({ other: 'meanwhile', cart: { items: ['after'] } });
    expect((await get(app, 'map')).json()).toMatchObject({ code: 'session_not_serializable' });
  });
});
