import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { from, mergeMap, type Observable } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { MemorySessionStore, Session } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { signedIn } from '../support/bearer-tokens.js';
import { Browser } from '../support/browser.js';
import { CounterController } from '../support/counter.controller.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

type Visits = Session<{ visits: number; note: string }>;

const countVisit = (session: Visits) =>
  session.update((fields) => {
    fields.visits = (fields.visits ?? 0) + 1;
  });

/** Counts after everything of the handler, whose changes are in the store by then. */
@Injectable()
class VisitInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<{ session: Visits }>();
    const count = (value: unknown) => from(countVisit(request.session).then(() => value));
    return next.handle().pipe(mergeMap(count));
  }
}

@Controller('visits')
class VisitController {
  @Get('count')
  async count(@Session() session: Visits) {
    await countVisit(session);
    return { visits: session.visits };
  }
}

@Controller('counted')
@UseInterceptors(VisitInterceptor)
class CountedController {
  @Get('begin')
  begin(@Session() session: Visits) {
    session.note = 'begun';
    return {};
  }
}

/** Seconds. */
const MAX_AGE = 3600;
const TOKEN_LIFETIME = 1800;

let emulator: WristbandEmulator;
beforeAll(async () => {
  emulator = await startWristbandEmulator({ accessTokenTtl: TOKEN_LIFETIME });
});
afterAll(() => emulator.close());

describePlatforms('the cookie of a session in a store', (platform) => {
  let app: TestApp;
  beforeEach(async () => {
    const store = new MemorySessionStore();
    app = await startTestApp({
      emulator,
      platform,
      controllers: [VisitController, CountedController, CounterController],
      options: { session: { secrets: SESSION_SECRET, secure: false, maxAge: MAX_AGE, store } },
    });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await app.close();
  });
  const later = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
  const renewed = [expect.stringMatching(new RegExp(`^sid=[^;]+; Max-Age=${MAX_AGE};`))];

  // Otherwise browsers would drop it, and sign out somebody who is there all the time.
  it('is renewed for a user whose requests do nothing but update()', async () => {
    const browser = new Browser();
    await browser.get(`${app.origin}/counter/up`);
    later(MAX_AGE * 0.6);

    const response = await browser.get(`${app.origin}/visits/count`);

    expect(response.json()).toEqual({ visits: 1 });
    expect(response.setCookies).toEqual(renewed);
    expect((await browser.get(`${app.origin}/visits/count`)).setCookies).toEqual([]);
  });

  it('is renewed for a user whose requests all renew the access token', async () => {
    const browser = await signedIn(app, emulator);
    later(TOKEN_LIFETIME + 10);

    const response = await browser.get(`${app.origin}/api/auth/token`);

    expect([response.status, response.setCookies]).toEqual([200, renewed]);
    expect((await browser.get(`${app.origin}/api/auth/token`)).setCookies).toEqual([]);
  });

  it('is set for a session that is updated after it was written for the first time', async () => {
    const browser = new Browser();

    const response = await browser.get(`${app.origin}/counted/begin`);

    expect([response.status, response.setCookies]).toEqual([200, renewed]);
    expect((await browser.get(`${app.origin}/counter/read`)).json()).toEqual({ note: 'begun', visits: 1 });
  });
});
