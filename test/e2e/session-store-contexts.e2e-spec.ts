import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemorySessionStore, WristbandSessions } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { signedIn } from '../support/bearer-tokens.js';
import type { Browser } from '../support/browser.js';
import { CounterController } from '../support/counter.controller.js';
import { GuardedGateway, OpenGateway } from '../support/gateway.js';
import { describeGraphql } from '../support/graphql.module.js';
import { CompanyResolver } from '../support/graphql.resolver.js';
import { ObservedStore } from '../support/observed-store.js';
import { describeSockets, type Socket } from '../support/sockets.js';
import { optionsFor, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

const MODES = ['store', 'coordinationStore'] as const;

let emulator: WristbandEmulator;
let store: ObservedStore;
let app: TestApp;
let browser: Browser;
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());
beforeEach(() => {
  store = new ObservedStore(new MemorySessionStore(), 4);
});
afterEach(() => app.close());

const optionsWith = (mode: (typeof MODES)[number]) => ({
  ...optionsFor(emulator),
  session: { secrets: SESSION_SECRET, secure: false, [mode]: store },
});

describe.each(MODES)('a session of a %s', (mode) => {
  describeSockets('on a socket', (kind, platform) => {
    let socket: Socket;
    beforeEach(async () => {
      app = await startTestApp({
        emulator,
        platform,
        options: optionsWith(mode),
        providers: [GuardedGateway, OpenGateway],
        controllers: [CounterController],
        configure: (nest) => void nest.useWebSocketAdapter(kind.adapter(nest)),
      });
      browser = await signedIn(app, emulator);
      const cookie = await browser.jar.getCookieString(app.origin);
      socket = await kind.open(app.origin, '/guarded', { cookie, origin: app.origin });
    });
    afterEach(() => socket.close());
    const refusal = (code: string) => ({ event: 'exception', data: expect.objectContaining({ code }) });

    it('is read, as it is in the store, and not changed', async () => {
      const data = { tenantName: 'acme', userId: expect.any(String) };
      expect(await socket.ask('read')).toEqual({ event: 'read', data: { ...data, count: 0 } });

      await browser.get(`${app.origin}/counter/up`);

      const count = mode === 'store' ? 1 : 0;
      expect(await socket.ask('write', 'assign')).toMatchObject({ data: { code: 'session_read_only' } });
      expect(await socket.ask('read')).toEqual({ event: 'read', data: { ...data, count } });
    });

    it('is over with the next message when another process ends it', async () => {
      const other = await startTestApp({ emulator, options: optionsWith(mode) });
      expect((await socket.ask('me')).event).toBe('me');

      await other.app.get(WristbandSessions).revokeTenant('tenant-acme');

      expect(await socket.ask('me')).toEqual(refusal('not_authenticated'));
      expect(await socket.ask('read')).toEqual(refusal('not_authenticated'));
      await other.close();
    });

    it('is there again after an outage of the store', async () => {
      expect((await socket.ask('me')).event).toBe('me');
      store.failing.add('read');
      expect(await socket.ask('me')).toEqual(refusal('session_store_unavailable'));
      store.failing.clear();

      expect((await socket.ask('me')).event).toBe('me');
    });
  });

  describeGraphql('in GraphQL', (server) => {
    beforeEach(async () => {
      app = await startTestApp({
        emulator,
        platform: server.platform,
        options: optionsWith(mode),
        imports: [server.module()],
        providers: [CompanyResolver],
        controllers: [CounterController],
      });
      browser = await signedIn(app, emulator);
    });
    const post = (query: string) =>
      browser.post(`${app.origin}/graphql`, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });

    it('keeps what all resolvers of a request changed', async () => {
      const answer = await post('mutation { a: count b: count fill(bytes: 20) }');

      expect(answer.json()).toEqual({ data: { a: 1, b: 2, fill: 20 } });
      expect(answer.setCookies).toHaveLength(1);
      const fields = await browser.get(`${app.origin}/counter/read`);
      expect(fields.json()).toMatchObject({
        userId: expect.any(String),
        count: 2,
        blob: 'x'.repeat(20),
      });
    });

    it('is refused when another process ended it', async () => {
      const other = await startTestApp({ emulator, options: optionsWith(mode) });
      await other.app.get(WristbandSessions).revokeTenant('tenant-acme');

      expect((await post('{ me }')).text).toContain('"not_authenticated"');
      await other.close();
    });

    it('is not changed when the store fails, and whoever wants to change it is told', async () => {
      store.failing.add(mode === 'store' ? 'write' : 'read');

      const answer = await post('mutation { count }');

      expect(answer.text).toContain('"session_store_unavailable"');
      expect(answer.setCookies).toEqual([]);
      store.failing.clear();
      expect((await post('mutation { count }')).json()).toEqual({ data: { count: 1 } });
    });
  });
});
