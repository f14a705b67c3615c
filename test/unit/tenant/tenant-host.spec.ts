import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseCustomDomain,
  parseHost,
  parseTenantName,
  tenantHost,
  tenantOfSubdomain,
} from '../../../lib/tenant/tenant-host.js';

const VANITY = 'app-mycompany.us.wristband.dev';
const DOTTED = { vanityDomain: VANITY, isApplicationCustomDomainActive: true };
const DASHED = { vanityDomain: VANITY, isApplicationCustomDomainActive: false };

/** What means something in a host, a URL or a pattern; the last ones look like something else or like nothing. */
const PARTS =
  'acme|evil.com|a|0|xn--|-|--|.|..|:|443|/|//|\\|@|#|?|%|%2F|[|]|[::1]|0x|127.0.0.1| |\t|\r\n|\0|$&|{tenant_name}|' +
  '\u3002|\uff0e|\uff0f|\uff45|\u00ad|\u200b|\u202e|\u212a|\u0130|\u00df|\u0430|\ud800';

/** Text as an attacker puts it together. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...PARTS.split('|'), VANITY),
      fc.string({ unit: 'grapheme', maxLength: 3 }),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));
/** Text that often is a tenant name, so that a property does not only see refusals. */
const nearlyName = fc.oneof(hostileText, fc.stringMatching(/^ ?(xn--)?[a-zA-Z0-9-]{1,66} ?$/));
const nearlyDomain = fc.oneof(
  hostileText,
  fc.stringMatching(/^(xn--)?[a-zA-Z0-9-]{1,20}(\.[a-z0-9-]{1,8}){0,3}(:[0-9]{1,6})?$/),
);

describe('parseTenantName', () => {
  it.each([
    ['acme', 'acme'],
    ['ACME', 'acme'],
    ['a', 'a'],
    ['1', '1'],
    ['a-b', 'a-b'],
    ['a--b', 'a--b'],
    ['constructor', 'constructor'],
    ['axn--b', 'axn--b'],
    ['a'.repeat(63), 'a'.repeat(63)],
  ])('reads %j as %j', (text, name) => {
    expect(parseTenantName(text)).toBe(name);
  });

  it.each([
    '',
    ' ',
    ' acme',
    'acme\t',
    'xn--a',
    'XN--EVIL',
    'xn--80ak6aa92e',
    'evil.com/',
    'evil.com',
    'a.b',
    'a.',
    '.a',
    '-a',
    'a-',
    'a_b',
    'a b',
    'a\nb',
    'a\0',
    'a/',
    'a\\',
    'a#',
    'a?',
    'a@b',
    'a:1',
    'a%2F',
    '%61',
    '[::1]',
    '*',
    '$&',
    '{tenant_name}',
    'é',
    'а',
    'ａ',
    'a。b',
    'a\u00adb',
    'a\u200bb',
    'ß',
    'İ',
    '\ud800',
    '__proto__',
    'a'.repeat(64),
  ])('refuses %j', (text) => {
    expect(parseTenantName(text)).toBeUndefined();
  });

  it('answers nothing, or a name that a URL parser leaves as it is under the vanity domain', () => {
    fc.assert(
      fc.property(nearlyName, fc.constantFrom(DOTTED, DASHED), (text, rule) => {
        const name = parseTenantName(text);
        const host = name === undefined ? undefined : tenantHost({ name }, rule);

        // A name may also be too long for its host.
        fc.pre(host !== undefined);
        const url = new URL(`https://${host}/x`);
        expect(url.hostname).toBe(`${name}${rule === DOTTED ? '.' : '-'}${VANITY}`);
        expect([url.pathname, url.username, url.search, url.hash]).toEqual(['/x', '', '', '']);
      }),
      { numRuns: 1000 },
    );
  });

  it('reads what it answered as the same name', () => {
    fc.assert(
      fc.property(nearlyName, (text) => {
        const name = parseTenantName(text);

        expect(name === undefined ? undefined : parseTenantName(name)).toBe(name);
      }),
    );
  });
});

