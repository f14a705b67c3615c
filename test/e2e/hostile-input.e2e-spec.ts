import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Sealer } from '../../lib/crypto/sealer.js';
import { type SessionResponse, WristbandModule, type WristbandOptions } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { AuthController, authSettings } from '../support/auth.controller.js';
import { Browser } from '../support/browser.js';
import { type RawAnswer, sendBytes } from '../support/raw-http.js';
import { signIn, submitDiscovery, submitPassword } from '../support/sign-in.js';
import {
  describePlatforms,
  optionsFor,
  type Platform,
  SESSION_SECRET,
  startTestApp,
  type TestApp,
} from '../support/test-app.js';

interface RawRequest {
  readonly host?: string | undefined;
  /** Further header lines, sent as they stand. */
  readonly headers?: readonly string[];
}

/** An application with its Wristband, and the hosts that it may send a browser to. */
interface Site {
  readonly app: TestApp;
  readonly emulator: WristbandEmulator;
  /** A tenant host as the configuration builds it. */
  tenantHost(name: string): string;
  isAllowedHost(host: string): boolean;
}

interface SiteOptions {
  readonly platform?: Platform;
  readonly hasSubdomains?: boolean;
  /** Tenant hosts are `{tenant}-{vanity}` instead of `{tenant}.{vanity}`. */
  readonly hasDashedHosts?: boolean;
  readonly options?: Partial<WristbandOptions>;
}

type Row = readonly [what: string, encoded: string];

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const EIGHT_KILOBYTES = 'e'.repeat(8192);
// Everything that Express, Fastify and this library send by themselves: one more line means an injected one.
const KNOWN_HEADERS = new Set(
  'cache-control connection content-length content-type date etag keep-alive location pragma referrer-policy set-cookie transfer-encoding vary x-powered-by'.split(
    ' ',
  ),
);

const HOSTILE_NAMES: readonly Row[] = [
  ['an encoded slash', 'evil.com%2F'],
  ['a slash as it is', 'evil.com/'],
  ['a slash that is encoded twice', 'evil.com%252F'],
  ['a path and a query', 'evil.com/path%3Fx%3D'],
  ['an encoded fragment', 'evil.com%23'],
  ['an encoded question mark', 'evil.com%3F'],
  ['an encoded at sign', 'evil.com%40'],
  ['user and password', 'user:password%40evil.com'],
  ['an encoded backslash', 'evil.com%5C'],
  ['a backslash as it is', 'evil.com\\'],
  ['a full URL', 'https%3A%2F%2Fevil.com'],
  ['a URL without scheme', '%2F%2Fevil.com'],
  ['a script URL', 'javascript:alert(1)//evil'],
  ['a dot', 'evil.com'],
  ['a trailing dot', 'evil.'],
  ['a leading dot', '.evil'],
  ['only dots', '..'],
  ['a port', 'evil%3A443'],
  ['an IPv6 address', '%5B%3A%3A1%5D'],
  ['an IPv4 address', '127.0.0.1'],
  ['a full-width full stop', 'evil%EF%BC%8Ecom'],
  ['an ideographic full stop', 'evil%E3%80%82com'],
  ['a half-width ideographic full stop', 'evil%EF%BD%A1com'],
  ['a full-width slash', 'evil%EF%BC%8F'],
  ['full-width letters', '%EF%BD%85%EF%BD%96%EF%BD%89%EF%BD%8C'],
  ['a Cyrillic letter', '%D0%B5vil'],
  ['an accent', '%C3%A9vil'],
  ['a dotted capital I', 'ev%C4%B0l'],
  ['a zero-width space', 'ev%E2%80%8Bil'],
  ['a soft hyphen', 'ev%C2%ADil'],
  ['a right-to-left override', '%E2%80%AEevil'],
  ['a line separator inside', 'ev%E2%80%A8il'],
  ['a tab inside', 'ev%09il'],
  ['a line feed inside', 'ev%0Ail'],
  ['a header line', 'acme%0D%0AX-Injected:%20evil'],
  ['a cookie line', 'acme%0D%0ASet-Cookie:%20session=evil'],
  ['a body', 'acme%0D%0A%0D%0A<script>alert("evil")</script>'],
  ['a NUL at the end', 'evil%00'],
  ['a NUL before a host', 'acme%00.evil.com'],
  ['a percent sign', 'evil%25'],
  ['a percent sign that encodes nothing', 'evil%'],
  ['an incomplete UTF-8 sequence', 'evil%E0%A4%A'],
  ['a lone surrogate', 'evil%ED%A0%80'],
  ['an overlong slash', 'evil%C0%AF'],
  ['invalid bytes', '%FF%FE'],
  ['a replacement pattern', '$%26'],
  ['another replacement pattern', '$%60evil'],
  ['a placeholder', '%7Btenant_name%7D'],
  ['a template', '$%7Bevil%7D'],
  ['a prototype', '__proto__'],
  ['a leading hyphen', '-evil'],
  ['a trailing hyphen', 'evil-'],
  ['an underscore', 'evil_1'],
  ['a wildcard', '*'],
  ['a list', 'acme,evil'],
  ['a parameter', 'acme%26client_id%3Devil'],
  ['a semicolon', 'acme%3Bevil'],
  ['a quote', 'evil%22'],
  ['a space inside', 'acme%20evil'],
  ['a plus inside', 'acme+evil'],
  ['markup', '%3Cscript%3Eevil'],
  ['64 characters', 'e'.repeat(64)],
  ['8 kB', EIGHT_KILOBYTES],
  // Valid DNS labels, but no URL parser takes a host that is made of one.
  ['Punycode for nothing', 'xn--a'],
  ['Punycode for a wrong code point', 'xn--0'],
  ['Punycode in upper case', 'XN--ACME'],
  // And these would mean something else as a part of `{tenant}-{vanity}`.
  ['Punycode', 'xn--evil'],
  ['Punycode for look-alikes', 'xn--80ak6aa92e'],
];

const HOSTILE_DOMAINS: readonly Row[] = [
  ['a path', 'evil.com%2Fpath'],
  ['a query', 'evil.com%3Fx%3D'],
  ['a fragment', 'evil.com%23'],
  ['a user', 'user%40evil.com'],
  ['a user that looks like a tenant', 'login.globex.localhost%40evil.com'],
  ['a backslash', 'evil.com%5C'],
  ['a scheme', 'https%3A%2F%2Fevil.com'],
  ['two slashes', '%2F%2Fevil.com'],
  ['a port that is too high', 'evil.com%3A65536'],
  ['a port that is no number', 'evil.com%3Aevil'],
  ['an empty port', 'evil.com%3A'],
  ['a negative port', 'evil.com%3A-1'],
  ['two ports', 'evil.com%3A80%3A80'],
  ['two dots', 'evil..com'],
  ['a leading dot', '.evil.com'],
  ['a trailing dot', 'evil.com.'],
  ['a leading hyphen', '-evil.com'],
  ['an IPv4 address', '127.0.0.1'],
  ['a short IPv4 address', '127.1'],
  ['a decimal IPv4 address', '2130706433'],
  ['a hexadecimal IPv4 address', '0x7f000001'],
  ['an octal IPv4 address', '0177.0.0.01'],
  ['the metadata service', '169.254.169.254'],
  ['an IPv6 address', '%5B%3A%3A1%5D'],
  ['an IPv6 address without brackets', '%3A%3A1'],
  ['a list', 'evil.com,login.globex.localhost'],
  ['a wildcard', '*.evil.com'],
  ['an ideographic full stop', 'evil%E3%80%82com'],
  ['a full-width full stop', 'evil%EF%BC%8Ecom'],
  ['full-width letters', '%EF%BD%85vil.com'],
  ['an accent', '%C3%A9vil.com'],
  ['a NUL', 'evil.com%00'],
  ['a NUL before a known domain', 'evil.com%00.login.globex.localhost'],
  ['a tab', 'evil%09.com'],
  ['a header line', 'evil.com%0D%0AX-Injected:%20evil'],
  ['an underscore', 'evil_1.com'],
  ['a replacement pattern', '$%26.evil.com'],
  ['a percent sign', 'evil%25.com'],
  ['an incomplete UTF-8 sequence', 'evil.com%E0%A4%A'],
  ['a lone surrogate', 'evil%ED%A0%80.com'],
  ['254 characters', `${'e.'.repeat(126)}ee`],
  ['8 kB', `${EIGHT_KILOBYTES}.com`],
  ['Punycode for nothing', 'xn--a.evil.com'],
];

