import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
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
}

/** What becomes of a request with a session whose token is `right`, and the events that it makes. */
function verify(request: Request, session?: Partial<SessionOptions>): [outcome: string, ...WristbandEvent[]] {
  const events: WristbandEvent[] = [];
  const options = resolveOptions({
    clientId: 'client',
    clientSecret: SECRET,
    wristbandApplicationVanityDomain: 'a.example',
    trustedOrigins: [TRUSTED],
    onEvent: (event) => void events.push(event),
    ...(session && { session: { secrets: SECRET, ...session } }),
  });
  const { method = 'POST', headers = {}, isSocket = false, fields } = request;
  const message = Object.assign(new IncomingMessage(new Socket()), { method });
  Object.assign(message.headers, { host: 'app.example', ...headers });
  const stored = { userId: 'u-1', tenantId: 't-1', csrfToken: 'right', ...fields };
  try {
    new CsrfVerifier(options, new WristbandEvents(options)).verify(
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
    (session) => {
      expect(verify({ headers: FOREIGN }, session)).toEqual([
        'csrf_failed: The request was made by a page of a foreign site',
        refusal('foreign_site'),
      ]);
    },
  );

  it('lets a link on a foreign site lead to a page', () => {
    expect(verify({ method: 'GET', headers: FOREIGN }, HEADER)).toEqual(['passed']);
  });

  it('knows the host and the trusted origins', () => {
    expect(verify({ headers: { origin: 'https://app.example' } })).toEqual(['passed']);
    expect(verify({ headers: { origin: TRUSTED } })).toEqual(['passed']);
    expect(verify({ headers: { origin: 'https://evil.example' } })).toContainEqual(refusal('foreign_site'));
  });

  it('takes the worse one of a header that came twice', () => {
    const headers = {
      'sec-fetch-site': ['same-origin', 'cross-site'],
    } as unknown as IncomingMessage['headers'];

    expect(verify({ headers })).toContainEqual(refusal('foreign_site'));
  });

  it('refuses sockets of foreign pages although they are opened by GET, and asks them for no token', () => {
    const own = { origin: 'https://app.example', 'sec-fetch-site': 'same-origin' };
    const socket = { method: 'GET', isSocket: true };

    expect(verify({ ...socket, headers: { ...own, origin: 'https://evil.example' } }, HEADER)).toContainEqual(
      refusal('foreign_site'),
    );
    expect(verify({ ...socket, headers: own }, HEADER)).toEqual(['passed']);
  });

  it('asks for no token where the protection is off', () => {
    expect(verify({})).toEqual(['passed']);
    expect(
      verify({ headers: { 'x-custom-xsrf': 'wrong' } }, { ...HEADER, enableCsrfProtection: false }),
    ).toEqual(['passed']);
  });

  const message =
    'csrf_failed: The CSRF token is missing or wrong: send the cookie XSRF in the header X-Custom-XSRF';

  it.each([
    ['POST', undefined, 'token_missing'],
    ['POST', 'wrong', 'token_wrong'],
    ['POST', '', 'token_wrong'],
    ['POST', 'right, right', 'token_wrong'],
    ['GET', 'wrong', 'token_wrong'],
  ] as const)('refuses %s with the token %j', (method, token, reason) => {
    const headers = token === undefined ? {} : { 'x-custom-xsrf': token };

    expect(verify({ method, headers }, HEADER)).toEqual([message, refusal(reason)]);
  });

  it.each([
    ['POST', 'right'],
    ['GET', 'right'],
    ['GET', undefined],
  ])('lets %s with the token %j pass', (method, token) => {
    const headers = token === undefined ? {} : { 'x-custom-xsrf': token };

    expect(verify({ method, headers }, HEADER)).toEqual(['passed']);
  });

  it.each([undefined, null, 5, ''])('lets nothing pass when the token of the session is %j', (csrfToken) => {
    for (const headers of [{}, { 'x-custom-xsrf': '5' }])
      expect(verify({ headers, fields: { csrfToken } }, HEADER)[0]).toBe(message);
  });
});
