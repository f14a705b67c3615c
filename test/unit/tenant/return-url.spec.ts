import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redirectTo } from '../../../lib/http/redirect.js';
import { fillPlaceholder, hasPlaceholder, placeholderProblem } from '../../../lib/tenant/placeholder.js';
import {
  isAllowedReturnUrl,
  type ReturnUrlRule,
  withoutDoubleEncoding,
} from '../../../lib/tenant/return-url.js';

const OWN = 'https://app.example';
const CALLBACK = `${OWN}/api/auth/callback`;
const TRUSTED = 'https://admin.example:8443';
const PLAIN: ReturnUrlRule = {
  applicationUrls: [`${OWN}/api/auth/login`, CALLBACK],
  trustedOrigins: [TRUSTED],
};
/** Login and callback are on different origins, and the host has no name that a tenant could have. */
const DEVELOPMENT: ReturnUrlRule = {
  applicationUrls: ['http://[::1]:3000/login', 'http://localhost:3001/callback'],
  trustedOrigins: [],
};
const SUBDOMAINS: ReturnUrlRule = {
  applicationUrls: [
    'https://{tenant_name}.app.example/login',
    'https://{tenant_domain}.app.example/callback',
  ],
  trustedOrigins: [],
};

/** What means something in a URL, or looks like it; the last ones are what browsers drop, or take for something else. */
const PARTS =
  'https://|http://|HTTPS://|https:|javascript:|data:|//|/|\\|.|..|:|:443|:8443|@|user|#|?|%|%2f|%09|[|]|;|&|=|x|xn--|' +
  'app.example|acme.app.example|admin.example|APP.example|evil.com|{tenant_name}|\t|\r|\n|\0| |\u0085|\u007f|\u00ad|' +
  '\u2028|\u200b|\u3000|\ufeff|\u3002|\uff0e|\uff0f|\uff3c|\ud800|\udc00';

/** URLs as an attacker puts them together. */
const hostileUrl = fc
  .array(
    fc.oneof(fc.constantFrom(...PARTS.split('|'), OWN, TRUSTED), fc.string({ unit: 'binary', maxLength: 2 })),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));
const url = fc.oneof(
  hostileUrl,
  hostileUrl.map((rest) => OWN + rest),
  fc.webUrl(),
  fc.webPath(),
);