const UNKNOWN_DOMAINS: readonly Row[] = [
  ['a plain host', 'evil.com'],
  ['upper case', 'EVIL.COM'],
  ['a port', 'evil.com%3A8443'],
  ['one label', 'evil'],
  ['a known domain as a prefix', 'login.globex.localhost.evil.com'],
  ['a known domain as a suffix', 'evil-login.globex.localhost'],
  ['another port of a known domain', 'login.globex.localhost%3A1'],
  ['valid Punycode', 'xn--evil-5na.com'],
  ['spaces around', '%20evil.com%20'],
  ['the vanity host itself', 'localhost'],
];

/** Every way to give a parameter more than once or as something that is no text. */
const STRUCTURES = (name: string): readonly Row[] => [
  ['twice', `${name}=acme&${name}=evil`],
  ['twice, with one blank', `${name}=&${name}=evil`],
  ['as a list', `${name}[]=evil`],
  ['as an encoded list', `${name}%5B%5D=evil`],
  ['as a list with an index', `${name}[0]=evil`],
  ['as an object', `${name}[a]=evil`],
  ['as a prototype', `${name}[__proto__]=evil`],
  ['as text and list', `${name}=acme&${name}[]=evil`],
];

/** Return URLs that must be dropped, decoded. */
const REFUSED_RETURN_URLS: readonly Row[] = [
  ['another host', 'https://evil.com/x'],
  ['another host over http', 'http://evil.com'],
  ['upper case', 'HTTPS://EVIL.COM'],
  ['no scheme', '//evil.com'],
  ['three slashes', '///evil.com'],
  ['four slashes', '////evil.com'],
  ['a backslash', '/\\evil.com'],
  ['two backslashes', '\\\\evil.com'],
  ['a slash after a backslash', '\\/evil.com'],
  ['a scheme with backslashes', 'https:\\\\evil.com'],
  ['a scheme without slashes', 'https:evil.com'],
  ['a scheme with one slash', 'https:/evil.com'],
  ['a scheme with three slashes', 'https:///evil.com'],
  ['the own scheme without slashes', 'http:evil.com'],
  ['a script', 'javascript:alert(document.domain)//evil'],
  ['a script in mixed case', 'JaVaScRiPt:evil()'],
  ['a script behind a tab', 'java\tscript:evil()'],
  ['a data URL', 'data:text/html,<script>evil()</script>'],
  ['a blob URL', 'blob:http://localhost/evil'],
  ['a file URL', 'file:///etc/evil'],
  ['a view-source URL', 'view-source:http://evil.com'],
  ['a tab before the slashes', '\t//evil.com'],
  ['a tab between the slashes', '/\t/evil.com'],
  ['a line feed between the slashes', '/\n/evil.com'],
  ['a carriage return between the slashes', '/\r/evil.com'],
  ['a header line', '/x\r\nX-Injected: evil'],
  ['a cookie line', '/x\r\nSet-Cookie: session=evil'],
  ['a NUL', '/x\0evil'],
  ['a NUL before the slashes', '\0//evil.com'],
  ['a space before the slashes', ' //evil.com'],
  ['an ideographic space before the slashes', '\u3000//evil.com'],
  ['a byte order mark before the slashes', '\ufeff//evil.com'],
  ['a C1 control character', '/\u0085/evil.com'],
  ['a delete character', '/\u007f/evil.com'],
  ['8 kB', `https://evil.com/${EIGHT_KILOBYTES}`],
  ['a full-width host', 'https://ｅｖｉｌ.com'],
  ['an ideographic full stop', 'https://evil。com'],
  ['an IPv6 host', 'http://[::1]/evil'],
  ['a decimal host', 'http://2130706433/evil'],
  ['a host that cannot be parsed', 'https://evil.com:99999/'],
  ['a bad IPv6 host', 'https://[evil/'],
  ['the placeholder of a tenant', 'https://{tenant_name}.evil.com/'],
];

/** Return URLs made of the application's own origin that must be dropped. */
const REFUSED_ON_OWN_HOST: readonly [what: string, url: (origin: string, port: number) => string][] = [
  ['the own host as user', (origin) => `${origin}@evil.com/`],
  ['the own host as user and password', (_, port) => `http://localhost:${port}%40@evil.com/`],
  ['a user on the own host', (_, port) => `http://evil@localhost:${port}/x`],
  ['a password on the own host', (_, port) => `http://:evil@localhost:${port}/x`],
  ['the own host as a prefix', (_, port) => `http://localhost.evil.com:${port}/x`],
  ['the own host as a suffix', (_, port) => `http://evillocalhost:${port}/x`],
  ['a subdomain of the own host', (_, port) => `http://evil.localhost:${port}/x`],
  ['another port', (_, port) => `http://localhost:${port - 1}/evil`],
  ['a longer port', (origin) => `${origin}0/evil`],
  ['another scheme', (_, port) => `https://localhost:${port}/evil`],
  ['a trailing dot', (_, port) => `http://localhost.:${port}/evil`],
  ['the own host after a backslash', (origin) => `http://evil.com\\@${origin.slice(7)}/`],
  ['the own host in the fragment', (origin) => `https://evil.com#${origin}`],
  ['the own host in the query', (origin) => `https://evil.com?${origin}`],
  ['the own address', (_, port) => `http://127.0.0.1:${port}/evil`],
];

/** Return URLs that look dangerous and stay on the site: what is right for them is not to leave it. */
const HARMLESS_RETURN_URLS: readonly Row[] = [
  ['a host name as a path', 'evil.com'],
  ['a path with encoded slashes', '/%2f%2fevil.com'],
  ['only encoded slashes', '%2f%2fevil.com'],
  ['an encoded backslash', '/%5cevil.com'],
  ['an encoded tab', '/%09/evil.com'],
  ['an encoded line break', '/x%0d%0aX-Injected:%20evil'],
  ['two slashes after a dot', '/.//evil.com'],
  ['two slashes after two dots', '/x/..//evil.com'],
  ['a relative path that ends in two slashes', './/evil.com'],
  ['an at sign', '/@evil.com'],
  ['a user in the path', '/user:password@evil.com'],
  ['a URL in the query', '/x?next=https://evil.com'],
  ['a URL in the fragment', '/x#https://evil.com'],
  ['only a query', '?next=//evil.com'],
  ['an ideographic space', '/\u3000/evil.com'],
  ['a full-width slash', '/／evil.com'],
  ['a zero-width space', '/\u200b/evil.com'],
  ['a percent sign that encodes nothing', '/100%/evil'],
  ['an incomplete UTF-8 sequence', '/%E0%A4%A/evil'],
  ['markup', '/<script>evil()</script>'],
  ['a replacement pattern', '/$&/$`/evil'],
  ['an emoji', '/😈/evil'],
];

/** Hosts that belong to no tenant; `P` stands for the port. */
const FOREIGN_HOSTS: readonly Row[] = [
  ['an encoded slash', 'evil%2f.localhost:P'],
  ['a slash', 'evil.com/.localhost:P'],
  ['a fragment', 'evil.com#.localhost:P'],
  ['a question mark', 'evil.com?.localhost:P'],
  ['a user', 'evil.com@.localhost:P'],
  ['a backslash', 'evil.com\\.localhost:P'],
  ['two labels', 'a.evil.localhost:P'],
  ['an empty label', '.localhost:P'],
  ['the root as part of a label', 'evillocalhost:P'],
  ['the root as a prefix', 'localhost.evil.com:P'],
  ['a tenant before another host', 'acme.localhost.evil.com:P'],
  ['another host', 'evil.com'],
  ['an IPv4 address', '127.0.0.1:P'],
  ['an IPv6 address', '[::1]:P'],
  ['an IPv6 address with a zone', '[fe80::1%25evil]:P'],
  ['an unclosed bracket', '[::1.localhost:P'],
  ['a leading hyphen', '-evil.localhost:P'],
  ['an underscore', 'evil_1.localhost:P'],
  ['64 characters', `${'e'.repeat(64)}.localhost:P`],
  ['8 kB', `${EIGHT_KILOBYTES}.localhost:P`],
  ['a list', 'evil.com, acme.localhost:P'],
  ['a replacement pattern', '$&.localhost:P'],
  ['a placeholder', '{tenant_name}.localhost:P'],
  ['bytes above ASCII', '\u00e9vil.localhost:P'],
  ['two trailing dots', 'acme.localhost..:P'],
  ['nothing', ''],
  ['Punycode for nothing', 'xn--a.localhost:P'],
  ['Punycode for look-alikes', 'xn--80ak6aa92e.localhost:P'],
];

