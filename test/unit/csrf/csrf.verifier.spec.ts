import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { AutoConfiguration } from '../../../lib/config/auto-configuration.js';
import { resolveOptions } from '../../../lib/config/resolved-options.js';
import { CsrfVerifier } from '../../../lib/csrf/csrf.verifier.js';
import { WristbandEvents } from '../../../lib/events/wristband-events.js';
import type { SessionOptions, WristbandEvent, WristbandException } from '../../../lib/index.js';
import { WristbandSession } from '../../../lib/session/session.js';
import { SESSION_HOOKS } from '../../support/session-hooks.js';

const SECRET = 'a-secret-for-tests-with-32-characters-or-more';
const TRUSTED = 'https://trusted.example';
const HEADER = { enableCsrfProtection: true, csrfHeaderName: 'X-Custom-XSRF', csrfCookieName: 'XSRF' };
const FOREIGN = { 'sec-fetch-site': 'cross-site' };

interface Request {
  readonly method?: string;
  readonly headers?: IncomingMessage['headers'];
  readonly isSocket?: boolean;
  readonly fields?: Record<string, unknown>;
  readonly body?: unknown;
}

const warnings: string[] = [];

/** What becomes of a request with a session whose token is `right`, and the events that it makes. */
async function verify(
  request: Request,
  session?: Partial<SessionOptions>,
): Promise<[outcome: string, ...WristbandEvent[]]> {
  const events: WristbandEvent[] = [];
  const options = resolveOptions({
    clientId: 'client',
    clientSecret: SECRET,
    wristbandApplicationVanityDomain: 'a.example',
    autoConfigureEnabled: false,
    loginUrl: 'https://own.example/login',
    redirectUri: 'https://own.example/callback',
    trustedOrigins: [TRUSTED],
    logger: { log() {}, error() {}, warn: (line: string) => void warnings.push(line) },
    onEvent: (event) => void events.push(event),
    ...(session && { session: { secrets: SECRET, ...session } }),
  });
  const { method = 'POST', headers = {}, isSocket = false, fields, body } = request;
  const message = Object.assign(new IncomingMessage(new Socket()), { method, body });
  Object.assign(message.headers, { host: 'app.example', ...headers });
  const stored = { userId: 'u-1', tenantId: 't-1', csrfToken: 'right', ...fields };
  try {
    const log = new WristbandEvents(options);
    // Without auto-configuration there is nothing to fetch.
    const configuration = new AutoConfiguration(options, undefined as never, log);
    await new CsrfVerifier(options, configuration, log).verify(
      { type: isSocket ? 'ws' : 'http', request: message, isSocket },
      new WristbandSession({ id: 'id-1', createdAt: 1, fields: stored }, SESSION_HOOKS),
    );
    return ['passed', ...events];
  } catch (error) {
    const { code, message: text } = error as WristbandException;
    return [`${code}: ${text}`, ...events];
  }
}

const refusal = (reason: 'foreign_site' | 'token_missing' | 'token_wrong'): WristbandEvent => ({
  type: 'csrf.refused',
  reason,
  userId: 'u-1',
  tenantId: 't-1',
});

