import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import fc, { type Arbitrary } from 'fast-check';
import { privateCacheControl, varyByCookie } from '../../../lib/http/cache-headers.js';
import { requestCookies, serializeCookie } from '../../../lib/http/cookies.js';
import {
  authorizationHeaders,
  isHttpRequest,
  isSpeculative,
  isUpgrade,
  requestHost,
} from '../../../lib/http/http-request.js';
import { isPageNavigation } from '../../../lib/http/http-request.js';
import { escaped, renderPage } from '../../../lib/http/page.js';
import { QueryParameters } from '../../../lib/http/query-parameters.js';
import { redirectTo, withQuery } from '../../../lib/http/redirect.js';
import { requestForm } from '../../../lib/http/request-form.js';
import { isOwnOrigin, isUnsafeMethod, siteVerdict } from '../../../lib/csrf/request-site.js';
import { isSameToken } from '../../../lib/csrf/csrf-token.js';
import { WristbandException } from '../../../lib/index.js';
import { rule } from '../cases.js';
import { damaged, hostileText, json } from '../texts.js';

const optional = <T>(value: Arbitrary<T>) => fc.option(value, { nil: undefined });
/** Of what may stand in a header. */
const header = fc
  .oneof(hostileText, damaged('max-age=60, s-maxage=60, public, no-transform'))
  .map((text) => text.replaceAll(/[^\t -~\u0080-\u00ff]/g, ''));

/** A request as far as its headers and its URL are concerned. */
const request = fc
  .record({
    method: optional(fc.oneof(fc.constantFrom('GET', 'HEAD', 'POST', 'get'), hostileText)),
    url: optional(hostileText),
    rawHeaders: fc.array(fc.oneof(fc.constantFrom('Authorization', 'AUTHORIZATION', 'Host'), hostileText), {
      maxLength: 5,
    }),
    headers: fc.record({
      host: optional(hostileText),
      cookie: optional(hostileText),
      authorization: optional(hostileText),
      accept: optional(hostileText),
      upgrade: optional(fc.oneof(fc.constant('WebSocket'), hostileText)),
      purpose: optional(hostileText),
      'sec-purpose': optional(fc.oneof(hostileText, fc.array(hostileText))),
      'sec-fetch-mode': optional(fc.oneof(fc.constant('navigate'), hostileText)),
    }),
  })
  .map((parts) => parts as unknown as IncomingMessage);

const cookiePair = fc.oneof(
  hostileText,
  fc
    .tuple(
      fc.constantFrom('session', 'session.0', 'session.01', 'sessions', '__proto__', 'login#a#1', ' '),
      hostileText,
    )
    .map((pair) => pair.join('=')),
);

/** A body as a parser of the application may have left it, or the stream itself. */
const form = fc.oneof(
  fc
    .array(fc.tuple(fc.constantFrom('logout_token', 'a', '__proto__', 'logout_token[]'), hostileText))
    .map((pairs) => pairs.map((pair) => pair.join('=')).join('&')),
  damaged('logout_token=a.b.c&a=b'),
);

async function formOf(text: string, type: string | undefined, body: unknown, chunk: number) {
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) =>
    bytes.subarray(at * chunk, (at + 1) * chunk),
  );
  const stream = Object.assign(Readable.from(chunks), { method: 'POST', headers: { 'content-type': type } });
  return requestForm(Object.assign(stream, { body }) as unknown as IncomingMessage);
}