/** Requests that no browser makes; `P` stands for the port. */
const BROKEN_REQUESTS: readonly (readonly [what: string, bytes: string])[] = [
  [
    'a bare line feed in Host',
    'GET /api/auth/login HTTP/1.1\r\nHost: acme.localhost\nX-Injected: evil\r\n\r\n',
  ],
  [
    'a bare carriage return in Host',
    'GET /api/auth/login HTTP/1.1\r\nHost: acme.localhost\rX-Injected: evil\r\n\r\n',
  ],
  ['a NUL in Host', 'GET /api/auth/login HTTP/1.1\r\nHost: acme\0.localhost\r\n\r\n'],
  ['a folded Host', 'GET /api/auth/login HTTP/1.1\r\nHost: acme\r\n .localhost\r\n\r\n'],
  ['two Host headers', 'GET /api/auth/login HTTP/1.1\r\nHost: localhost:P\r\nHost: evil.com\r\n\r\n'],
  ['no Host', 'GET /api/auth/login HTTP/1.0\r\n\r\n'],
  ['no Host in HTTP/1.1', 'GET /api/auth/login HTTP/1.1\r\n\r\n'],
  ['a tab in the query', 'GET /api/auth/login?tenant_name=ac\tme HTTP/1.1\r\nHost: localhost:P\r\n\r\n'],
  ['a NUL in the query', 'GET /api/auth/login?tenant_name=acme\0 HTTP/1.1\r\nHost: localhost:P\r\n\r\n'],
  [
    'a carriage return in the query',
    'GET /api/auth/login?tenant_name=acme\revil HTTP/1.1\r\nHost: localhost:P\r\n\r\n',
  ],
  ['a space in the query', 'GET /api/auth/login?tenant_name=acme evil HTTP/1.1\r\nHost: localhost:P\r\n\r\n'],
  [
    'a fragment in the target',
    'GET /api/auth/login?tenant_name=evil.com#x HTTP/1.1\r\nHost: localhost:P\r\n\r\n',
  ],
  [
    'bytes above ASCII in the query',
    'GET /api/auth/login?tenant_name=\xe9vil\xff HTTP/1.1\r\nHost: localhost:P\r\n\r\n',
  ],
  [
    'a full URL as target',
    'GET http://evil.com/api/auth/login?return_url=//evil.com HTTP/1.1\r\nHost: localhost:P\r\n\r\n',
  ],
  [
    'a target that begins with two slashes',
    'GET //evil.com/api/auth/login HTTP/1.1\r\nHost: localhost:P\r\n\r\n',
  ],
  [
    'a target with a backslash',
    'GET /api/auth/login?tenant_name=\\\\evil.com HTTP/1.1\r\nHost: localhost:P\r\n\r\n',
  ],
  [
    'a header line in return_url',
    'GET /api/auth/login?return_url=/%0d%0aX-Injected:%20evil HTTP/1.1\r\nHost: localhost:P\r\n\r\n',
  ],
  [
    'a smuggled second request',
    'GET /api/auth/login?tenant_name=a\r\n\r\nGET /evil HTTP/1.1\r\nHost: localhost:P\r\n\r\n',
  ],
];

async function startSite({
  platform,
  hasSubdomains,
  hasDashedHosts,
  options,
}: SiteOptions = {}): Promise<Site> {
  const emulator = await startWristbandEmulator();
  const app = await startTestApp({
    emulator,
    ...(platform && { platform }),
    ...(hasSubdomains && { hasSubdomains }),
    options: { ...(hasDashedHosts && { isApplicationCustomDomainActive: false }), ...options },
  });
  const separator = hasDashedHosts ? '-' : '.';
  const tenants = new RegExp(`^${LABEL}${hasDashedHosts ? '-' : '\\.'}${emulator.vanityDomain}$`);
  const ownHosts = new RegExp(
    hasSubdomains ? `^(${LABEL}\\.)?localhost:${app.port}$` : `^localhost:${app.port}$`,
  );
  return {
    app,
    emulator,
    tenantHost: (name) => `${name}${separator}${emulator.vanityDomain}`,
    isAllowedHost: (host) => host === emulator.vanityDomain || tenants.test(host) || ownHosts.test(host),
  };
}

async function stopSite(site: Site | undefined): Promise<void> {
  await site?.app.close();
  await site?.emulator.close();
}

/** An application that believes what a proxy says, which Fastify wants to know when it is made. */
async function startBehindProxy(
  platform: Platform,
  emulator: WristbandEmulator,
): Promise<{ readonly app: INestApplication; readonly port: number }> {
  @Module({ imports: [WristbandModule.forRoot(optionsFor(emulator))], controllers: [AuthController] })
  class AppModule {}
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter({ trustProxy: true });
  if (adapter instanceof ExpressAdapter) adapter.set('trust proxy', true);
  const app = await NestFactory.create<INestApplication>(AppModule, adapter, {
    logger: false,
    abortOnError: false,
  });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  emulator.setApplication({
    loginUrl: `http://{tenant_name}.localhost:${port}/api/auth/login`,
    redirectUris: [`http://{tenant_name}.localhost:${port}/api/auth/callback`],
    rootDomain: 'localhost',
  });
  return { app, port };
}

function getRaw(
  { app: { port } }: Pick<Site, 'app'>,
  path: string,
  request: RawRequest = {},
): Promise<RawAnswer> {
  const { host = `localhost:${port}`, headers = [] } = request;
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...headers];
  return sendBytes(port, `${lines.join('\r\n')}\r\n\r\n`);
}

/** The `Cookie` line of the cookies that an answer sets. */
function cookieLine({ headers }: RawAnswer): string {
  const cookies = headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value.split(';')[0]);
  return `Cookie: ${cookies.join('; ')}`;
}

/** Begins a sign-in to acme; answers its state and the `Cookie` line that goes with it. */
async function beginSignIn(
  site: Site,
  query = 'tenant_name=acme',
): Promise<{ state: string; cookie: string }> {
  const answer = await getRaw(site, `/api/auth/login?${query}`);
  const state = new URL(answer.location ?? '').searchParams.get('state') ?? '';
  return { state, cookie: cookieLine(answer) };
}

/** Signs in for good; answers the `Cookie` line of the session. */
async function sessionOf({ app, emulator }: Site): Promise<string> {
  const browser = new Browser();
  const [ada] = emulator.users;
  await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, ada!);
  return `Cookie: ${await browser.jar.getCookieString(app.origin)}`;
}

const sealer = new Sealer('session', [SESSION_SECRET]);

/** The same sign-in under another session id: a session that was signed out once does not open again. */
function twinOf(cookieLine: string): string {
  return cookieLine.replace(/session=([^;]*)/, (_, value: string) => {
    const data = sealer.open(value)?.data as object;
    return `session=${sealer.seal(JSON.stringify({ ...data, id: randomUUID() }))}`;
  });
}

/** A refusal that a client can read, and nothing else in it than what we wrote. */
function expectRefusal(answer: RawAnswer, statusCode: number, code: string): void {
  expectNoInjectedHeader(answer);
  expect(answer.status).toBe(statusCode);
  expect(JSON.parse(answer.body)).toEqual({
    statusCode,
    error: expect.any(String),
    message: expect.any(String),
    code,
  });
  expect(answer.body).not.toMatch(/evil/i);
}

/** A 4xx with our body, or a redirect to a host that was not made up by the request. */
function expectHarmless(answer: RawAnswer, site: Site): void {
  expectNoInjectedHeader(answer);
  if (answer.location === undefined) {
    const { code } = JSON.parse(answer.body) as { code: string };
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    return expectRefusal(answer, answer.status, code);
  }
  expect(answer.location).toMatch(/^[!-~]+$/);
  const { host, username, password, pathname } = new URL(answer.location);
  expect(site.isAllowedHost(host), `${host} is a host of the site`).toBe(true);
  expect(`${username}${password}${pathname}`).not.toMatch(/evil/i);
}

/** As {@link expectHarmless}; and what was sent is nowhere in the redirect. */
function expectDropped(answer: RawAnswer, site: Site): void {
  expectHarmless(answer, site);
  expect(answer.location ?? '').not.toMatch(/evil/i);
}

