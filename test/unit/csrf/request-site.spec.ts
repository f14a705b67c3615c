import { describe, expect, it } from 'vitest';
import {
  isOwnOrigin,
  isUnsafeMethod,
  type OwnUrls,
  type RequestSite,
  siteVerdict,
} from '../../../lib/csrf/request-site.js';

const TRUSTED = 'https://trusted.example';

function isForeign(site: Partial<RequestSite>, urls: OwnUrls = {}, sessionTenant?: unknown): boolean {
  const whole = { fetchSite: undefined, origin: undefined, host: 'app.example', ...site };
  const verdict = siteVerdict(whole, [TRUSTED]);
  return verdict === undefined ? !isOwnOrigin(whole, urls, sessionTenant) : verdict === 'foreign';
}

describe('isUnsafeMethod', () => {
  it.each(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'get', 'Head'])('takes %s for safe', (method) => {
    expect(isUnsafeMethod(method)).toBe(false);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'post', 'PROPFIND', '', 'GETX'])(
    'takes %j for unsafe',
    (method) => {
      expect(isUnsafeMethod(method)).toBe(true);
    },
  );

  it('takes a request without a method for one by GET, as Node does', () => {
    expect(isUnsafeMethod(undefined)).toBe(false);
  });
});

describe('siteVerdict and isOwnOrigin', () => {
  it('knows nothing foreign in a client that is no browser', () => {
    expect(isForeign({})).toBe(false);
    expect(isForeign({ isSocket: true })).toBe(false);
  });

  it.each(['same-origin', 'same-site', 'none', 'Same-Origin', 'cross-sites', 'xcross-site'])(
    'believes Sec-Fetch-Site %s, whatever the origin',
    (fetchSite) => {
      expect(isForeign({ fetchSite })).toBe(false);
      expect(isForeign({ fetchSite, origin: 'https://evil.example' })).toBe(false);
    },
  );

  it.each(['cross-site', 'CROSS-SITE', 'same-origin, cross-site', 'cross-site, same-origin'])(
    'refuses Sec-Fetch-Site %s, unless the origin is trusted',
    (fetchSite) => {
      expect(isForeign({ fetchSite })).toBe(true);
      expect(isForeign({ fetchSite, origin: 'https://app.example' })).toBe(true);
      expect(isForeign({ fetchSite, origin: TRUSTED })).toBe(false);
    },
  );

  it.each([
    ['https://app.example', false],
    ['http://app.example', false],
    ['https://APP.example', false],
    [TRUSTED, false],
    [`${TRUSTED}.evil.example`, true],
    ['https://evil.example', true],
    ['https://app.example:8443', true],
    ['https://app.example.evil.example', true],
    ['null', true],
    ['', true],
    ['app.example', true],
  ])(
    'compares the origin %j with the host where the browser says nothing else: foreign %s',
    (origin, foreign) => {
      expect(isForeign({ origin })).toBe(foreign);
      expect(isForeign({ origin, host: 'App.Example' })).toBe(foreign);
    },
  );

  it('compares ports as well', () => {
    expect(isForeign({ origin: 'http://localhost:3000', host: 'localhost:3000' })).toBe(false);
    expect(isForeign({ origin: 'http://localhost:3001', host: 'localhost:3000' })).toBe(true);
  });

  it('looks at the origin of a socket, whatever Sec-Fetch-Site says', () => {
    const site = { fetchSite: 'same-origin', isSocket: true };

    expect(isForeign({ ...site, origin: 'https://evil.example' })).toBe(true);
    expect(isForeign({ ...site, origin: 'https://app.example' })).toBe(false);
    expect(isForeign({ ...site, fetchSite: 'cross-site' })).toBe(true);
  });

  it.each([
    ['https://shop.example', 'shop.example:443', false],
    ['http://shop.example', 'shop.example:80', false],
    ['https://shop.example', 'shop.example:80', false],
    ['https://shop.example', 'SHOP.example.', false],
    ['https://shop.example.', 'shop.example:443', false],
    ['http://[::1]:3000', '[0:0:0:0:0:0:0:1]:3000', false],
    ['https://[::1]', '[::1]:443', false],
    ['https://shop.example:8443', 'shop.example:443', true],
    ['https://shop.example:8443', 'shop.example', true],
    ['https://shop.example', 'shop.example:8443', true],
    ['http://shop.example:443', 'shop.example', true],
    ['https://shop.example', 'user@shop.example', true],
    ['https://shop.example', 'shop.example/', true],
    ['https://shop.example', 'shop.example:443:443', true],
    ['https://127.0.0.1', '0x7f.1', true],
    ['https://shop.example', '\u00aahop.example', true],
    ['https://shop.example', '', true],
  ])('compares the origin %s with Host %j, default ports left out: foreign %s', (origin, host, foreign) => {
    expect(isForeign({ origin, host })).toBe(foreign);
    expect(isForeign({ origin, host, isSocket: true, fetchSite: 'same-origin' })).toBe(foreign);
  });

  const SHOP = { loginUrl: 'https://shop.example:8443/login', redirectUri: 'https://in.example/callback' };

  it.each([
    ['https://shop.example:8443', false],
    ['https://in.example', false],
    ['https://shop.example:9443', true],
    ['http://in.example', true],
    ['https://x.in.example', true],
    ['null', true],
  ])('knows the origins of loginUrl and redirectUri behind any Host: %s foreign %s', (origin, foreign) => {
    for (const host of ['backend:3000', 'shop.example', ''])
      expect(isForeign({ origin, host }, SHOP)).toBe(foreign);
  });

  const TENANTS = {
    loginUrl: 'https://{tenant_name}.app.example/login',
    redirectUri: 'https://{tenant_name}.app.example/callback',
    rootDomain: 'app.example',
  };

  it.each([
    ['https://acme.app.example', 'acme.app.example', undefined, false],
    ['https://acme.app.example', 'backend:3000', 'acme', false],
    ['https://acme.app.example', 'backend:3000', 'ACME', false],
    ['https://acme.app.example', 'backend:3000', undefined, true],
    ['https://globex.app.example', 'acme.app.example', 'acme', true],
    ['https://globex.app.example', 'backend:3000', 'acme', true],
    ['https://app.example', 'acme.app.example', 'acme', true],
    ['https://acme.app.example', 'backend:3000', 5, true],
    ['https://acme.app.example.evil.example', 'backend:3000', 'acme.app.example.evil', true],
  ])('fills in the tenant: %s, Host %s, session of %s, foreign %s', (origin, host, tenant, foreign) => {
    expect(isForeign({ origin, host }, TENANTS, tenant)).toBe(foreign);
    expect(isForeign({ origin, host, isSocket: true, fetchSite: 'same-site' }, TENANTS, tenant)).toBe(
      foreign,
    );
  });

  it.each([
    ['https://globex.app.example', true],
    ['https://globex.app.example:8443', true],
    ['https://globex.app.example.', true],
    ['https://x.globex.app.example', true],
    ['null', true],
    ['', true],
    ['https://acme.app.example:8443', false],
    ['https://x.acme.app.example', false],
    ['https://app.example', false],
    ['https://www.other.example', false],
    [undefined, false],
    [TRUSTED, false],
  ])("takes a page of the same site on another tenant's subdomain for foreign: %s %s", (origin, foreign) => {
    const site = { fetchSite: 'same-site', host: 'acme.app.example', origin };

    expect(isForeign(site, TENANTS, 'acme')).toBe(foreign);
    expect(isForeign(site)).toBe(false);
    expect(isForeign({ ...site, fetchSite: 'same-origin, same-site' }, TENANTS, 'acme')).toBe(foreign);
  });
});
