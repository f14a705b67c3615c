import fc, { type Arbitrary } from 'fast-check';
import { Sealer } from '../../lib/crypto/sealer.js';
import type { WireRequest } from '../support/raw-http.js';
import { base64url, damaged, distorted, hostileText, json, jsonText } from './texts.js';

/** What a hostile sender has at hand; a part that is good opens the way to what comes behind the first check. */
export interface Loot {
  readonly host: string;
  readonly sessionCookie: string;
  readonly csrfToken: string;
  readonly accessToken: string;
  /** `login#state#time=value` of a sign-in under way. */
  readonly loginCookie: string;
  readonly state: string;
  readonly logoutToken: string;
  readonly cookieName: string;
  readonly sessionSecret: string;
  readonly loginStateSecret: string;
}

const METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const AUTH = [
  'login',
  'callback',
  'callback',
  'logout',
  'session',
  'token',
  'back-channel-logout',
  'back-channel-logout',
];
const INPUT = ['session', 'jwt', 'either', 'roles', 'optional', 'public'];
const PARAMETERS =
  'tenant_name tenant_domain tenant_custom_domain return_url state error error_description login_hint idp_hint sign_in_attempt'.split(
    ' ',
  );

/** Every byte that HTTP allows in the value of a header (RFC 9110 section 5.5). */
const inHeader = (text: string) =>
  text.replaceAll(/[^\t -~\u0080-\u00ff]/g, (letter) =>
    Buffer.from(letter)
      .toString('latin1')
      .replaceAll(/\p{Cc}/gu, ''),
  );
