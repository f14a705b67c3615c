import { Body, Controller, Get, Post, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type HttpRequest,
  type HttpResponse,
  SessionAuthGuard,
  type WristbandException,
  WristbandAuthService,
} from '../../lib/index.js';
import { signInAs, startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

@Controller()
@UseGuards(SessionAuthGuard)
class FormsController {
  @Post('form')
  form(@Body() body: object) {
    return body;
  }

  @Get('form')
  show() {
    return {};
  }
}

const URLENCODED = 'application/x-www-form-urlencoded';

describePlatforms('middleware that asks who sends a request', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let headers: Readonly<Record<string, string>>;
  let token: string;
  let userId: string;
  /** What middleware found out about the last request. */
  let found: string | undefined;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({
      emulator,
      platform,
      trustsProxies: true,
      controllers: [FormsController],
      options: { session: { secrets: SESSION_SECRET, secure: false, enableCsrfProtection: true } },
      configure: (nest) => {
        const wristband = nest.get(WristbandAuthService);
        // Before the body is parsed: Fastify gives it the plain request.
        nest.use((request: HttpRequest, response: HttpResponse, next: () => void) => {
          wristband
            .authenticate(request, response)
            .then(
              ({ user }) => (found = user.userId),
              ({ code }: WristbandException) => (found = code),
            )
            .finally(next);
        });
      },
    });
    const signedIn = await signInAs(app.app, { user: 'grace@acme.example' });
    userId = signedIn.userId;
    headers = { cookie: signedIn.headers.cookie! };
    token = Object.entries(signedIn.headers).find(([name]) => /^x-csrf-token$/i.test(name))![1];
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  const post = (more: Record<string, string>, body: Record<string, string> = {}) =>
    new Browser().submit(`${app.origin}/form`, body, { headers: { ...headers, ...more } });

  it.each([
    ['shop.example', 'https://shop.example'],
    ['shop.example:8443', 'https://shop.example:8443'],
    ['shop.example:443', 'https://shop.example'],
    ['[::1]:8443', 'https://[::1]:8443'],
  ])('reads the forwarded host %s as the guard does', async (host, origin) => {
    const forwarded = { 'x-forwarded-host': host, host: 'backend:3000', 'x-csrf-token': token };

    expect((await post({ ...forwarded, origin })).status).toBe(201);
    expect(found).toBe(userId);
    for (const other of ['https://evil.example', 'https://backend:3000', 'https://shop.example:9443']) {
      expect((await post({ ...forwarded, origin: other })).status).toBe(403);
      expect(found).toBe('csrf_failed');
    }
  });

  it('does not repeat its refusal where the token comes in a form that is parsed later', async () => {
    const response = await post({}, { _csrf: token, name: 'Ada' });

    expect(found).toBe('csrf_failed');
    expect(response.status).toBe(201);
    expect(response.json()).toEqual({ _csrf: token, name: 'Ada' });
  });

  it.each([
    ['no token', {}, {}],
    ['a wrong one', { _csrf: 'wrong' }, {}],
    ['an empty one', { _csrf: '' }, {}],
    ['the right one beside a wrong header', {}, { 'x-csrf-token': 'wrong' }],
  ])('refuses a form with %s', async (title, body, more) => {
    const form = title.includes('right') ? { _csrf: token } : body;

    expect((await post(more, form)).json()).toMatchObject({ statusCode: 403, code: 'csrf_failed' });
  });

  it('refuses a token that comes twice, in another type of body, or in the query', async () => {
    const send = (path: string, type: string, body: string) =>
      new Browser().post(`${app.origin}${path}`, { headers: { ...headers, 'content-type': type }, body });

    expect((await send('/form', URLENCODED, `_csrf=${token}&_csrf=${token}`)).status).toBe(403);
    expect((await send('/form', 'application/json', JSON.stringify({ _csrf: token }))).status).toBe(403);
    expect((await send(`/form?_csrf=${token}`, URLENCODED, '')).status).toBe(403);
    expect((await send('/form', URLENCODED, `_csrf=${token}`)).status).toBe(201);
  });

  it('refuses the right token from a foreign page', async () => {
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'null' },
    ];
    for (const more of foreign) expect((await post(more, { _csrf: token })).status).toBe(403);
  });
});