describe('isAllowedReturnUrl', () => {
  it.each([
    '/',
    '/orders',
    '/orders?page=2&sort=a%20b#row-7',
    'orders',
    '../orders',
    '?page=2',
    '#row-7',
    '/x?next=https://evil.com',
    '/%2f%2fevil.com',
    '/.//evil.com',
    '/@evil.com',
    '/ü/😀',
    '/a b',
    `${OWN}`,
    `${OWN}/orders?x=1#y`,
    'https://APP.example/orders',
    'https://app.example:443/',
    `${TRUSTED}/x`,
  ])('allows %j', (text) => {
    expect(isAllowedReturnUrl(text, PLAIN)).toBe(true);
  });

  it.each([
    '',
    ' ',
    ' /orders',
    '/orders ',
    '\u00a0/orders',
    '//evil.com',
    '//relative.invalid',
    '//app.example',
    '//',
    '///evil.com',
    '/\\evil.com',
    '\\\\evil.com',
    '\\evil.com',
    '/\t/evil.com',
    '\t//evil.com',
    '/\n/evil.com',
    '/\r/evil.com',
    '/x\r\nSet-Cookie: a=b',
    '/\0',
    '/\u0085/evil.com',
    '/\u007f/evil.com',
    'https://evil.com',
    'HTTPS://evil.com',
    'https:evil.com',
    'https:/evil.com',
    'https:///evil.com',
    'https:app.example',
    'https:\\\\evil.com',
    'javascript:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,x',
    'blob:https://app.example/x',
    'file:///etc/passwd',
    'ftp://app.example/',
    'mailto:a@app.example',
    'https://app.example@evil.com/',
    'https://app.example:x@evil.com/',
    'https://user@app.example/',
    'https://:password@app.example/',
    'https://app.example.evil.com/',
    'https://evilapp.example/',
    'https://evil.app.example/',
    'https://app.example./',
    'https://app.example:444/',
    'http://app.example/',
    'https://app.example\\@evil.com/',
    'https://evil.com#app.example',
    'https://evil.com?app.example',
    'https://evil。com/',
    'https://admin.example/',
    'https://admin.example:8444/',
    'https://{tenant_name}.app.example/',
    'https://app.example:99999/',
    'https://[/',
    'https://',
    'http://[::1]/',
    'https://xn--a.app.example/',
  ])('refuses %j', (text) => {
    expect(isAllowedReturnUrl(text, PLAIN)).toBe(false);
  });

  it.each([
    ['http://[::1]:3000/orders', true],
    ['http://localhost:3001/orders', true],
    ['http://localhost:3000/orders', false],
    ['https://[::1]:3000/orders', false],
    ['x-http://[::1]:3000/orders', false],
  ])("tells about %s, where the application runs on a developer's machine: %s", (text, isAllowed) => {
    expect(isAllowedReturnUrl(text, DEVELOPMENT)).toBe(isAllowed);
  });

  it.each([
    ['its own subdomain', 'acme', 'https://acme.app.example/orders', true],
    ['the subdomain of another tenant', 'acme', 'https://globex.app.example/orders', false],
    ['a deeper subdomain', 'acme', 'https://evil.acme.app.example/', false],
    ['the root domain', 'acme', 'https://app.example/', false],
    ['another port', 'acme', 'https://acme.app.example:444/', false],
    ['the placeholder itself', 'acme', 'https://{tenant_name}.app.example/', false],
    ['a relative path', 'acme', '/orders', true],
    ['any subdomain before discovery', undefined, 'https://globex.app.example/orders', true],
    ['a deeper subdomain before discovery', undefined, 'https://evil.acme.app.example/', false],
    ['the root domain before discovery', undefined, 'https://app.example/', false],
    ['another domain before discovery', undefined, 'https://acme.evil.com/', false],
    ['an underscore before discovery', undefined, 'https://a_b.app.example/', false],
    ['an IPv6 address before discovery', undefined, 'https://[::1]/', false],
  ])('tells about %s for the tenant %s', (_, tenantName, text, isAllowed) => {
    expect(isAllowedReturnUrl(text, { ...SUBDOMAINS, tenantName })).toBe(isAllowed);
  });

  it('allows only what stays on an own or trusted origin, also after it became a redirect', () => {
    fc.assert(
      fc.property(url, (text) => {
        fc.pre(isAllowedReturnUrl(text, PLAIN));

        expect([OWN, TRUSTED]).toContain(new URL(text, CALLBACK).origin);
        expect([OWN, TRUSTED]).toContain(new URL(redirectTo(text).url, CALLBACK).origin);
      }),
      { numRuns: 2000 },
    );
  });

  it('allows only subdomains of the signed-in tenant, also after it became a redirect', () => {
    const own = 'https://acme.app.example';
    fc.assert(
      fc.property(
        fc.oneof(
          url,
          hostileUrl.map((rest) => own + rest),
        ),
        (text) => {
          fc.pre(isAllowedReturnUrl(text, { ...SUBDOMAINS, tenantName: 'acme' }));

          expect(new URL(text, `${own}/callback`).origin).toBe(own);
          expect(new URL(redirectTo(text).url, `${own}/callback`).origin).toBe(own);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('withoutDoubleEncoding', () => {
  const PAGES = ['/a b', '/Übersicht?q=Größe 42#Zeile ä', '/100%25?share=50%25', '/x?next=/a%2Fb'];

  it.each(PAGES.flatMap((path) => [`https://app.example${path}`, `http://localhost:3000${path}`]))(
    'gives back the address that a browser shows for %s',
    (page) => {
      const { href } = new URL(page);

      expect(withoutDoubleEncoding(encodeURI(href))).toBe(href);
      expect(withoutDoubleEncoding(href)).toBe(href);
    },
  );

  it('takes what encodeURI encodes besides for no sign of another encoding', () => {
    const { href } = new URL('/x?f[a]={b|c}^`ä', 'https://app.example');

    expect(withoutDoubleEncoding(encodeURI(href))).toBe(
      'https://app.example/x?f%5Ba%5D=%7Bb%7Cc%7D%5E%60%C3%A4',
    );
  });

  it.each([
    '/a%2520b',
    '/x?next=https://app.example/a%2520b',
    'https://app.example/',
    'https://app.example/a%20b?c=%2520',
    'https://app.example/a%25',
    'https://app.example/a%252',
    'https://app.example/%25zz',
    '',
  ])('leaves "%s" alone', (url) => {
    expect(withoutDoubleEncoding(url)).toBe(url);
  });

  it.each([
    'https://app.example/p?q=%2525',
    'https://app.example/p?q=%25',
    'https://app.example/p?q=100%25ab',
    'https://app.example/p?q=%E0%A4%A',
    'https://app.example/p?q=100%',
    'https://app.example/p?f[a]=%C3%A4#%2525',
    'http://localhost:3000/%2520?next=/a%252Fb',
  ])('sees by the page that led here whether it was encoded twice: %s', (href) => {
    const referer = href.replace(/#.*/, '');

    expect(withoutDoubleEncoding(href, referer)).toBe(href);
    expect(withoutDoubleEncoding(encodeURI(href), referer)).toBe(href.replace('[a]', '%5Ba%5D'));
  });

  it('takes back what React encodes of a page whose address is malformed', () => {
    expect(withoutDoubleEncoding(encodeURI('https://app.example/p?q=%E0%A4%A'))).toBe(
      'https://app.example/p?q=%E0%A4%A',
    );
  });

  it('looks at the URL alone where another page led here', () => {
    for (const referer of ['https://app.example/', 'https://app.example/p', ''])
      expect(withoutDoubleEncoding('https://app.example/p?q=a%2520b', referer)).toBe(
        'https://app.example/p?q=a%20b',
      );
  });

  it('never changes where a URL leads to, nor whether it is allowed', () => {
    const rule = { applicationUrls: ['https://app.example/login'], trustedOrigins: [] };
    const part = fc.constantFrom(
      '%25',
      '2f',
      '5c',
      '%2525',
      '0a',
      '/',
      '\\',
      '@',
      'evil.com',
      '.',
      ':',
      '?',
      '#',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const url = `https://app.example${parts.join('')}`;
        const once = withoutDoubleEncoding(url);
        expect(isAllowedReturnUrl(once, rule)).toBe(isAllowedReturnUrl(url, rule));
        if (URL.canParse(url)) expect(new URL(once).origin).toBe(new URL(url).origin);
      }),
    );
  });
});

describe('fillPlaceholder', () => {
  it.each(['{tenant_name}', '{tenant_domain}'])('puts the tenant where %s stands', (placeholder) => {
    expect(fillPlaceholder(`https://${placeholder}.app.example/login`, 'acme')).toBe(
      'https://acme.app.example/login',
    );
  });

  it('fills every place, and again when it is called again', () => {
    const template = '{tenant_name}/{tenant_domain}/{tenant_name}';

    expect([fillPlaceholder(template, 'a'), fillPlaceholder(template, 'b')]).toEqual(['a/a/a', 'b/b/b']);
  });

  it('takes a name as it is, replacement patterns included', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom('$&', '$`', "$'", '$$', '$1', '$<x>'), fc.string()), (name) => {
        expect(fillPlaceholder('https://{tenant_name}.app.example/', name)).toBe(
          `https://${name}.app.example/`,
        );
      }),
    );
  });

  it('leaves a URL without a placeholder alone', () => {
    expect(fillPlaceholder('https://app.example/{tenant}', 'acme')).toBe('https://app.example/{tenant}');
  });
});

describe('hasPlaceholder', () => {
  it.each([
    ['https://{tenant_name}.app.example', true],
    ['https://{tenant_domain}.app.example', true],
    ['https://app.example', false],
    ['https://{tenant}.app.example', false],
    ['https://{TENANT_NAME}.app.example', false],
  ])('tells about %s: %s, each time it is asked', (text, expected) => {
    expect([hasPlaceholder(text), hasPlaceholder(text)]).toEqual([expected, expected]);
  });
});

describe('placeholderProblem', () => {
  it.each([
    ['https://{tenant_name}.app.example/login', true],
    ['https://{tenant_domain}.app.example/login', true],
    ['http://{tenant_name}.localhost:3000/login', true],
    ['https://app.example/login', false],
  ])('finds nothing wrong with %s (subdomains: %s)', (text, hasSubdomains) => {
    expect(placeholderProblem(text, hasSubdomains)).toBeUndefined();
  });

  it.each([
    ['https://{tenant_name}.app.example/login', false],
    ['https://app.example/{tenant_name}', false],
    ['https://app.example/login', true],
    ['https://app.example/{tenant_name}', true],
    ['https://x{tenant_name}.app.example/', true],
    ['https://{tenant_name}x.app.example/', true],
    ['https://{tenant_name}@app.example/', true],
    ['https://{tenant_name}/', true],
  ])('finds something wrong with %s (subdomains: %s)', (text, hasSubdomains) => {
    expect(placeholderProblem(text, hasSubdomains)).toMatch(/^must /);
  });
});