describe('parseCustomDomain', () => {
  it.each([
    ['login.acme.com', 'login.acme.com'],
    ['LOGIN.Acme.COM', 'login.acme.com'],
    ['login.acme.com:8443', 'login.acme.com:8443'],
    ['localhost', 'localhost'],
    ['login.globex.localhost:4000', 'login.globex.localhost:4000'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['1.acme.com', '1.acme.com'],
    ['acme.c0m', 'acme.c0m'],
    ['acme.com:65535', 'acme.com:65535'],
    ['acme.com1', 'acme.com1'],
    ['acme.1com', 'acme.1com'],
    ['acme.0xyz', 'acme.0xyz'],
    ['0x.acme.com', '0x.acme.com'],
    [`${'a.'.repeat(126)}a`, `${'a.'.repeat(126)}a`],
  ])('reads %j as %j', (text, domain) => {
    expect(parseCustomDomain(text)).toBe(domain);
  });

  it.each([
    '',
    ' acme.com',
    'acme.com\n',
    '.',
    'acme..com',
    '.acme.com',
    'acme.com.',
    '-acme.com',
    'acme-.com',
    'acme.com/',
    'acme.com/x',
    'acme.com?x',
    'acme.com#x',
    'acme.com\\x',
    'user@acme.com',
    'acme.com:443@evil.com',
    'https://acme.com',
    '//acme.com',
    'acme.com:',
    'acme.com:x',
    'acme.com:65536',
    'acme.com:-1',
    'acme.com:123456',
    'acme.com:000443',
    'acme.com:1:2',
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    'a.0x7f',
    'a.0x',
    'acme.7',
    '1.2.3',
    '[::1]',
    '::1',
    'acme.com,evil.com',
    'acme com',
    'acme\t.com',
    'acme.com\r\nX-A: b',
    'acme.com\0',
    'acme。com',
    'ａcme.com',
    'bücher.example',
    'a_b.com',
    '*.com',
    '$&.com',
    '%61.com',
    '\ud800.com',
    `${'a'.repeat(64)}.com`,
    `${'a.'.repeat(126)}aa`,
  ])('refuses %j', (text) => {
    expect(parseCustomDomain(text)).toBeUndefined();
  });

  it('answers nothing, or a domain that a URL parser leaves as it is', () => {
    fc.assert(
      fc.property(nearlyDomain, (text) => {
        const domain = parseCustomDomain(text);

        fc.pre(domain !== undefined);
        const [hostname = ''] = domain.split(':');
        const url = new URL(`https://${domain}/x`);
        expect(url.hostname).toBe(hostname);
        expect([url.pathname, url.username, url.password, url.search, url.hash]).toEqual([
          '/x',
          '',
          '',
          '',
          '',
        ]);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['xn--a.example', 'login.xn--0.example', 'xn--acme.com', 'xn--.com'])(
    'refuses %s, which is Punycode for nothing and breaks URL parsers',
    (domain) => {
      expect(parseCustomDomain(domain)).toBeUndefined();
    },
  );
});

describe('parseHost', () => {
  it.each([
    ['acme.example', 'acme.example', ''],
    ['acme.example:8443', 'acme.example', '8443'],
    ['ACME.Example:8443', 'acme.example', '8443'],
    ['acme.example.', 'acme.example', ''],
    ['acme.example.:80', 'acme.example', '80'],
    [' acme.example ', 'acme.example', ''],
    ['[::1]:3000', '[::1]', '3000'],
    ['[::1]', '[::1]', ''],
    ['127.0.0.1:1', '127.0.0.1', '1'],
    ['', '', ''],
    ['a:b:c', 'a', 'b:c'],
    ['[::1', '[', ':1'],
    ['acme..', 'acme.', ''],
    ['a.b.', 'a.b', ''],
  ])('splits %j into %j and %j', (host, hostname, port) => {
    expect(parseHost(host)).toEqual({ hostname, port });
  });
});

describe('tenantOfSubdomain', () => {
  it.each([
    ['acme.app.example', 'acme'],
    ['acme.app.example:8443', 'acme'],
    ['ACME.App.Example', 'acme'],
    ['acme.app.example.', 'acme'],
    ['acme.app.example.:80', 'acme'],
  ])('finds the tenant in %s', (host, tenant) => {
    expect(tenantOfSubdomain(host, 'app.example')).toBe(tenant);
    expect(tenantOfSubdomain(host, 'App.Example')).toBe(tenant);
  });

  it.each([
    'app.example',
    '.app.example',
    'a.b.app.example',
    'evilapp.example',
    'acmeapp.example',
    'acme.app.example.evil.com',
    'acme.app.example..',
    'acme.app-example',
    'evil%2f.app.example',
    'evil.com/.app.example',
    'evil.com#.app.example',
    'user@.app.example',
    'acme .app.example',
    'acme\u00a0.app.example',
    '-a.app.example',
    'a_b.app.example',
    'é.app.example',
    `${'a'.repeat(64)}.app.example`,
    'evil.com, acme.app.example',
    '[::1]',
    '',
  ])('finds none in %j', (host) => {
    expect(tenantOfSubdomain(host, 'app.example')).toBeUndefined();
  });

  it('answers nothing, or a label with which the host begins', () => {
    fc.assert(
      fc.property(
        hostileText,
        fc.constantFrom('', '.app.example', '.APP.example:80', '.app.example.'),
        (text, end) => {
          const tenant = tenantOfSubdomain(text + end, 'app.example');

          expect(
            tenant === undefined || (text + end).trim().toLowerCase().startsWith(`${tenant}.app.example`),
          ).toBe(true);
          expect(tenant ?? 'none').toMatch(/^[a-z0-9-]{1,63}$/);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('tenantHost', () => {
  it.each([
    ['a name with a hyphen', { name: 'acme' }, DASHED, `acme-${VANITY}`],
    ['a name as a subdomain', { name: 'acme' }, DOTTED, `acme.${VANITY}`],
    ['a custom domain', { customDomain: 'login.acme.com' }, DASHED, 'login.acme.com'],
    [
      'a custom domain before a name',
      { name: 'acme', customDomain: 'login.acme.com:8443' },
      DOTTED,
      'login.acme.com:8443',
    ],
  ])('makes a host of %s', (_, tenant, rule, host) => {
    expect(tenantHost(tenant, rule)).toBe(host);
  });

  it('knows no host without a tenant', () => {
    expect(tenantHost({}, DASHED)).toBeUndefined();
  });

  it.each([
    [50, true],
    [51, false],
  ])('makes a host of a name with %i characters: %s', (length, fits) => {
    const host = tenantHost(
      { name: 'a'.repeat(length) },
      { ...DASHED, vanityDomain: 'twelve-chars.example:4000' },
    );

    expect(host !== undefined).toBe(fits);
  });

  it.each([
    ['localhost:4000', '.localhost:4000'],
    ['localhost', '.localhost'],
    [`example.${'b'.repeat(63)}:4000`, `.example.${'b'.repeat(63)}:4000`],
  ])('lets a name of 63 characters be a subdomain of %s', (vanityDomain, end) => {
    const name = 'a'.repeat(63);

    expect(tenantHost({ name }, { ...DOTTED, vanityDomain })).toBe(name + end);
  });
});