export const httpRules = [
  rule(
    'http/cookies',
    'reads each cookie of its prefix, in order, whatever stands around them',
    5000,
    fc.property(
      fc.array(cookiePair, { maxLength: 6 }),
      fc.constantFrom('', 'session', 'login#'),
      (pairs, prefix) => {
        const found = requestCookies({ headers: { cookie: pairs.join('; ') } } as IncomingMessage, prefix);
        return found.every(
          ({ name, value }) =>
            name.trimStart().startsWith(prefix) &&
            typeof value === 'string' &&
            Object.getPrototypeOf({}) === Object.prototype,
        );
      },
    ),
  ),
  rule(
    'http/cookies',
    'writes one line of a cookie, or refuses it',
    3000,
    fc.property(hostileText, hostileText, (name, value) => {
      try {
        // oxlint-disable-next-line no-control-regex -- what ends a line, or what a browser would not take
        return /^[^\0-\x1f;\x7f]+=[^\0-\x1f;\x7f]*; Path=\/$/.test(
          serializeCookie(name, value, { path: '/' }),
        );
      } catch (error) {
        return error instanceof TypeError;
      }
    }),
  ),
  rule(
    'http/cache-headers',
    'lets no cache keep what is personal, whatever the handler asked for',
    3000,
    fc.property(header, (text) => {
      const [first, second, ...kept] = privateCacheControl(text).split(', ');
      const isSafe = !kept.some((one) =>
        /^(public$|max-age=|s-maxage=|immutable$|stale-[a-z-]+=)/i.test(one.trim()),
      );
      const vary = varyByCookie(text)
        .toLowerCase()
        .split(',')
        .map((one) => one.trim());
      return (
        first === 'private' &&
        second === 'no-store' &&
        isSafe &&
        (vary.includes('cookie') || vary.includes('*'))
      );
    }),
  ),
  rule(
    'http/redirect',
    'makes one line of printable ASCII of any URL, which leads to the same place',
    4000,
    fc.property(fc.oneof(hostileText, damaged('https://app.example/a?b=c#d')), (text) => {
      const { url } = redirectTo(text);
      return (
        /^[!-~]*$/.test(url) &&
        (/[\p{Cc}\ud800-\udfff]|^\s|\s$/u.test(text) ||
          !/^https?:/i.test(text) ||
          !URL.canParse(text) ||
          !/^[ -~]*$/.test(text) ||
          new URL(url).href === new URL(text).href)
      );
    }),
  ),
  rule(
    'http/redirect',
    'carries any parameters in a query as they are',
    3000,
    fc.property(
      fc.dictionary(fc.oneof(fc.constant('state'), hostileText), hostileText, { maxKeys: 4 }),
      (given) => {
        const { origin, pathname, searchParams } = new URL(withQuery('https://app.example/login?a=1', given));
        const isKept = Object.entries(given).every(([name, value]) =>
          searchParams.getAll(name.toWellFormed()).includes(value.toWellFormed()),
        );
        return origin === 'https://app.example' && pathname === '/login' && isKept;
      },
    ),
  ),
  rule(
    'http/query-parameters',
    'answers one plain value, or refuses the request',
    4000,
    fc.property(
      fc.array(
        fc.tuple(
          fc.constantFrom('state', 'state[]', 'state[a]', 'code', 'State', '%73tate', '__proto__'),
          hostileText,
        ),
        { maxLength: 4 },
      ),
      (pairs) => {
        const url = `/callback?${pairs.map((pair) => pair.join('=')).join('&')}`;
        try {
          const value = new QueryParameters({ url, headers: {} } as IncomingMessage).get('state');
          return value === undefined || value.trim() !== '';
        } catch (error) {
          return error instanceof WristbandException && error.code === 'invalid_request';
        }
      },
    ),
  ),
  rule(
    'http/http-request',
    'reads any headers',
    3000,
    fc.property(request, json, (given, anything) => {
      const answers = [
        isUpgrade(given),
        isSpeculative(given),
        isPageNavigation(given),
        isHttpRequest(anything),
      ];
      return (
        answers.every((one) => typeof one === 'boolean') &&
        authorizationHeaders(given).every((one) => typeof one === 'string') &&
        typeof requestHost(given) === 'string'
      );
    }),
  ),
  rule(
    'http/request-form',
    'answers a form or says what is wrong, however the body comes',
    2500,
    fc.asyncProperty(
      form,
      optional(fc.oneof(fc.constant('application/x-www-form-urlencoded; charset=utf-8'), hostileText)),
      fc.oneof(
        fc.constant(undefined),
        json,
        form,
        form.map((text) => Buffer.from(text)),
      ),
      fc.integer({ min: 1, max: 5000 }),
      async (text, type, body, chunk) => {
        const found = await formOf(text, type, body, chunk);
        return 'problem' in found
          ? typeof found.problem === 'string'
          : typeof found.form === 'object' && !Array.isArray(found.form);
      },
    ),
  ),
  rule(
    'csrf/request-site',
    'takes for the own site only the same host, a trusted origin, or what the browser says',
    4000,
    fc.property(
      optional(
        fc.oneof(
          hostileText,
          fc.constantFrom('same-origin', 'same-site', 'cross-site', 'none', 'same-origin, cross-site'),
        ),
      ),
      optional(
        fc.oneof(hostileText, damaged('https://app.example:8443'), fc.constant('https://trusted.example')),
      ),
      fc.oneof(damaged('app.example:8443'), fc.constant('app.example:8443')),
      fc.boolean(),
      (fetchSite, origin, host, isSocket) => {
        const site = { fetchSite, origin, host, isSocket };
        const verdict = siteVerdict(site, ['https://trusted.example']);
        const isForeign =
          verdict === undefined
            ? !isOwnOrigin(site, { loginUrl: 'https://own.example/login' }, undefined)
            : verdict === 'foreign';
        if (origin === 'https://trusted.example') return !isForeign;
        if (fetchSite === undefined || isSocket) {
          const isOwn =
            origin === undefined ||
            (URL.canParse(origin) &&
              (new URL(origin).hostname.replace(/\.$/, '') ===
                host
                  .trim()
                  .toLowerCase()
                  .replace(/\.?(:.*)?$/, '') ||
                new URL(origin).origin === 'https://own.example'));
          return isOwn || isForeign;
        }
        const isTold = fetchSite.split(',').some((one) => one.trim().toLowerCase() === 'cross-site');
        return !isTold || isForeign;
      },
    ),
  ),
  rule(
    'csrf/request-site',
    'takes every method for unsafe that is not known to be safe',
    2000,
    fc.property(
      fc.oneof(hostileText, damaged('GET'), fc.constantFrom('GET', 'head', 'OPTIONS', 'TRACE')),
      (method) =>
        isUnsafeMethod(method) !== ['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method.toUpperCase()),
    ),
  ),
  rule(
    'csrf/csrf-token',
    'knows its token again, and no other text',
    3000,
    fc.property(
      hostileText,
      fc.oneof(hostileText, damaged('a-token-of-32-letters-and-digits')),
      (one, other) =>
        isSameToken(one, one) && isSameToken(one, other) === (one.toWellFormed() === other.toWellFormed()),
    ),
  ),
  rule(
    'http/page',
    'writes texts and URLs into a page so that they stay texts',
    2000,
    fc.property(hostileText, hostileText, (title, url) => {
      const html = renderPage({ title, body: `<p>${escaped(title)}</p>`, refresh: { seconds: 0, url } });
      const [, text = '', address = ''] = [
        ...(/<h1>([^]*?)<\/h1>/.exec(html) ?? []),
        /content="0; url=([^"]*)">/.exec(html)?.[1] ?? '',
      ];
      const isInert = [text, address].every((one) => !/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/.test(one));
      return isInert && unescaped(text) === title && unescaped(address) === url;
    }),
  ),
];

function unescaped(html: string): string {
  const characters: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return html.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => characters[name] ?? '');
}
