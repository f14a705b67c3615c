import { Controller, Get, Req, UseInterceptors } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { MemorySessionStore, Session, SessionInterceptor } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { ObservedStore } from '../support/observed-store.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

/** The example of AuthX's session middleware, and its options. */
@Controller('session_test')
class CounterController {
  @Get()
  count(@Session() session: Session<{ test_counter: number }>) {
    session.test_counter = session.get('test_counter', 0) + 1;
    return { sessionID: session.id, test_counter: session.test_counter };
  }

  @Get('request')
  @UseInterceptors(SessionInterceptor)
  request(@Req() request: { state_session: Session<{ test_counter: number }> }) {
    return { sessionID: request.state_session.id, test_counter: request.state_session.test_counter };
  }
}

interface Answer {
  sessionID: string;
  test_counter?: number;
}

describePlatforms('a session as AuthX has it', (platform) => {
  const store = new ObservedStore(new MemorySessionStore());
  let emulator: WristbandEmulator;
  let app: TestApp;
  let browser: Browser;
  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({
      emulator,
      platform,
      controllers: [CounterController],
      options: {
        session: {
          secrets: SESSION_SECRET,
          store,
          secure: false,
          maxAge: 0,
          requestProperty: 'state_session',
          skipSessionHeader: 'X-Skip-Session',
        },
      },
    });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });
  beforeEach(() => {
    browser = new Browser();
    store.calls.length = 0;
  });
  const get = (path = '', headers: Record<string, string> = {}) =>
    browser.get(`${app.origin}/session_test${path}`, { headers });

  it('counts, under one ID, by a cookie of the browser session that holds nothing else', async () => {
    const first = await get();
    const second = await get();

    expect(first.setCookies).toEqual([
      expect.stringMatching(/^sid=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
    expect(second.json()).toEqual({ sessionID: first.json<Answer>().sessionID, test_counter: 2 });
    expect(first.setCookies[0]).not.toContain(first.json<Answer>().sessionID);
  });

  it('is on the request under the name that was chosen', async () => {
    const counted = (await get()).json<Answer>();

    expect((await get('/request')).json()).toEqual(counted);
  });

  it('is left out where the header asks for that', async () => {
    await get();
    store.calls.length = 0;
    const skipped = await get('', { 'x-skip-session': '1' });

    expect(skipped.json<Answer>().test_counter).toBe(1);
    expect(skipped.setCookies).toEqual([]);
    expect(store.operations()).toEqual([]);
    expect((await get()).json<Answer>().test_counter).toBe(2);
  });

  it('is a new one for a cookie that was changed', async () => {
    const { sessionID } = (await get()).json<Answer>();
    const cookie = await browser.jar.getCookieString(app.origin);
    const forged = `${cookie.slice(0, -2)}${cookie.endsWith('AA') ? 'BB' : 'AA'}`;
    browser = new Browser();
    store.calls.length = 0;

    const answer = (await get('', { cookie: forged })).json<Answer>();

    expect(answer.test_counter).toBe(1);
    expect(answer.sessionID).not.toBe(sessionID);
    expect(store.operations()).toEqual(['write']);
  });

  it('tells the logger that was given when the store fails', async () => {
    await get();
    store.failing.add('read');
    const { status } = await get();
    store.failing.clear();

    expect(status).toBe(503);
    expect(app.logs.join()).toContain('The session store could not do read()');
  });
});