const inTarget = (text: string) =>
  inHeader(text).replaceAll(
    /[^!-~]|#/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
const headerText = hostileText.map((text) => inHeader(text).slice(0, 3000));
/** For credentials: what looks like a host would turn up in a log by chance, and count as a secret there. */
const credentialText = headerText.map((text) => text.replaceAll(/[a-z0-9.-]{12,}/gi, '!'));

const optional = <T>(value: Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
const line = (name: string, value: Arbitrary<string>) => optional(value.map((text) => `${name}: ${text}`));

const query = (loot: Loot) => {
  const name = fc
    .tuple(
      fc.constantFrom(...PARAMETERS),
      fc.constantFrom('', '', '', '', '', '[]', '[a]', '[__proto__]', '%5B%5D'),
    )
    .map((parts) => parts.join(''));
  const good = fc.constantFrom(
    'acme',
    'globex',
    loot.state,
    `login.globex.localhost:1`,
    '/orders',
    `http://${loot.host}/orders`,
    'http://evil.com/',
    'login_required',
    'server_error',
    '1',
    '3',
  );
  const value = fc.oneof(
    good,
    good.map(encodeURIComponent),
    hostileText.map((text) => encodeURIComponent(text.toWellFormed())),
    hostileText.map(inTarget),
  );
  // A code counts as a secret.
  const code = fc.tuple(fc.constantFrom('code', 'access_token', 'code[]'), credentialText.map(inTarget));
  const parameter = fc.oneof({ weight: 6, arbitrary: fc.tuple(name, value) }, code);
  return fc.array(parameter, { maxLength: 4 }).map((pairs) =>
    pairs
      .map((pair) => pair.join('='))
      .join('&')
      .slice(0, 4000),
  );
};

/** A callback for the sign-in under way, so that what is in its cookie is looked at. */
const callback = (loot: Loot) =>
  fc
    .tuple(
      fc.constantFrom(`code=x&state=${loot.state}`, `error=x&state=${loot.state}`, `state=${loot.state}`),
      query(loot),
    )
    .map(([start, rest]) => `${start}&${rest}`);

const FIELDS = {
  isAuthenticated: true,
  accessToken: 'a.b.c',
  expiresAt: 9e15,
  userId: 'u',
  tenantId: 't',
  tenantName: 'acme',
  csrfToken: 'c',
  roles: ['app:emulator:viewer'],
  refreshToken: 'r',
};

/** Cookies whose seal is right, and what is in them is anything. */
function sealedCookies({
  cookieName,
  sessionSecret,
  loginStateSecret,
  loginCookie,
  state,
}: Loot): Arbitrary<string> {
  const session = new Sealer('session', [sessionSecret]);
  const id = new Sealer('session-id', [sessionSecret]);
  const login = new Sealer('login-state', [loginStateSecret]);
  const now = Date.now();
  const stored = { id: 'id', createdAt: now / 1000, fields: FIELDS };
  const loginState = {
    state: state.split('.')[0],
    codeVerifier: 'v',
    nonce: 'n',
    redirectUri: 'http://x/',
    tenantName: 'acme',
    returnUrl: '/',
    customState: {},
  };
  const [loginName] = loginCookie.split('=');
  return fc.oneof(
    distorted(FIELDS).map(
      (fields) => `${cookieName}=${session.seal(jsonText({ ...stored, fields }), undefined, now - 600_000)}`,
    ),
    fc.oneof(distorted(stored), json).map((data) => `${cookieName}=${session.seal(jsonText(data))}`),
    json.map((data) => `${cookieName}=${id.seal(jsonText(data))}`),
    fc.oneof(distorted(loginState), json).map((data) => `${loginName}=${login.seal(jsonText(data), 60)}`),
  );
}

function cookie(loot: Loot): Arbitrary<string> {
  const { sessionCookie, loginCookie, cookieName } = loot;
  const name = fc.constantFrom(
    cookieName,
    `${cookieName}.0`,
    `${cookieName}.1`,
    `${cookieName}.99999999999`,
    '__proto__',
    'CSRF-TOKEN',
    `login#${loot.state}#1`,
    'login#a#1',
    '',
  );
  return fc.oneof(
    fc.constantFrom(sessionCookie, loginCookie),
    sealedCookies(loot),
    damaged(sessionCookie).map(inHeader),
    damaged(loginCookie).map(inHeader),
    fc
      .nat(sessionCookie.length)
      .map(
        (at) =>
          `${sessionCookie.slice(0, at).replace('=', '.0=')}; ${cookieName}.1=${sessionCookie.slice(at)}`,
      ),
    fc.tuple(name, credentialText).map((pair) => pair.join('=')),
    credentialText,
    // What belongs to the other purpose.
    fc.constant(`${loginCookie.split('=')[0]}=${sessionCookie.slice(sessionCookie.indexOf('=') + 1)}`),
  );
}

function authorization({ accessToken }: Loot): Arbitrary<string> {
  const header = distorted({ alg: 'RS256', typ: 'at+jwt', kid: 'x' });
  const made = fc
    .tuple(header, distorted({ sub: 'u', exp: 9e9, roles: [] }), credentialText)
    .map(([head, claims, end]) => `Bearer ${base64url(head)}.${base64url(claims)}.${end}`);
  return fc.oneof(
    fc.constant(`Bearer ${accessToken}`),
    damaged(`Bearer ${accessToken}`).map(inHeader),
    made.filter((text) => text.length < 3000),
    fc
      .tuple(fc.constantFrom('Bearer ', 'bearer\t', 'BEARER', 'Basic ', ''), credentialText)
      .map((parts) => parts.join('')),
  );
}

function headers(loot: Loot): Arbitrary<string[]> {
  const { host, csrfToken } = loot;
  const hosts = fc.oneof(
    { weight: 6, arbitrary: fc.constant(host) },
    fc.constantFrom(`acme.${host}`, `evil.com`, `[::1]:80`, ''),
    headerText,
  );
  const site = fc.oneof(
    headerText,
    fc.constantFrom(
      'null',
      `http://${host}`,
      'https://evil.com',
      'http://[',
      'same-origin',
      'cross-site',
      'none',
    ),
  );
  const optionals = fc.tuple(
    line(
      'Cookie',
      fc.array(cookie(loot), { maxLength: 3 }).map((all) => all.join('; ')),
    ),
    line('cookie', cookie(loot)),
    line('Authorization', authorization(loot)),
    optional(authorization(loot).map((text) => `authorization: ${text}`)),
    line('X-CSRF-TOKEN', fc.oneof(fc.constant(csrfToken), credentialText)),
    line('Origin', site),
    line('Sec-Fetch-Site', site),
    line('Sec-Fetch-Mode', fc.oneof(fc.constantFrom('navigate', 'cors'), headerText)),
    line('Accept', fc.oneof(fc.constant('text/html'), headerText)),
    line('Sec-Purpose', fc.oneof(fc.constant('prefetch'), headerText)),
    line('X-Forwarded-Host', hosts),
    line('X-Forwarded-Proto', headerText),
    line('Host', hosts),
    line('If-None-Match', fc.oneof(fc.constant('*'), headerText)),
    line('Range', headerText),
  );
  // Each of them seldom: with all of them nothing would get past the first check.
  return fc
    .tuple(hosts, optionals, fc.integer({ min: 0, max: 2 ** 15 - 1 }), fc.boolean())
    .map(([first, lines, mask, isPlain]) => [
      `Host: ${first}`,
      ...lines
        .filter((text, index) => text !== undefined && (!isPlain || index < 2 || mask & (1 << index)))
        .map(String),
    ]);
}

function body(loot: Loot): Arbitrary<{ type: string; body: string }> {
  const form = fc.array(
    fc.tuple(
      fc.constantFrom('logout_token', 'logout_token[]', 'a', '__proto__'),
      fc
        .oneof(fc.constant(loot.logoutToken), damaged(loot.logoutToken), credentialText)
        .map(encodeURIComponentSafely),
    ),
    { maxLength: 3 },
  );
  const text = fc.oneof(
    form.map((pairs) => pairs.map((pair) => pair.join('=')).join('&')),
    json.map(jsonText),
    damaged(json.map(jsonText)),
    hostileText,
  );
  const type = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.constantFrom(
        'application/x-www-form-urlencoded',
        'application/x-www-form-urlencoded; charset=utf-8',
        'application/json',
        'text/plain',
        '',
      ),
    },
    headerText,
  );
  return fc.record({ type, body: text.map((given) => Buffer.from(given).toString('latin1')) });
}

