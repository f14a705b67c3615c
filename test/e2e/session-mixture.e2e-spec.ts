import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Get, Res } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type CallbackData,
  type HttpResponse,
  MemorySessionStore,
  Session,
  type SessionOptions,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { lastCallback } from '../support/auth.controller.js';
import { signedIn } from '../support/bearer-tokens.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { CounterController } from '../support/counter.controller.js';
import { ObservedStore } from '../support/observed-store.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

interface Notes {
  note: string;
  count: number;
  [late: `late${string}`]: string;
}

const signInAgain = (session: Session<Notes>) =>
  session.fromCallback(lastCallback.data as CallbackData, { note: 'of the new one' });
const count = (fields: Partial<Notes>) => {
  fields.count = (fields.count ?? 0) + 1;
};

/** Everything that can be done to a session, in one request. */
@Controller('mixture')
class MixtureController {
  @Get('ends-with-sign-in')
  async endsWithSignIn(@Session() session: Session<Notes>) {
    session.note = 'of the old one';
    session.save();
    await session.update(count);
    session.clear();
    session.note = 'of nobody';
    signInAgain(session);
    await session.update(count);
    session.set('lateA', 'yes');
    return session.toJSON();
  }

  @Get('ends-with-clear')
  async endsWithClear(@Session() session: Session<Notes>) {
    await session.update(count);
    signInAgain(session);
    session.save();
    session.clear();
    await session.update(count);
    return {};
  }

  @Get('throws')
  async throws(@Session() session: Session<Notes>) {
    session.note = 'kept, since an answer with an error is an answer';
    await session.update(count);
    throw new Error('of the handler');
  }

  /** The headers are gone when it is updated and changed. */
  @Get('late')
  async late(@Session() session: Session<Notes>, @Res() response: HttpResponse) {
    const target = 'raw' in response ? response.raw : response;
    target.write('{');
    await delay(60);
    await session.update(count);
    session.set('lateB', 'lost');
    target.end('}');
  }
}

const MODES: readonly [mode: string, createOptions: () => Partial<SessionOptions>][] = [
  ['cookies', () => ({})],
  ['shared cookies', () => ({ coordinationStore: new ObservedStore(new MemorySessionStore(), 10) })],
  ['a store', () => ({ store: new ObservedStore(new MemorySessionStore(), 10) })],
];

let emulator: WristbandEmulator;
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());

describe.each(MODES)('with sessions in %s', (mode, createOptions) => {
  describePlatforms('a request that does everything', (platform) => {
    let app: TestApp;
    let browser: Browser;
    let old: string;
    beforeEach(async () => {
      app = await startTestApp({
        emulator,
        platform,
        controllers: [MixtureController, CounterController],
        options: { session: { secrets: SESSION_SECRET, secure: false, ...createOptions() } },
      });
      browser = await signedIn(app, emulator);
      old = await browser.jar.getCookieString(app.origin);
    });
    afterEach(() => app.close());
    const get = (path: string): Promise<BrowserResponse> => browser.get(`${app.origin}${path}`);
    const statusOfOld = async () => {
      const headers = { cookie: old };
      return (await new Browser().get(`${app.origin}/api/auth/session`, { headers })).status;
    };

    it('has the session of the sign-in in the end, with nothing of the one before', async () => {
      const answer = await get('/mixture/ends-with-sign-in');

      const fields = (await get('/counter/read')).json();
      expect(answer.setCookies).toHaveLength(1);
      expect(fields).toEqual(answer.json());
      expect(fields).toMatchObject({ note: 'of the new one', count: 1, lateA: 'yes' });
      expect(await statusOfOld()).toBe(401);
    });

    it('has no session when that was the last thing it did', async () => {
      const answer = await get('/mixture/ends-with-clear');

      expect(answer.setCookies.filter((line) => !line.includes('Max-Age=0'))).toEqual([]);
      expect((await get('/counter/read')).json()).toEqual({});
      expect(await statusOfOld()).toBe(401);
    });

    it('keeps its changes when the handler throws', async () => {
      expect((await get('/mixture/throws')).status).toBe(500);

      expect((await get('/counter/read')).json()).toMatchObject({ note: expect.any(String), count: 1 });
    });

    it('says what came after the headers and is lost', async () => {
      expect((await get('/mixture/late')).json()).toEqual({});
      await delay(20);

      expect(app.events).toContainEqual(
        expect.objectContaining({ type: 'session.lost_write', reason: 'headers_sent' }),
      );
      const fields = (await get('/counter/read')).json();
      expect(fields).not.toHaveProperty('lateB');
      // What update() does is kept at once where it can be.
      expect(fields.count).toBe(mode === 'a store' ? 1 : undefined);
    });
  });
});
