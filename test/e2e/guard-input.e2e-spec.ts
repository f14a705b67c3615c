import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { accessTokenOf, signedIn } from '../support/bearer-tokens.js';
import { InputController } from '../support/input.controller.js';
import { sendPipelined } from '../support/raw-http.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

let emulator: WristbandEmulator;
let app: TestApp;
let token = '';
let cookie = '';
let csrfToken = '';

/** @param lines headers as they stand on the wire */
async function statusOf(path: string, lines: readonly string[], method = 'GET'): Promise<number> {
  const headers = [`Host: localhost:${app.port}`, ...lines];
  const [answer] = await sendPipelined(app.port, [{ method, target: `/input/${path}`, headers }]);
  return answer?.status ?? 0;
}

describePlatforms('a request that brings something twice', (platform) => {
  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({
      emulator,
      platform,
      controllers: [InputController],
      options: {
        scopes: ['openid', 'offline_access', 'email', 'roles'],
        redirectPagesToLogin: true,
        session: { secrets: SESSION_SECRET, secure: false, enableCsrfProtection: true, maxCookies: 2 },
      },
    });
    const browser = await signedIn(app, emulator);
    const all = await browser.jar.getCookies(app.origin);
    cookie = `session=${all.find(({ key }) => key === 'session')?.value}`;
    csrfToken = all.find(({ key }) => key === 'CSRF-TOKEN')?.value ?? '';
    token = await accessTokenOf(app, emulator);
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  const bearer = () => `Authorization: Bearer ${token}`;

  it.each<[title: string, lines: () => string[], status: number]>([
    ['one good token', () => [bearer()], 200],
    ['the scheme in lower case', () => [`authorization: bearer ${token}`], 200],
    ['the scheme in upper case', () => [`AUTHORIZATION: BEARER ${token}`], 200],
    ['the scheme in any case, with spaces', () => [`Authorization:   bEaReR   ${token}   `], 200],
    ['the same good token', () => [bearer(), bearer()], 401],
    ['a good token before a bad one', () => [bearer(), 'Authorization: Bearer bad'], 401],
    ['a bad token before a good one', () => ['Authorization: Bearer bad', bearer()], 401],
    ['a password before a good token', () => ['Authorization: Basic YTpi', bearer()], 401],
    ['a good token before an empty header', () => [bearer(), 'Authorization:'], 401],
    ['names in different cases', () => [bearer(), bearer().replace('A', 'a')], 401],
    ['good tokens in one header', () => [`${bearer()}, Bearer ${token}`], 401],
    ['a good token over two lines', () => [bearer(), ' continued'], 0],
    ['no scheme', () => [`Authorization: ${token}`], 401],
    ['a good token under another name', () => [`Proxy-Authorization: Bearer ${token}`], 401],
    ['a good token in the query', () => [], 401],
  ])('%s', async (_title, lines, status) => {
    const query = lines().length === 0 ? `?access_token=${token}` : '';
    const answer = await statusOf(`jwt${query}`, lines());

    // What breaks the protocol ends in the HTTP server, before any guard.
    expect(answer === 400 ? 0 : answer).toBe(status);
  });

  it.each<[title: string, lines: () => string[], status: number]>([
    ['one good cookie', () => [`Cookie: ${cookie}`], 200],
    ['the same good cookie', () => [`Cookie: ${cookie}`, `Cookie: ${cookie}`], 200],
    ['a bad cookie before a good one', () => ['Cookie: session=bad', `Cookie: ${cookie}`], 200],
    ['a good cookie before a bad one', () => [`Cookie: ${cookie}; session=bad`], 200],
    ['broken cookies of others', () => [`Cookie: a=%E0%A4%A; =; b; ${cookie}; "`], 200],
    ['only bad ones', () => ['Cookie: session=bad', 'Cookie: session=worse'], 401],
  ])('%s', async (_title, lines, status) => {
    expect(await statusOf('session', lines())).toBe(status);
  });

  it.each<[title: string, lines: (own: string) => string[], status: number]>([
    ['one Origin, the own one', (own) => [`Origin: ${own}`], 200],
    ['CSRF tokens', () => [`X-CSRF-TOKEN: ${csrfToken}`], 403],
    ['Origin, the own one first', (own) => [`Origin: ${own}`, 'Origin: https://evil.example'], 403],
    ['Origin, the own one last', (own) => ['Origin: https://evil.example', `Origin: ${own}`], 403],
    [
      'Sec-Fetch-Site, the good one first',
      () => ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'],
      403,
    ],
    [
      'Sec-Fetch-Site, the good one last',
      () => ['Sec-Fetch-Site: Cross-Site', 'Sec-Fetch-Site: same-origin'],
      403,
    ],
  ])('%s, with a session', async (_title, lines, status) => {
    const sent = [`Cookie: ${cookie}`, `X-CSRF-TOKEN: ${csrfToken}`, ...lines(app.origin)];

    expect(await statusOf('session', sent, 'POST')).toBe(status);
  });

  it('a good token and a foreign page', async () => {
    const foreign = ['Origin: https://evil.example', 'Sec-Fetch-Site: cross-site'];

    expect(await statusOf('jwt', [bearer(), ...foreign], 'POST')).toBe(200);
    expect(await statusOf('either', [bearer(), `Cookie: ${cookie}`, ...foreign], 'POST')).toBe(200);
    expect(await statusOf('either', [`Cookie: ${cookie}`, ...foreign], 'POST')).toBe(403);
  });
});