const encodeURIComponentSafely = (text: string) => encodeURIComponent(text.toWellFormed());

/** Requests that HTTP allows, and that nobody means well with. */
export function hostileRequest(loot: Loot): Arbitrary<WireRequest> {
  const path = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...AUTH).map((name) => `/api/auth/${name}`) },
    fc.constantFrom(...INPUT).map((name) => `/input/${name}`),
    damaged('/api/auth/login').map((text) => `/${inTarget(text).slice(1)}`),
  );
  const target = fc
    .oneof(
      { weight: 3, arbitrary: fc.tuple(path, query(loot)) },
      fc.tuple(fc.constant('/api/auth/callback'), callback(loot)),
    )
    .map((parts) => parts.join('?'));
  return (
    fc
      .record({
        method: fc.constantFrom(...METHODS),
        target,
        headers: headers(loot),
        content: optional(body(loot)),
      })
      .map(({ method, target: to, headers: lines, content }) => {
        const hasBody = content !== undefined && !['GET', 'HEAD', 'OPTIONS'].includes(method);
        const type = hasBody && content.type !== '' ? [`Content-Type: ${content.type}`] : [];
        return { method, target: to, headers: [...lines, ...type], ...(hasBody && { body: content.body }) };
      })
      // Node itself answers 431 to more than 16 kB, also in the place of a request before it on the connection.
      .filter(({ target: to, headers: lines }) => to.length + lines.join('\r\n').length < 15_000)
  );
}
