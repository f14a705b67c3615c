import net from 'node:net';
import { All, Controller, UseGuards } from '@nestjs/common';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Auth, CurrentUser, OptionalAuth, Roles, RolesGuard, Session } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { accessTokenOf, signedIn } from '../support/bearer-tokens.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

@Controller('input')
class InputController {
  @All('session')
  @Auth('SESSION')
  session(@CurrentUser('strategy') strategy: string, @Session('userId') userId: string) {
    return { strategy, userId };
  }

  @All('jwt')
  @Auth('JWT')
  jwt(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @All('either')
  @Auth('JWT', 'SESSION')
  either(@CurrentUser('strategy') strategy: string) {
    return { strategy };
  }

  @All('roles')
  @UseGuards(RolesGuard)
  @Auth('SESSION', 'JWT')
  @Roles(['app:emulator:viewer'])
  roles() {
    return { strategy: 'roles' };
  }

  @All('optional')
  @OptionalAuth()
  @Auth('SESSION', 'JWT')
  optional(@CurrentUser('strategy') strategy: string | undefined) {
    return { strategy: strategy ?? 'nobody' };
  }
}

const PATHS = ['session', 'jwt', 'either', 'roles', 'optional'];
const METHODS = ['GET', 'POST', 'DELETE', 'OPTIONS'];
/** Requests that are sent at once over one connection. */
const BATCH = 100;
/** Batches for each platform: 20,000 requests in all. */
const RUNS = 100;

interface Sent {
  readonly method: string;
  readonly path: string;
  /** Lines as they stand on the wire. */
  readonly headers: readonly string[];
}

let emulator: WristbandEmulator;
let app: TestApp;
let token = '';
let cookie = '';
let csrfToken = '';

/** Sends requests in one go over a bare socket, and answers their statuses in order. */
function statusesOf(requests: readonly Sent[]): Promise<number[]> {
  const lines = requests.map(({ method, path, headers }) =>
    [
      `${method} /input/${path} HTTP/1.1`,
      `Host: localhost:${app.port}`,
      'Content-Length: 0',
      ...headers,
      '',
      '',
    ].join('\r\n'),
  );
  return new Promise((resolve, reject) => {
    const socket = net.connect(app.port, '127.0.0.1');
    let text = '';
    const statuses = () => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
    socket.setEncoding('latin1');
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer after ${text.slice(-300)}`)));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (statuses().length >= requests.length) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(statuses()));
    socket.write(Buffer.from(lines.join(''), 'latin1'));
  });
}

async function statusOf(path: string, headers: readonly string[], method = 'GET'): Promise<number> {
  const [status = 0] = await statusesOf([{ method, path, headers }]);
  return status;
}

/** Every byte that HTTP allows in the value of a header (RFC 9110 section 5.5). */
const byte = fc
  .integer({ min: 0x09, max: 0xff })
  .filter((code) => code === 0x09 || (code >= 0x20 && code !== 0x7f))
  .map((code) => String.fromCharCode(code));
const bytes = fc.string({ unit: byte, maxLength: 120 });
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A text with a part of it taken out, doubled, or replaced. */
const damaged = (good: () => string) =>
  fc.tuple(fc.nat(), fc.nat(40), bytes).map(([position, length, instead]) => {
    const at = position % good().length;
    return good().slice(0, at) + instead + good().slice(at + length);
  });

const authorization = fc.oneof(
  bytes,
  fc
    .tuple(fc.constantFrom('Bearer ', 'bearer ', 'BEARER', 'Bearer\t', 'Bearer  ', 'Basic ', 'DPoP '), bytes)
    .map((parts) => parts.join('')),
  damaged(() => token).map((value) => `Bearer ${value}`),
  fc
    .tuple(
      fc.record(
        {
          alg: fc.constantFrom<unknown>('RS256', 'HS256', 'none', 1, null),
          kid: fc.anything(),
          typ: fc.anything(),
        },
        { requiredKeys: [] },
      ),
      fc.oneof(
        fc.jsonValue(),
        fc.record({ sub: fc.jsonValue(), exp: fc.jsonValue(), roles: fc.jsonValue() }),
      ),
      fc.base64String({ maxLength: 40 }),
    )
    .map(([header, payload, signature]) => {
      const withoutBigNumbers = JSON.stringify(header, (_, value: unknown) =>
        typeof value === 'bigint' ? 1 : value,
      );
      return `Bearer ${Buffer.from(withoutBigNumbers).toString('base64url')}.${base64url(payload)}.${signature}`;
    })
    .filter((value) => value.length < 2000),
);
const cookies = fc.oneof(
  bytes,
  damaged(() => cookie),
  fc
    .array(
      fc.oneof(
        bytes,
        fc.constantFrom(
          'session=',
          'session.0=',
          'session.1=',
          'session.99999999999=',
          'session.-1=',
          '__proto__=',
          'CSRF-TOKEN=',
          ';',
          '; ',
          '=',
          '"',
          '%',
          '%00',
          '%E0%A4%A',
          'j:{}',
        ),
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join('')),
);
const site = fc.oneof(
  bytes,
  fc.constantFrom(
    'null',
    'https://evil.example',
    'http://[',
    'http://localhost:',
    'cross-site',
    'same-origin',
  ),
);

const optional = <T>(name: string, value: fc.Arbitrary<T>) =>
  fc.option(
    value.map((text) => `${name}: ${String(text)}`),
    { nil: undefined },
  );
const request = fc
  .record({
    method: fc.constantFrom(...METHODS),
    path: fc.constantFrom(...PATHS),
    headers: fc.tuple(
      optional('Authorization', authorization),
      optional(
        'Cookie',
        fc.oneof(
          cookies,
          fc.constant('').map(() => cookie),
        ),
      ),
      optional('X-CSRF-TOKEN', bytes),
      optional('Origin', site),
      optional('Sec-Fetch-Site', site),
      optional('Sec-Fetch-Mode', fc.constantFrom('navigate', 'cors', '')),
      optional('Accept', fc.oneof(bytes, fc.constant('text/html'))),
      optional('X-Forwarded-Host', bytes),
    ),
  })
  .map(({ headers, ...rest }) => ({
    ...rest,
    headers: headers.filter((line) => line !== undefined),
  }));

/** A good credential, but for its last letter: of that one not every bit counts. */
const mayPass = ({ path, headers }: Sent) =>
  path === 'optional' ||
  headers.some((line) => line.includes(token.slice(0, -1)) || line.includes(cookie.slice(0, -1)));

describePlatforms('whatever a request brings along', (platform) => {
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

  it('is never a 500, and nobody passes without a good credential', { timeout: 180_000 }, async () => {
    const seen = new Map<number, number>();
    const batch = fc.array(request, { minLength: BATCH, maxLength: BATCH });
    await fc.assert(
      fc.asyncProperty(batch, async (requests) => {
        const statuses = await statusesOf(requests);

        expect(statuses).toHaveLength(requests.length);
        for (const [index, status] of statuses.entries()) {
          seen.set(status, (seen.get(status) ?? 0) + 1);
          const sent = requests[index]!;
          expect([200, 302, 401, 403], JSON.stringify(sent)).toContain(status);
          if (status === 200) expect(mayPass(sent), JSON.stringify(sent)).toBe(true);
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );

    // The requests were good enough to get everywhere.
    expect([...seen.keys()].toSorted((a, b) => a - b)).toEqual([200, 302, 401, 403]);
  });

  describe('twice', () => {
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
});
