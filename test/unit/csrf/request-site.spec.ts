import { describe, expect, it } from 'vitest';
import { isFromForeignSite, isUnsafeMethod, type RequestSite } from '../../../lib/csrf/request-site.js';

const TRUSTED = 'https://trusted.example';

function isForeign(site: Partial<RequestSite>): boolean {
  const nothing = { fetchSite: undefined, origin: undefined, host: 'app.example' };
  return isFromForeignSite({ ...nothing, ...site }, [TRUSTED]);
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

describe('isFromForeignSite', () => {
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
});