function expectNoInjectedHeader({ headers }: RawAnswer): void {
  expect(headers.map(([name]) => name).filter((name) => !KNOWN_HEADERS.has(name))).toEqual([]);
  expect(headers.filter(([name]) => name === 'location').length).toBeLessThanOrEqual(1);
  // A sealed value is random text, in which any word may come up.
  const cookies = headers.filter(([name]) => name === 'set-cookie');
  const readable = cookies.map(([, value]) => value.replace(/=[\w-]+\.\.[\w.-]+(?=;)/, '='));
  expect(readable.filter((value) => /evil/i.test(value))).toEqual([]);
}

beforeEach(() => {
  Object.assign(authSettings, { login: {}, logout: {}, landing: '/api/auth/session' });
});

describePlatforms('No user-supplied value reaches a host unchecked', (platform) => {
  /** Tenants in the query, `{tenant}.{vanity}`. */
  let plain: Site;
  /** Tenants in the query, `{tenant}-{vanity}`. */
  let dashed: Site;
  /** Tenants on subdomains. */
  let subdomains: Site;
  let session: string;

  beforeAll(async () => {
    [plain, dashed, subdomains] = await Promise.all([
      startSite({ platform }),
      startSite({ platform, hasDashedHosts: true }),
      startSite({ platform, hasSubdomains: true }),
    ]);
    session = await sessionOf(plain);
  });
  afterAll(() => Promise.all([stopSite(plain), stopSite(dashed), stopSite(subdomains)]));

  describe('tenant_name', () => {
    it.each(HOSTILE_NAMES)('is refused by login when it holds %s', async (_, value) => {
      const answers = await Promise.all([
        getRaw(plain, `/api/auth/login?tenant_name=${value}`),
        getRaw(dashed, `/api/auth/login?tenant_name=${value}`),
        getRaw(subdomains, `/api/auth/login?tenant_name=${value}`),
      ]);

      for (const answer of answers) expectRefusal(answer, 400, 'invalid_tenant');
    });

    it.each(HOSTILE_NAMES)(
      'is refused by login under its older name tenant_domain when it holds %s',
      async (_, value) => {
        const answers = await Promise.all([
          getRaw(plain, `/api/auth/login?tenant_domain=${value}`),
          getRaw(dashed, `/api/auth/login?tenant_domain=${value}`),
        ]);

        for (const answer of answers) expectRefusal(answer, 400, 'invalid_tenant');
      },
    );

    it.each(HOSTILE_NAMES)('is refused by callback when it holds %s', async (_, value) => {
      const answers = await Promise.all([
        getRaw(plain, `/api/auth/callback?state=x&code=y&tenant_name=${value}`),
        getRaw(subdomains, `/api/auth/callback?state=x&code=y&tenant_name=${value}`),
      ]);

      for (const answer of answers) expectRefusal(answer, 400, 'invalid_tenant');
    });

    it.each(HOSTILE_NAMES)('is refused by logout when it holds %s', async (_, value) => {
      const answers = await Promise.all([
        getRaw(plain, `/api/auth/logout?tenant_name=${value}`),
        getRaw(dashed, `/api/auth/logout?tenant_domain=${value}`),
        getRaw(subdomains, `/api/auth/logout?tenant_name=${value}`),
      ]);

      for (const answer of answers) expectRefusal(answer, 400, 'invalid_tenant');
    });

    it.each(HOSTILE_NAMES)(
      'does not change where logout leads with a session when it holds %s',
      async (_, value) => {
        const answer = await getRaw(plain, `/api/auth/logout?tenant_name=${value}`, {
          headers: [twinOf(session)],
        });

        expect(answer.status).toBe(302);
        expect(new URL(answer.location ?? '').host).toBe(plain.tenantHost('acme'));
      },
    );

    it.each([
      ['spaces around', '%20acme%20', 'acme'],
      ['a tab before and a line feed after', '%09acme%0A', 'acme'],
      ['upper case', 'ACME', 'acme'],
      ['a name of Object.prototype', 'constructor', 'constructor'],
      ['a number', '127', '127'],
      ['two hyphens', 'a--b', 'a--b'],
    ])('becomes a plain label when it holds %s', async (_, value, label) => {
      const answers = await Promise.all([
        getRaw(plain, `/api/auth/login?tenant_name=${value}`),
        getRaw(dashed, `/api/auth/logout?tenant_name=${value}`),
      ]);

      expect(answers.map(({ location }) => new URL(location ?? '').host)).toEqual([
        plain.tenantHost(label),
        dashed.tenantHost(label),
      ]);
    });

    it('is refused when it does not fit into one label together with the vanity domain', async () => {
      const name = 'e'.repeat(60);

      expectRefusal(await getRaw(dashed, `/api/auth/login?tenant_name=${name}`), 400, 'invalid_tenant');
    });

    it('is refused when tenant_domain says something else', async () => {
      const answer = await getRaw(plain, '/api/auth/login?tenant_name=acme&tenant_domain=globex');

      expectRefusal(answer, 400, 'invalid_tenant');
    });
  });

  describe('tenant_custom_domain', () => {
    it.each(HOSTILE_DOMAINS)(
      'is refused by login, callback and logout when it holds %s',
      async (_, value) => {
        const answers = await Promise.all([
          getRaw(plain, `/api/auth/login?tenant_custom_domain=${value}`),
          getRaw(subdomains, `/api/auth/login?tenant_custom_domain=${value}`, {
            host: `acme.localhost:${subdomains.app.port}`,
          }),
          getRaw(plain, `/api/auth/callback?state=x&code=y&tenant_custom_domain=${value}`),
          getRaw(plain, `/api/auth/logout?tenant_custom_domain=${value}`),
        ]);

        for (const answer of answers) expectRefusal(answer, 400, 'invalid_tenant');
      },
    );

    it.each(UNKNOWN_DOMAINS)('is ignored by login when Wristband does not know %s', async (_, value) => {
      const [alone, withName] = await Promise.all([
        getRaw(plain, `/api/auth/login?tenant_custom_domain=${value}`),
        getRaw(plain, `/api/auth/login?tenant_name=acme&tenant_custom_domain=${value}`),
      ]);

      expectDropped(alone, plain);
      expectDropped(withName, plain);
      expect(new URL(alone.location ?? '').host).toBe(plain.emulator.vanityDomain);
      expect(new URL(withName.location ?? '').host).toBe(plain.tenantHost('acme'));
    });

    it.each(UNKNOWN_DOMAINS)(
      'is ignored by callback and logout when Wristband does not know %s',
      async (_, value) => {
        const answers = await Promise.all([
          getRaw(plain, `/api/auth/callback?state=x&code=y&tenant_custom_domain=${value}`),
          getRaw(plain, `/api/auth/logout?tenant_custom_domain=${value}`),
          getRaw(plain, `/api/auth/logout?tenant_custom_domain=${value}`, { headers: [twinOf(session)] }),
        ]);

        for (const answer of answers) {
          expect(answer.status).toBe(302);
          expectDropped(answer, plain);
        }
      },
    );

    it('is used when Wristband knows it', async () => {
      const { customDomain = '' } = plain.emulator.tenants.find(({ name }) => name === 'globex')!;

      const answer = await getRaw(
        plain,
        `/api/auth/login?tenant_custom_domain=${encodeURIComponent(customDomain)}`,
      );

      expect(new URL(answer.location ?? '').host).toBe(customDomain);
    });
  });

  describe.each([
    'tenant_name',
    'tenant_domain',
    'tenant_custom_domain',
    'return_url',
    'state',
    'login_hint',
    'idp_hint',
  ])('%s on login', (name) => {
    it.each(STRUCTURES(name))('is refused %s', async (_, query) => {
      expectRefusal(await getRaw(plain, `/api/auth/login?${query}`), 400, 'invalid_request');
    });
  });

  describe.each([
    'state',
    'code',
    'error',
    'error_description',
    'iss',
    'tenant_name',
    'tenant_custom_domain',
  ])('%s on callback', (name) => {
    it.each(STRUCTURES(name))('is refused %s', async (_, query) => {
      const state = name === 'state' ? '' : 'state=x&';

      expectRefusal(await getRaw(plain, `/api/auth/callback?${state}${query}`), 400, 'invalid_request');
    });
  });

  describe.each(['tenant_name', 'tenant_domain', 'tenant_custom_domain'])('%s on logout', (name) => {
    it.each(STRUCTURES(name))('is refused %s', async (_, query) => {
      expectRefusal(await getRaw(plain, `/api/auth/logout?${query}`), 400, 'invalid_request');
    });
  });

  describe('login_hint and idp_hint', () => {
    it.each([
      ['a header line', 'evil%0D%0AX-Injected:%20evil'],
      ['a cookie line', '%0D%0ASet-Cookie:%20session=evil'],
      ['another parameter', 'a%26client_id%3Devil%26redirect_uri%3Devil'],
      ['a fragment', '%23evil'],
      ['a NUL', 'evil%00'],
      ['a lone surrogate', 'evil%ED%A0%80'],
      ['an incomplete UTF-8 sequence', '%E0%A4%A'],
      ['a percent sign that encodes nothing', '100%'],
      ['a plus and a space', 'a%2Bb+c'],
      ['markup', '%3Cscript%3Eevil%3C/script%3E'],
      ['a quote and a semicolon', '%22%3Bevil'],
      ['a slash and a backslash', '//evil.com/%5C'],
      ['an emoji', '%F0%9F%98%88'],
      ['8 kB', EIGHT_KILOBYTES],
    ])('reach Wristband as one value each when they hold %s', async (_, value) => {
      const sent = new URLSearchParams(`v=${value}`).get('v');

      const answer = await getRaw(plain, `/api/auth/login?tenant_name=acme&login_hint=${value}`);
      const other = await getRaw(plain, `/api/auth/login?tenant_name=acme&idp_hint=${value}`);

      expectHarmless(answer, plain);
      expectHarmless(other, plain);
      const [{ searchParams: hinted }, { searchParams: routed }] = [
        new URL(answer.location!),
        new URL(other.location!),
      ];
      expect(hinted.getAll('login_hint')).toEqual([sent]);
      expect(routed.getAll('idp_hint')).toEqual([sent]);
      expect(hinted.getAll('client_id')).toEqual([plain.emulator.clientId]);
      expect(routed.getAll('redirect_uri')).toEqual([`${plain.app.origin}/api/auth/callback`]);
    });
  });

  describe('state, code and error on callback', () => {
    const VALUES: readonly Row[] = [
      ['a header line', 'evil%0D%0AX-Injected:%20evil'],
      ['another parameter', 'evil%26grant_type%3Drefresh_token'],
      ['a NUL', 'evil%00'],
      ['a lone surrogate', 'evil%ED%A0%80'],
      ['an incomplete UTF-8 sequence', '%E0%A4%A'],
      ['a percent sign that encodes nothing', 'evil%'],
      ['a pattern', '.*'],
      ['the separator of the cookie name', 'evil%231'],
      ['a semicolon', 'evil%3B%20Path=/'],
      ['a prototype', '__proto__'],
      ['markup', '%3Cscript%3Eevil%3C/script%3E'],
      ['a URL', 'https://evil.com'],
      ['8 kB', EIGHT_KILOBYTES],
    ];

    it.each(VALUES)('start again without a login state when state holds %s', async (_, value) => {
      const { cookie } = await beginSignIn(plain);

      const answer = await getRaw(plain, `/api/auth/callback?tenant_name=acme&code=x&state=${value}`, {
        headers: [cookie],
      });

      expectDropped(answer, plain);
      expect(answer.location).toBe(`${plain.app.origin}/api/auth/login?tenant_name=acme`);
    });

    it.each(VALUES)('start again when code holds %s', async (_, value) => {
      const { state, cookie } = await beginSignIn(plain);

      const answer = await getRaw(plain, `/api/auth/callback?tenant_name=acme&state=${state}&code=${value}`, {
        headers: [cookie],
      });

      expectDropped(answer, plain);
      expect(answer.location).toBe(`${plain.app.origin}/api/auth/login?tenant_name=acme&sign_in_attempt=2`);
    });

    it.each(VALUES)('are a readable refusal when error holds %s', async (_, value) => {
      const { state, cookie } = await beginSignIn(plain);

      const answer = await getRaw(
        plain,
        `/api/auth/callback?tenant_name=acme&state=${state}&error=${value}`,
        {
          headers: [cookie],
        },
      );

      expectNoInjectedHeader(answer);
      expect(answer.status).toBe(403);
      const body = JSON.parse(answer.body) as { code: string; message: string };
      expect(body).toMatchObject({ statusCode: 403, error: 'Forbidden', code: 'authorization_failed' });
      expect(body.message).toMatch(/^[ -~]{1,150}$/);
    });
  });

  describe('return_url', () => {
    let browser: Browser;

    beforeAll(async () => {
      browser = new Browser();
      const [ada] = plain.emulator.users;
      await signIn(browser, `${plain.app.origin}/api/auth/login?tenant_name=acme`, ada!);
    });
    // Wristband knows the browser by now: the whole sign-in happens without a page in between.
    const signInAgain = (returnUrl: string) =>
      browser.get(
        `${plain.app.origin}/api/auth/login?tenant_name=acme&return_url=${encodeURIComponent(returnUrl)}`,
      );

    it.each(REFUSED_RETURN_URLS)('does not take the browser away by %s', async (_, url) => {
      plain.app.events.length = 0;

      const landed = await signInAgain(url);

      expect(landed.url).toBe(`${plain.app.origin}/api/auth/session`);
      expect(landed.status).toBe(200);
      expect(plain.app.events).toContainEqual({ type: 'return_url.rejected', reason: 'not_allowed' });
    });

    it.each(REFUSED_ON_OWN_HOST)('does not take the browser away by %s', async (_, url) => {
      const landed = await signInAgain(url(plain.app.origin, plain.app.port));

      expect(landed.url).toBe(`${plain.app.origin}/api/auth/session`);
      expect(landed.status).toBe(200);
    });

    it.each(HARMLESS_RETURN_URLS)('stays on the site with %s', async (_, url) => {
      const landed = await signInAgain(url);

      expect(new URL(landed.url).origin).toBe(plain.app.origin);
      // Express encodes a percent sign that encodes nothing, Fastify leaves it.
      const withEncodedPercent = (text: string) => text.replaceAll(/%(?![\da-f]{2})/gi, '%25');
      const expected = new URL(url, `${plain.app.origin}/api/auth/callback`).href;
      expect(withEncodedPercent(landed.url)).toBe(withEncodedPercent(expected));
      expect(landed.status).toBeLessThan(500);
    });

    it.each(REFUSED_RETURN_URLS)('does not go to tenant discovery with %s', async (_, url) => {
      const answers = await Promise.all([
        getRaw(plain, `/api/auth/login?return_url=${encodeURIComponent(url)}`),
        getRaw(subdomains, `/api/auth/login?return_url=${encodeURIComponent(url)}`),
      ]);

      for (const answer of answers) {
        const location = new URL(answer.location ?? '');
        expect(location.pathname).toBe('/login');
        expect([...location.searchParams.keys()]).toEqual(['client_id']);
      }
    });

    it.each(REFUSED_RETURN_URLS)('is not read back from state for %s', async (_, url) => {
      const answer = await getRaw(plain, `/api/auth/login?state=${encodeURIComponent(url)}`);

      expect([...new URL(answer.location ?? '').searchParams.keys()]).toEqual(['client_id']);
    });

    it('lands on the default page when it is too long for the login state cookie', async () => {
      plain.app.events.length = 0;

      const landed = await signInAgain(`/${'x'.repeat(5000)}`);

      expect(landed.url).toBe(`${plain.app.origin}/api/auth/session`);
      const rejected = plain.app.events.filter(({ type }) => type.endsWith('.rejected'));
      expect(rejected).toEqual([{ type: 'return_url.rejected', reason: 'too_long' }]);
    });

    it('keeps a deep link with everything that needs encoding', async () => {
      const landed = await signInAgain('/orders?q=a%26b+c&x=%25&y=ü#row-7');

      expect(landed.url).toBe(`${plain.app.origin}/orders?q=a%26b+c&x=%25&y=%C3%BC#row-7`);
    });
  });

  describe('Host', () => {
    it.each(FOREIGN_HOSTS)('belongs to no tenant when it holds %s', async (_, value) => {
      const host = value.replace(':P', `:${subdomains.app.port}`);

      const answers = await Promise.all([
        getRaw(subdomains, '/api/auth/login', { host }),
        getRaw(subdomains, '/api/auth/logout', { host }),
        getRaw(subdomains, '/api/auth/callback?state=x&code=y', { host }),
      ]);

      for (const answer of answers) {
        expectDropped(answer, subdomains);
        expect(new URL(answer.location ?? '').host).toBe(subdomains.emulator.vanityDomain);
      }
    });

    it.each(FOREIGN_HOSTS)('does not matter without tenant subdomains when it holds %s', async (_, value) => {
      const host = value.replace(':P', `:${plain.app.port}`);

      const answers = await Promise.all([
        getRaw(plain, '/api/auth/login?tenant_name=acme', { host }),
        getRaw(plain, '/api/auth/logout?tenant_name=acme', { host }),
      ]);

      for (const answer of answers)
        expect(new URL(answer.location ?? '').host).toBe(plain.tenantHost('acme'));
    });

    it.each(FOREIGN_HOSTS)('does not make a return URL allowed when it holds %s', async (_, value) => {
      const host = value.replace(':P', `:${plain.app.port}`);

      const answer = await getRaw(plain, '/api/auth/login?return_url=http%3A%2F%2Fevil.com%2Fx', { host });

      expectDropped(answer, plain);
    });
  });

  describe('a request that no browser makes', () => {
    it.each(BROKEN_REQUESTS)('is refused or leads to a known host: %s', async (_, bytes) => {
      const request = bytes
        .replaceAll(':P', `:${subdomains.app.port}`)
        .replace(/(HTTP\/1.\d\r\n)/, '$1Connection: close\r\n');

      const answer = await sendBytes(subdomains.app.port, request);

      expectNoInjectedHeader(answer);
      expect(answer.body).not.toMatch(/X-Injected/i);
      if (answer.location === undefined) expect(String(answer.status)).toMatch(/^4\d\d$/);
      else expectDropped(answer, subdomains);
    });
  });

  describe('X-Forwarded-Host', () => {
    it.each([
      ['another tenant', 'acme.localhost'],
      ['another host', 'evil.com'],
      ['a host with a slash', 'evil.com/.localhost'],
      ['a list', 'acme.localhost, evil.com'],
    ])('is ignored without trust in a proxy when it holds %s', async (_, forwarded) => {
      const answers = await Promise.all(
        ['login', 'logout', 'callback?state=x&code=y'].map((path) =>
          getRaw(subdomains, `/api/auth/${path}`, {
            headers: [`X-Forwarded-Host: ${forwarded}`, `Forwarded: host=${forwarded.split(',')[0]}`],
          }),
        ),
      );

      for (const answer of answers) {
        expectDropped(answer, subdomains);
        expect(new URL(answer.location ?? '').host).toBe(subdomains.emulator.vanityDomain);
      }
    });

    describe('with trust in a proxy', () => {
      let emulator: WristbandEmulator;
      let proxied: Awaited<ReturnType<typeof startBehindProxy>>;

      beforeAll(async () => {
        emulator = await startWristbandEmulator();
        proxied = await startBehindProxy(platform, emulator);
      });
      afterAll(async () => {
        await proxied.app.close();
        await emulator.close();
      });
      const getForwarded = (forwarded: string, path = 'login') => {
        const lines = [
          `GET /api/auth/${path} HTTP/1.1`,
          'Host: internal:3000',
          `X-Forwarded-Host: ${forwarded}`,
        ];
        return sendBytes(proxied.port, `${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
      };

      it.each([
        ['as it is', 'acme.localhost'],
        ['with a port', 'acme.localhost:8443'],
        ['in upper case', 'ACME.LocalHost'],
        ['with a trailing dot', 'acme.localhost.'],
      ])('tells the tenant, %s', async (_, forwarded) => {
        const login = await getForwarded(forwarded);
        const logout = await getForwarded(forwarded, 'logout');

        expect(new URL(login.location ?? '').host).toBe(`acme.${emulator.vanityDomain}`);
        expect(new URL(logout.location ?? '').host).toBe(`acme.${emulator.vanityDomain}`);
      });

      it.each(FOREIGN_HOSTS.filter(([what]) => what !== 'nothing' && what !== 'a list'))(
        'belongs to no tenant when it holds %s',
        async (_, forwarded) => {
          const answer = await getForwarded(forwarded);

          expectNoInjectedHeader(answer);
          expect(answer.location).toBe(`${emulator.origin}/login?client_id=${emulator.clientId}`);
        },
      );
    });
  });
});

describePlatforms('weaknesses of other libraries', (platform) => {
  let site: Site;
  let ada: WristbandEmulator['users'][number];

  beforeAll(async () => {
    site = await startSite({ platform });
    [ada] = site.emulator.users as [typeof ada];
  });
  afterAll(() => stopSite(site));
  beforeEach(() => {
    site.emulator.heal();
    site.emulator.clearCalls();
  });

  it.each(['%2F', '%23', '%3F', '%40', '%5C', '%25'])(
    'does not let a tenant name end the host with %s (weakness 3)',
    async (character) => {
      const login = await getRaw(site, `/api/auth/login?tenant_name=evil.com${character}`);
      const logout = await getRaw(site, `/api/auth/logout?tenant_name=evil.com${character}`);

      expectRefusal(login, 400, 'invalid_tenant');
      expectRefusal(logout, 400, 'invalid_tenant');
    },
  );

  it.each(['evil.com/', 'evil.com#', 'evil.com?', 'evil.com@', 'evil.com\\', 'evil%'])(
    'does not log out at a host that the session made up by %s (weakness 3)',
    async (tenantName) => {
      authSettings.logout = { tenantName };

      expectRefusal(await getRaw(site, '/api/auth/logout'), 400, 'invalid_tenant');
    },
  );

  it.each(['evil.com/path?x=', 'evil.com#', 'user@evil.com', 'https://evil.com'])(
    'does not log out at a custom domain that the session made up by %s (weakness 4)',
    async (tenantCustomDomain) => {
      authSettings.logout = { tenantCustomDomain };

      expectRefusal(await getRaw(site, '/api/auth/logout'), 400, 'invalid_tenant');
    },
  );

  it('asks Wristband before it uses a custom domain (weakness 4)', async () => {
    const answer = await getRaw(site, '/api/auth/login?tenant_custom_domain=asked.evil.com');

    expectDropped(answer, site);
    expect(site.emulator.callsTo('customDomainValidation').map(({ json }) => json)).toEqual([
      { tenantCustomDomain: 'asked.evil.com' },
    ]);
  });

  it.each([
    'https://evil.com/x',
    '//evil.com',
    '/\\evil.com',
    'javascript:alert(1)',
    'https://app.example@evil.com',
    '\t//evil.com',
  ])('does not redirect to the return URL %j after a sign-in (weakness 5)', async (returnUrl) => {
    const browser = new Browser();
    const loginUrl = `${site.app.origin}/api/auth/login?tenant_name=acme&return_url=${encodeURIComponent(returnUrl)}`;

    const landed = await signIn(browser, loginUrl, ada);

    expect(landed.url).toBe(`${site.app.origin}/api/auth/session`);
    expect(landed.json<SessionResponse>().tenantId).toBe('tenant-acme');
  });

  it('does not let logout state or redirect URL add parameters (weakness 6)', async () => {
    const redirectUrl = 'https://a.example/b?x=1&y=2';
    const state = 'a&client_id=evil#z';
    authSettings.logout = { tenantName: 'acme', redirectUrl, state };

    const { location } = await getRaw(site, '/api/auth/logout');

    const url = new URL(location ?? '');
    expect(url.hash).toBe('');
    expect([...url.searchParams]).toEqual([
      ['client_id', site.emulator.clientId],
      ['redirect_url', redirectUrl],
      ['state', state],
    ]);
  });

  it('does not lose or add anything on the way of a code to the token endpoint (weakness 6)', async () => {
    const { state, cookie } = await beginSignIn(site);

    await getRaw(site, `/api/auth/callback?tenant_name=acme&state=${state}&code=a%26b%2Bc`, {
      headers: [cookie],
    });

    const [call] = site.emulator.callsTo('token');
    expect(call?.form.code).toBe('a&b+c');
    expect([...new URLSearchParams(call?.body).keys()].toSorted()).toEqual([
      'code',
      'code_verifier',
      'grant_type',
      'redirect_uri',
    ]);
  });

  it('does not lose or add anything on the way of a refresh token to the revocation endpoint (weakness 6)', async () => {
    authSettings.logout = { refreshToken: 'a+b&token=evil%20c', tenantName: 'acme' };

    await getRaw(site, '/api/auth/logout');

    const [call] = site.emulator.callsTo('revoke');
    expect(new URLSearchParams(call?.body).getAll('token')).toEqual(['a+b&token=evil%20c']);
  });

  it('does not let a tenant name in a callback add parameters to the login redirect (weakness 7)', async () => {
    const injection = 'x%26return_url%3Dhttps%3A%2F%2Fevil.com';

    const answer = await getRaw(site, `/api/auth/callback?state=x&code=y&tenant_name=${injection}`);

    expectRefusal(answer, 400, 'invalid_tenant');
  });

  it('does not carry a return URL from the callback query into the login redirect (weakness 7)', async () => {
    const answer = await getRaw(
      site,
      '/api/auth/callback?state=x&code=y&tenant_name=acme&return_url=%2Fevil',
    );

    expect(answer.location).toBe(`${site.app.origin}/api/auth/login?tenant_name=acme`);
  });

  describe('with URLs of its own that have a query', () => {
    let custom: Site;

    beforeAll(async () => {
      custom = await startSite({ platform });
      custom.emulator.setSdkConfiguration({
        loginUrl: `${custom.app.origin}/api/auth/login?brand=a%26b`,
        customApplicationLoginPageUrl: 'https://pages.example/find?brand=a%26b&lang=de',
      });
    });
    afterAll(() => stopSite(custom));

    it('does not break the application login page (weakness 6)', async () => {
      const { location } = await getRaw(custom, '/api/auth/login?return_url=%2Forders%3Fa%3D1%26b%3D2');

      const url = new URL(location ?? '');
      expect(`${url.origin}${url.pathname}`).toBe('https://pages.example/find');
      expect([...url.searchParams]).toEqual([
        ['brand', 'a&b'],
        ['lang', 'de'],
        ['client_id', custom.emulator.clientId],
        ['state', '/orders?a=1&b=2'],
      ]);
    });

    it('does not break the login URL (weakness 7)', async () => {
      const { location } = await getRaw(custom, '/api/auth/callback?state=x&code=y&tenant_name=acme');

      const url = new URL(location ?? '');
      expect(url.pathname).toBe('/api/auth/login');
      expect([...url.searchParams]).toEqual([
        ['brand', 'a&b'],
        ['tenant_name', 'acme'],
      ]);
    });
  });

  describe.each([
    'foo=%E0%A4%A',
    'foo=%',
    '%=%',
    '=',
    'foo',
    '__proto__=x',
    'a=b=c;;; ;d',
    'foo="%zz"',
    'login#=x',
    'foo=\xff',
  ])('somebody else’s cookie %j', (foreign) => {
    let session: string;

    beforeAll(async () => {
      session = (await sessionOf(site)).slice('Cookie: '.length);
    });
    const withForeign = (own: string) => ({ headers: [`Cookie: ${foreign}; ${own}; ${foreign}`] });

    it('does not stop a login (weakness 8)', async () => {
      const answer = await getRaw(site, '/api/auth/login?tenant_name=acme', {
        headers: [`Cookie: ${foreign}`],
      });

      expect(answer.status).toBe(302);
      expect(new URL(answer.location ?? '').host).toBe(site.tenantHost('acme'));
    });

    it('does not stop a callback (weakness 8)', async () => {
      const { state, cookie } = await beginSignIn(site);
      const query = `tenant_name=acme&code=none&state=${state}`;

      const answer = await getRaw(
        site,
        `/api/auth/callback?${query}`,
        withForeign(cookie.slice('Cookie: '.length)),
      );

      // The code is refused: so the login state was found between the foreign cookies.
      expect(answer.location).toBe(`${site.app.origin}/api/auth/login?tenant_name=acme&sign_in_attempt=2`);
      expect(site.emulator.callsTo('token')).toHaveLength(1);
    });

    it('does not hide the session from a guard (weakness 8)', async () => {
      const answer = await getRaw(site, '/api/auth/session', withForeign(session));

      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body)).toMatchObject({ tenantId: 'tenant-acme' });
    });

    it('does not stop a logout (weakness 8)', async () => {
      const answer = await getRaw(site, '/api/auth/logout', withForeign(session));

      expect(answer.status).toBe(302);
      expect(new URL(answer.location ?? '').host).toBe(site.tenantHost('acme'));
    });
  });

  it.each([
    '',
    '?state=a&state=b',
    '?state=',
    '?code=x',
    '?error=access_denied',
    '?state[]=a',
    '?state=a&code[x]=y',
  ])('does not answer 500 to the callback %j (weakness 24)', async (query) => {
    expectRefusal(await getRaw(site, `/api/auth/callback${query}`), 400, 'invalid_request');
  });

  it('does not answer 500 to an unknown state (weakness 24)', async () => {
    const answer = await getRaw(site, '/api/auth/callback?state=unknown&code=x&tenant_name=acme');

    expect(answer.status).toBe(302);
    expect(answer.location).toBe(`${site.app.origin}/api/auth/login?tenant_name=acme`);
  });

  it('does not answer 500 when the user is refused (weakness 24)', async () => {
    const { state, cookie } = await beginSignIn(site);
    const query = `state=${state}&error=access_denied&error_description=evil%20%3Cscript%3E&tenant_name=acme`;

    const answer = await getRaw(site, `/api/auth/callback?${query}`, { headers: [cookie] });

    expectRefusal(answer, 403, 'authorization_failed');
  });

  it('does not answer 500 when the code is missing (weakness 24)', async () => {
    const { state, cookie } = await beginSignIn(site);

    const answer = await getRaw(site, `/api/auth/callback?state=${state}&tenant_name=acme`, {
      headers: [cookie],
    });

    expectRefusal(answer, 400, 'invalid_request');
  });

  it.each(['token', 'userinfo'] as const)(
    'does not lose the sign-in when the %s endpoint is down for a moment (weakness 24)',
    async (endpoint) => {
      const browser = new Browser();
      site.emulator.fail(endpoint, { kind: 'status', status: 503 });
      const failed = await signIn(browser, `${site.app.origin}/api/auth/login?tenant_name=acme`, ada);
      site.emulator.heal();

      const reloaded = await browser.get(failed.url, { redirect: 'manual' });

      expect(failed.status).toBe(503);
      // Not to the Login Endpoint, which would be a new sign-in.
      expect(reloaded.location.href).toBe(`${site.app.origin}/api/auth/session`);
    },
  );

  it('does not revoke before it has checked the logout state (weakness 25)', async () => {
    authSettings.logout = { state: 's'.repeat(513) };

    const answer = await getRaw(site, '/api/auth/logout', { headers: [await sessionOf(site)] });

    expect(JSON.parse(answer.body)).toMatchObject({ code: 'invalid_argument' });
    expect(site.emulator.callsTo('revoke')).toEqual([]);
  });

  it('does not refuse a logout state of 512 characters (weakness 25)', async () => {
    const state = 's'.repeat(512);
    authSettings.logout = { state };

    const answer = await getRaw(site, '/api/auth/logout', { headers: [await sessionOf(site)] });

    expect(new URL(answer.location ?? '').searchParams.get('state')).toBe(state);
    expect(site.emulator.callsTo('revoke')).toHaveLength(1);
  });

  it('does not lose the logout state when no tenant is known (weakness 25)', async () => {
    authSettings.logout = { redirectUrl: 'https://app.example/bye?x=1', state: 'a&b=c' };

    const { location } = await getRaw(site, '/api/auth/logout');

    expect(location).toBe('https://app.example/bye?x=1&state=a%26b%3Dc');
  });

  it('does not lose the logout state on the application login page (weakness 25)', async () => {
    authSettings.logout = { state: 'a&b=c' };

    const { location } = await getRaw(site, '/api/auth/logout');

    const { pathname, searchParams } = new URL(location ?? '');
    expect(pathname).toBe('/login');
    expect(Object.fromEntries(searchParams)).toEqual({ client_id: site.emulator.clientId, state: 'a&b=c' });
  });

  it('does not lose the return URL on its way through tenant discovery (weakness 26)', async () => {
    const browser = new Browser();
    const returnUrl = `${site.app.origin}/orders?page=2&sort=a%20b`;
    const discovery = await browser.get(
      `${site.app.origin}/api/auth/login?return_url=${encodeURIComponent(returnUrl)}`,
      {
        redirect: 'manual',
      },
    );
    const state = discovery.location.searchParams.get('state') ?? '';

    const landed = await signIn(
      browser,
      `${site.app.origin}/api/auth/login?tenant_name=acme&state=${encodeURIComponent(state)}`,
      ada,
    );

    expect(state).toBe(returnUrl);
    expect(landed.url).toBe(returnUrl);
  });

  it('does not send a return URL of more than 450 characters to tenant discovery (weakness 26)', async () => {
    const [longest, tooLong] = await Promise.all(
      [449, 450].map((length) => getRaw(site, `/api/auth/login?return_url=/${'x'.repeat(length)}`)),
    );

    expect(new URL(longest?.location ?? '').searchParams.get('state')).toHaveLength(450);
    expect(new URL(tooLong?.location ?? '').searchParams.has('state')).toBe(false);
  });

  it('does not take the state of a logout for a return URL (weakness 26)', async () => {
    const browser = new Browser();

    const landed = await signIn(
      browser,
      `${site.app.origin}/api/auth/login?tenant_name=acme&state=user_logout`,
      ada,
    );

    expect(landed.url).toBe(`${site.app.origin}/api/auth/session`);
  });

  it('does not prefer state to a return URL that was asked for (weakness 26)', async () => {
    const browser = new Browser();
    const query = 'tenant_name=acme&return_url=%2Fasked&state=%2Fechoed';

    const landed = await signIn(browser, `${site.app.origin}/api/auth/login?${query}`, ada);

    expect(landed.url).toBe(`${site.app.origin}/asked`);
  });
});

describePlatforms('a custom domain that cannot be checked', (platform) => {
  let site: Site;

  beforeAll(async () => {
    site = await startSite({ platform, options: { http: { timeout: 1000 } } });
  });
  afterAll(() => stopSite(site));
  beforeEach(() => {
    site.emulator.heal();
    site.emulator.clearCalls();
  });

  it.each([
    ['answers 500', 'login', { kind: 'status', status: 500 }],
    ['hangs', 'logout', { kind: 'hang' }],
    ['answers 500', 'callback?state=x&code=y', { kind: 'status', status: 500 }],
    ['answers nonsense', 'login', { kind: 'garbage' }],
  ] as const)(
    'does not go to a custom domain when the check %s on %s (weakness 4)',
    async (_, path, fault) => {
      site.emulator.fail('customDomainValidation', fault);
      const separator = path.includes('?') ? '&' : '?';

      const answer = await getRaw(
        site,
        `/api/auth/${path}${separator}tenant_custom_domain=unchecked.evil.com`,
      );

      expect(site.emulator.callsTo('customDomainValidation')).not.toEqual([]);
      expect(answer.status).toBe(503);
      expect(answer.location).toBeUndefined();
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'wristband_unavailable' });
    },
  );
});

describePlatforms('tenant subdomains under attack', (platform) => {
  let site: Site;

  beforeAll(async () => {
    site = await startSite({ platform, hasSubdomains: true });
  });
  afterAll(() => stopSite(site));

  it.each([
    ['upper case', 'ACME.LocalHost:P'],
    ['a trailing dot', 'acme.localhost.'],
    ['a trailing dot and a port', 'acme.localhost.:P'],
    ['no port', 'acme.localhost'],
    ['another port', 'acme.localhost:8443'],
  ])('does not miss the tenant in a Host with %s (weakness 22)', async (_, host) => {
    const answer = await getRaw(site, '/api/auth/login', { host: host.replace(':P', `:${site.app.port}`) });

    expect(new URL(answer.location ?? '').host).toBe(site.tenantHost('acme'));
  });

  it.each(['a.b.localhost', '.localhost', 'localhost', 'evillocalhost', 'evil%2f.localhost', '[::1]:80'])(
    'does not see a tenant in the Host %s (weakness 22)',
    async (host) => {
      const answer = await getRaw(site, '/api/auth/login', { host });

      expect(answer.location).toBe(`${site.emulator.origin}/login?client_id=${site.emulator.clientId}`);
    },
  );

  it('does not ignore tenant_name when the Host has no subdomain (weakness 22)', async () => {
    const answer = await getRaw(site, '/api/auth/login?tenant_name=acme', {
      host: `127.0.0.1:${site.app.port}`,
    });

    expect(new URL(answer.location ?? '').host).toBe(site.tenantHost('acme'));
  });

  it('does not let tenant_name change the tenant of a subdomain', async () => {
    const host = `acme.localhost:${site.app.port}`;

    const answer = await getRaw(site, '/api/auth/login?tenant_name=globex', { host });

    expect(new URL(answer.location ?? '').host).toBe(site.tenantHost('acme'));
  });

  it('does not go back to the subdomain of another tenant after tenant discovery', async () => {
    const browser = new Browser();
    const grace = site.emulator.users.find(({ email }) => email === 'grace@acme.example')!;
    const elsewhere = encodeURIComponent(`${site.app.tenantOrigin('globex')}/orders`);
    const discovery = await browser.get(`${site.app.origin}/api/auth/login?return_url=${elsewhere}`);

    const loginPage = await submitDiscovery(browser, discovery, grace.email);
    const landed = await submitPassword(browser, loginPage, grace);

    expect(landed.url).toBe(`${site.app.tenantOrigin('acme')}/api/auth/session`);
  });

  it.each([
    ['another tenant', (port: number) => `http://globex.localhost:${port}/orders`],
    ['a deeper subdomain', (port: number) => `http://evil.acme.localhost:${port}/orders`],
    ['the placeholder', (port: number) => `http://{tenant_name}.localhost:${port}/orders`],
    ['Punycode for nothing', (port: number) => `http://xn--a.localhost:${port}/orders`],
  ])('does not go back to %s after a sign-in', async (_, url) => {
    const browser = new Browser();
    const [ada] = site.emulator.users;
    const returnUrl = encodeURIComponent(url(site.app.port));

    const landed = await signIn(
      browser,
      `${site.app.tenantOrigin('acme')}/api/auth/login?return_url=${returnUrl}`,
      ada!,
    );

    expect(landed.url).toBe(`${site.app.tenantOrigin('acme')}/api/auth/session`);
  });

  it('checks the return URL again when the tenant is known at last', async () => {
    const open = await startSite({ platform, hasSubdomains: true });
    const { app, emulator } = open;
    emulator.setSdkConfiguration({
      applicationAuthorizationRequestsEnabled: true,
      fallbackLoginUrl: `${app.origin}/api/auth/login`,
    });
    const browser = new Browser();
    const grace = emulator.users.find(({ email }) => email === 'grace@acme.example')!;
    const elsewhere = encodeURIComponent(`${app.tenantOrigin('globex')}/orders`);
    const begun = await browser.get(`${app.origin}/api/auth/login?return_url=${elsewhere}`, {
      redirect: 'manual',
    });
    // On a real domain this cookie is for all subdomains; browsers do not allow that for localhost.
    for (const line of begun.setCookies) await browser.jar.setCookie(line, `${app.tenantOrigin('acme')}/`);

    const loginPage = await submitDiscovery(browser, await browser.get(begun.location.href), grace.email);
    const landed = await submitPassword(browser, loginPage, grace);
    await stopSite(open);

    expect(landed.url).toBe(`${app.tenantOrigin('acme')}/api/auth/session`);
    expect(landed.json()).toMatchObject({ tenantId: 'tenant-acme' });
  });
});

describe('tenantCustomDomains: any', () => {
  let site: Site;

  beforeAll(async () => {
    site = await startSite({ options: { tenantCustomDomains: 'any' } });
  });
  afterAll(() => stopSite(site));

  it.each(HOSTILE_DOMAINS)('still refuses a domain with %s', async (_, value) => {
    const answer = await getRaw(site, `/api/auth/login?tenant_custom_domain=${value}`);

    expectRefusal(answer, 400, 'invalid_tenant');
  });

  it.each(['xn--a.example', 'xn--acme.com', 'login.xn--0.example'])(
    'still refuses %s, which is Punycode for nothing',
    async (domain) => {
      const login = await getRaw(site, `/api/auth/login?tenant_custom_domain=${domain}`);
      const logout = await getRaw(site, `/api/auth/logout?tenant_custom_domain=${domain}`);

      expectRefusal(login, 400, 'invalid_tenant');
      expectRefusal(logout, 400, 'invalid_tenant');
    },
  );

  it('takes an internationalised domain in its ASCII form', async () => {
    const answer = await getRaw(site, '/api/auth/login?tenant_custom_domain=login.xn--bcher-kva.example');

    expect(new URL(answer.location ?? '').host).toBe('login.xn--bcher-kva.example');
  });
});