describe('CsrfVerifier', () => {
  it.each([undefined, {}, HEADER])(
    'refuses what the page of a foreign site does, with the options %j',
    async (session) => {
      expect(await verify({ headers: FOREIGN }, session)).toEqual([
        'csrf_failed: The request was made by a page of a foreign site',
        refusal('foreign_site'),
      ]);
    },
  );

  it('lets a link on a foreign site lead to a page', async () => {
    expect(await verify({ method: 'GET', headers: FOREIGN }, HEADER)).toEqual(['passed']);
  });

  it('knows the host and the trusted origins', async () => {
    expect(await verify({ headers: { origin: 'https://app.example' } })).toEqual(['passed']);
    expect(await verify({ headers: { origin: TRUSTED } })).toEqual(['passed']);
    expect(await verify({ headers: { origin: 'https://evil.example' } })).toContainEqual(
      refusal('foreign_site'),
    );
  });

  it('takes the worse one of a header that came twice', async () => {
    const headers = {
      'sec-fetch-site': ['same-origin', 'cross-site'],
    } as unknown as IncomingMessage['headers'];

    expect(await verify({ headers })).toContainEqual(refusal('foreign_site'));
  });

  it('refuses sockets of foreign pages although they are opened by GET, and asks them for no token', async () => {
    const own = { origin: 'https://app.example', 'sec-fetch-site': 'same-origin' };
    const socket = { method: 'GET', isSocket: true };

    expect(
      await verify({ ...socket, headers: { ...own, origin: 'https://evil.example' } }, HEADER),
    ).toContainEqual(refusal('foreign_site'));
    expect(await verify({ ...socket, headers: own }, HEADER)).toEqual(['passed']);
  });

  it('asks for no token where the protection is off', async () => {
    expect(await verify({})).toEqual(['passed']);
    expect(
      await verify({ headers: { 'x-custom-xsrf': 'wrong' } }, { ...HEADER, enableCsrfProtection: false }),
    ).toEqual(['passed']);
  });

  const message =
    'csrf_failed: The CSRF token is missing or wrong: send the cookie XSRF in the header X-Custom-XSRF, or in the field _csrf of a form';

  it.each([
    ['POST', undefined, 'token_missing'],
    ['POST', 'wrong', 'token_wrong'],
    ['POST', '', 'token_wrong'],
    ['POST', 'right, right', 'token_wrong'],
    ['GET', 'wrong', 'token_wrong'],
  ] as const)('refuses %s with the token %j', async (method, token, reason) => {
    const headers = token === undefined ? {} : { 'x-custom-xsrf': token };

    expect(await verify({ method, headers }, HEADER)).toEqual([message, refusal(reason)]);
  });

  it.each([
    ['POST', 'right'],
    ['GET', 'right'],
    ['GET', undefined],
  ])('lets %s with the token %j pass', async (method, token) => {
    const headers = token === undefined ? {} : { 'x-custom-xsrf': token };

    expect(await verify({ method, headers }, HEADER)).toEqual(['passed']);
  });

  it.each([undefined, null, 5, ''])(
    'lets nothing pass when the token of the session is %j',
    async (csrfToken) => {
      for (const headers of [{}, { 'x-custom-xsrf': '5' }])
        expect((await verify({ headers, fields: { csrfToken } }, HEADER))[0]).toBe(message);
    },
  );

  it.each([
    [{ origin: 'https://own.example', host: 'backend:3000' }, undefined],
    [
      { origin: 'https://shop.example', host: 'backend:3000' },
      /Origin https:\/\/shop\.example, Host backend:3000.*trustedOrigins.*loginUrl and redirectUri/,
    ],
    [{ ...FOREIGN, origin: 'https://evil.example' }, /Origin https:\/\/evil\.example, Host app\.example/],
    [{ origin: 'null' }, /Origin null.*Referrer-Policy: no-referrer.*send Referrer-Policy: same-origin/],
    [{ origin: `https://a.example/${'\u001b\u0085x'.repeat(500)}` }, /^[ -~]{1,900}$/],
  ])('logs what the page and the host were, and what to do: %j', async (headers, line) => {
    warnings.length = 0;

    const [outcome] = await verify({ headers });

    expect(outcome === 'passed').toBe(line === undefined);
    expect(warnings).toEqual(line === undefined ? [] : [expect.stringMatching(line)]);
  });

  describe('reads the token from the field _csrf of a form that was parsed', () => {
    const URLENCODED = 'application/x-www-form-urlencoded';

    it.each([
      [URLENCODED, { _csrf: 'right' }],
      [
        'Application/X-WWW-Form-Urlencoded; charset=utf-8',
        Object.assign(Object.create(null), { _csrf: 'right' }),
      ],
      ['multipart/form-data; boundary=x', { _csrf: 'right' }],
      ['multipart/form-data; boundary=x', { _csrf: { fieldname: '_csrf', value: 'right' } }],
    ])('%s %j', async (type, body) => {
      expect(await verify({ headers: { 'content-type': type }, body }, HEADER)).toEqual(['passed']);
    });

    it.each([
      ['token_wrong', URLENCODED, { _csrf: 'wrong' }],
      ['token_wrong', URLENCODED, { _csrf: '' }],
      ['token_wrong', URLENCODED, { _csrf: ['right', 'right'] }],
      ['token_wrong', URLENCODED, { _csrf: { toString: 'right' } }],
      ['token_wrong', URLENCODED, { _csrf: null }],
      ['token_missing', URLENCODED, Object.create({ _csrf: 'right' })],
      ['token_missing', URLENCODED, '_csrf=right'],
      ['token_missing', URLENCODED, undefined],
      ['token_missing', URLENCODED, null],
      ['token_missing', 'application/json', { _csrf: 'right' }],
      ['token_missing', 'text/plain', { _csrf: 'right' }],
      ['token_missing', undefined, { _csrf: 'right' }],
    ] as const)('%s: %s %j', async (reason, type, body) => {
      const headers = type === undefined ? {} : { 'content-type': type };

      expect(await verify({ headers, body }, HEADER)).toContainEqual(refusal(reason));
    });

    it('does not look there when there is a header', async () => {
      const headers = { 'content-type': URLENCODED, 'x-custom-xsrf': 'wrong' };

      expect(await verify({ headers, body: { _csrf: 'right' } }, HEADER)).toContainEqual(
        refusal('token_wrong'),
      );
    });
  });
});
