import { describe, expect, it } from 'vitest';
import { validateOptions } from '../../../lib/config/options-validator.js';
import { checkedRoutes } from '../../../lib/controllers/endpoint-paths.js';
import { resolveOptions } from '../../../lib/config/resolved-options.js';
import {
  MemorySessionStore,
  type SessionOptions,
  WristbandConfigError,
  type WristbandOptions,
} from '../../../lib/index.js';

const SECRET = 'a-secret-for-tests-with-32-characters-or-more';
const VALID: WristbandOptions = {
  clientId: 'client',
  clientSecret: SECRET,
  wristbandApplicationVanityDomain: 'myapp-mycompany.us.wristband.dev',
  session: { secrets: SECRET },
};

function problemsOf(options: unknown): string[] {
  try {
    validateOptions(options as WristbandOptions);
    return [];
  } catch (error) {
    if (!(error instanceof WristbandConfigError)) throw error;
    return error.problems.map(({ option }) => option);
  }
}

describe('validateOptions', () => {
  it('accepts the smallest configuration', () => {
    expect(problemsOf(VALID)).toEqual([]);
  });

  it('accepts a configuration by hand with tenant subdomains', () => {
    const options = {
      ...VALID,
      autoConfigureEnabled: false,
      loginUrl: 'https://{tenant_name}.yourapp.io/login',
      redirectUri: 'https://{tenant_domain}.yourapp.io/callback',
      parseTenantFromRootDomain: 'yourapp.io',
    };

    expect(problemsOf(options)).toEqual([]);
  });

  it.each<[string, object]>([
    ['session.maxAge', { session: { secrets: SECRET, maxAge: Object.create(null) as unknown } }],
    ['jwt.verifiedTokenCacheSize', { jwt: { verifiedTokenCacheSize: Symbol('size') } }],
  ])('names %s also when it is something that cannot become a text', (option, odd) => {
    expect(problemsOf({ ...VALID, ...odd })).toEqual([option]);
  });

  it('lists every mistake in one error, each with its option and what to do', () => {
    const options = {
      clientId: '',
      wristbandApplicationVanityDomain: 'https://x.wristband.dev/',
      tokenExpirationBuffer: '60',
      session: { secrets: ['short', SECRET], sameSite: 'None', secure: false },
      loginUri: 'https://yourapp.io/login',
    };

    expect(() => validateOptions(options as never)).toThrowErrorMatchingInlineSnapshot(`
      [WristbandConfigError: The options of WristbandModule cannot work:
        - loginUri: is not an option; did you mean loginUrl?
        - clientId: must be a string that is not empty
        - clientSecret: is required and missing
        - wristbandApplicationVanityDomain: must be a host such as myapp-mycompany.us.wristband.dev, without https:// and without a path
        - tokenExpirationBuffer: must be a whole number of seconds, 0 or more (not a string)
        - session.secrets: item 0 has 5 characters; at least 32 are needed. Make one with: openssl rand -base64 32
        - session.sameSite: cannot be none when session.secure is false: browsers drop such a cookie. Set session.secure to true]
    `);
  });

  it.each<[option: string, value: unknown]>([
    ['clientId', undefined],
    ['clientId', '  '],
    ['clientId', 42],
    ['clientSecret', undefined],
    ['wristbandApplicationVanityDomain', undefined],
    ['wristbandApplicationVanityDomain', 'https://x.wristband.dev'],
    ['wristbandApplicationVanityDomain', 'x.wristband.dev/'],
    ['wristbandApplicationVanityDomain', 'x..wristband.dev'],
    ['wristbandApplicationVanityDomain', 'user@x.wristband.dev'],
    ['wristbandApplicationVanityDomain', '.wristband.dev'],
    ['autoConfigureEnabled', 'yes'],
    ['loginUrl', '/login'],
    ['loginUrl', 'javascript:alert(1)'],
    ['redirectUri', 'ftp://yourapp.io/callback'],
    ['redirectUri', 'https://yourapp.io/callback#fragment'],
    ['redirectUri', 'https://user:pw@yourapp.io/callback'],
    ['parseTenantFromRootDomain', '.yourapp.io'],
    ['parseTenantFromRootDomain', 'yourapp.io:443'],
    ['parseTenantFromRootDomain', 'https://yourapp.io'],
    ['customApplicationLoginPageUrl', 'yourapp.io/find'],
    ['customApplicationLoginPageUrl', 'https://{tenant_name}.yourapp.io/find'],
    ['fallbackLoginUrl', 'https://{tenant_name}.yourapp.io/login'],
    ['isApplicationCustomDomainActive', 1],
    ['scopes', 'openid email'],
    ['scopes', ['email']],
    ['tokenExpirationBuffer', '60'],
    ['tokenExpirationBuffer', Number.NaN],
    ['tokenExpirationBuffer', Infinity],
    ['tokenExpirationBuffer', -1],
    ['loginStateSecret', 'too short'],
    ['dangerouslyAllowInsecureRequests', true],
    ['trustedOrigins', 'https://a.example'],
    ['trustedOrigins', ['https://a.example/path']],
    ['trustedOrigins', ['*']],
    ['trustedOrigins', [443]],
    ['loginStateSecret', 42],
    ['tenantCustomDomains', 'never'],
    ['tenantCustomDomains', ['https://a.example']],
    ['onEvent', 'console.log'],
    ['http', 5000],
    ['session', 'secret'],
    ['jwt', 600_000],
  ])('names the option %s when it is %j', (option, value) => {
    expect(problemsOf({ ...VALID, [option]: value })).toEqual([option]);
  });

  it.each<[option: string, value: unknown]>([
    ['secrets', undefined],
    ['secrets', []],
    ['secrets', 'short'],
    ['secrets', [SECRET, 'short']],
    ['secrets', [SECRET, 42]],
    ['sameSite', 1],
    ['cookieName', 'my session'],
    ['cookieName', ''],
    ['domain', 'https://yourapp.io'],
    ['path', 'app'],
    ['path', '/; HttpOnly'],
    ['sameSite', 'loose'],
    ['secure', 'auto'],
    ['maxAge', -1],
    ['maxAge', '3600'],
    ['absoluteMaxAge', 0],
    ['touchAfter', Number.NaN],
    ['csrfHeaderName', 'X CSRF'],
    ['requestProperty', ''],
    ['requestProperty', 'headers'],
    ['requestProperty', 'setTimeout'],
    ['skipSessionHeader', 'X Skip'],
    ['maxCookies', 0],
    ['maxCookies', 1.5],
    ['maxCookies', 4],
    ['store', 'redis'],
    ['store', { read() {}, write() {} }],
    ['store', { get() {}, set() {}, destroy() {} }],
    ['touchAfter', 3600],
    ['maxage', 3600],
  ])('names the option session.%s when it is %j', (option, value) => {
    expect(problemsOf({ ...VALID, session: { ...VALID.session, [option]: value } })).toEqual([
      `session.${option}`,
    ]);
  });

  it.each<[session: Partial<SessionOptions>, options: string[]]>([
    [{ maxAge: 60, touchAfter: 60 }, ['touchAfter']],
    [{ maxAge: 60, touchAfter: 59 }, []],
    [{ maxAge: 0, touchAfter: 600 }, []],
    [{ csrfCookieName: 'session' }, ['csrfCookieName']],
    [{ csrfCookieName: 'session.0', maxCookies: 3 }, ['csrfCookieName']],
    [{ csrfCookieName: 'session.csrf', maxCookies: 3 }, []],
    [{ cookieName: 'CSRF-TOKEN', enableCsrfProtection: true }, ['csrfCookieName']],
    [{ cookieName: 'CSRF-TOKEN' }, []],
    [{ cookieName: '__Host-sid' }, []],
    [{ cookieName: '__Host-sid', domain: 'yourapp.io' }, ['cookieName']],
    [{ cookieName: '__Host-sid', path: '/app' }, ['cookieName']],
    [{ cookieName: '__Host-sid', secure: false }, ['cookieName']],
    [{ cookieName: '__host-sid', secure: false }, ['cookieName']],
    [{ cookieName: '__Host-sid', csrfCookieDomain: 'yourapp.io' }, []],
    [{ cookieName: '__Secure-sid', domain: 'yourapp.io', path: '/app' }, []],
    [{ cookieName: '__Secure-sid', secure: false }, ['cookieName']],
    [{ csrfCookieName: '__Host-csrf' }, []],
    [{ csrfCookieName: '__Host-csrf', domain: 'yourapp.io' }, ['csrfCookieName']],
    [{ csrfCookieName: '__Host-csrf', csrfCookieDomain: 'yourapp.io' }, ['csrfCookieName']],
    [{ csrfCookieName: '__Host-csrf', path: '/app' }, ['csrfCookieName']],
    [{ csrfCookieName: '__Secure-csrf', secure: false }, ['csrfCookieName']],
    [{ sameSite: 'none' }, []],
    [{ sameSite: 'none', secure: false }, ['sameSite']],
    [{ sameSite: 'None', partitioned: true }, []],
    [{ sameSite: 'none', partitioned: true, cookieName: '__Host-sid', csrfCookieName: '__Host-csrf' }, []],
    [{ sameSite: 'none', partitioned: true, cookieName: '__Secure-sid', domain: 'yourapp.io' }, []],
    [{ sameSite: 'none', partitioned: true, cookieName: '__Host-sid', domain: 'yourapp.io' }, ['cookieName']],
    [{ partitioned: true }, ['partitioned']],
    [{ partitioned: true, sameSite: 'strict' }, ['partitioned']],
    [{ partitioned: true, sameSite: 'none', secure: false }, ['sameSite', 'partitioned']],
    [{ partitioned: false, secure: false }, []],
  ])('looks at the session options %j together', (session, options) => {
    const expected = options.map((option) => `session.${option}`);

    expect(problemsOf({ ...VALID, session: { ...VALID.session, ...session } })).toEqual(expected);
  });

  it.each<[redirectUri: string, session: Partial<SessionOptions>, options: string[]]>([
    ['https://app.yourapp.io/callback', { domain: 'yourapp.io' }, []],
    ['https://app.yourapp.io/callback', { domain: '.YourApp.io' }, []],
    ['https://yourapp.io/callback', { domain: 'yourapp.io' }, []],
    ['https://{tenant_name}.yourapp.io/callback', { domain: 'yourapp.io' }, []],
    ['https://yourapp.io/callback', { domain: 'app.yourapp.io' }, ['domain']],
    ['https://notyourapp.io/callback', { domain: 'yourapp.io' }, ['domain']],
    ['https://{tenant_name}.yourapp.io/callback', { domain: 'app.yourapp.io' }, ['domain']],
    ['https://app.yourapp.io/callback', { csrfCookieDomain: 'api.yourapp.io' }, ['csrfCookieDomain']],
    ['https://app.yourapp.io/callback', { domain: 'api.io', csrfCookieDomain: 'api.io' }, ['domain']],
    ['https://app.yourapp.io/callback', { csrfCookieDomain: 'yourapp.io' }, []],
    ['http://localhost:3000/callback', {}, []],
    ['http://acme.localhost:3000/callback', { domain: 'localhost' }, []],
  ])('knows of %s which session cookies browsers drop, such as with %j', (redirectUri, session, options) => {
    const expected = options.map((option) => `session.${option}`);
    const parseTenantFromRootDomain = redirectUri.includes('{') ? 'yourapp.io' : undefined;
    const given = {
      ...VALID,
      redirectUri,
      parseTenantFromRootDomain,
      session: { ...VALID.session, ...session },
    };

    expect(problemsOf(given)).toEqual(expected);
  });

  it('knows that browsers drop Secure cookies over http, of a session and of a sign-in', () => {
    const given = { ...VALID, redirectUri: 'http://dev.yourapp.io/callback' };
    const insecure = { ...given, dangerouslyDisableSecureCookies: true };

    expect(problemsOf(given)).toEqual(['session.secure', 'dangerouslyDisableSecureCookies']);
    expect(problemsOf(insecure)).toEqual(['session.secure']);
    expect(problemsOf({ ...insecure, session: { secrets: SECRET, secure: false } })).toEqual([]);
    expect(problemsOf({ ...insecure, session: undefined })).toEqual([]);
  });

  it.each([
    [{ partitioned: true }, "set session.sameSite to 'none'"],
    [{ partitioned: true, secure: false }, "set session.sameSite to 'none' and session.secure to true"],
    [{ partitioned: true, sameSite: 'none', secure: false }, 'set session.secure to true'],
  ] as const)('says what cookies in partitions need: %j', (session, fix) => {
    expect(() => validateOptions({ ...VALID, session: { secrets: SECRET, ...session } })).toThrow(
      `session.partitioned: is for frames of foreign sites, where browsers keep no other cookies: ${fix}`,
    );
  });

  it.each([
    ['/', {}, undefined],
    ['/api', {}, undefined],
    ['/api/auth', {}, undefined],
    ['/api/auth/', {}, undefined],
    ['/app', {}, '/api/auth/session'],
    ['/api/au', {}, '/api/auth/session'],
    ['/api/auth/session', {}, '/api/auth/token'],
    ['/api/auth/session', { token: false, logout: false }, undefined],
    ['/app', { session: false, token: false }, '/api/auth/logout'],
    ['/app', { session: false, token: false, logout: false }, undefined],
    ['/app', { session: '/who/' }, '/api/auth/who'],
    // It is not known then where the endpoints are.
    ['/app', { callback: false }, undefined],
    ['/app', { callback: 'elsewhere' }, undefined],
  ] as const)(
    'knows which ready-made endpoints the path %s does not cover, with %j',
    (path, routes, endpoint) => {
      const session = { secrets: SECRET, path };
      const given = { ...VALID, redirectUri: 'https://a.example/api/auth/callback', session };
      const check = () => validateOptions(given, checkedRoutes({ path: 'auth', ...routes }));

      if (endpoint === undefined) expect(check).not.toThrow();
      else
        expect(check).toThrow(
          `session.path: does not cover ${endpoint}: browsers send that endpoint no session`,
        );
      // Endpoints by hand may be anywhere.
      expect(() => validateOptions(given)).not.toThrow();
    },
  );

  it('says where the cookie would have to go', () => {
    const session = { secrets: SECRET, domain: 'api.yourapp.io' };
    const given = { ...VALID, redirectUri: 'https://{tenant_name}.yourapp.io/callback', session };

    expect(() => validateOptions({ ...given, parseTenantFromRootDomain: 'yourapp.io' })).toThrow(
      'session.domain: is not a domain of tenant.yourapp.io, where redirectUri is: browsers drop such a cookie',
    );
  });

  it('says under which conditions browsers keep a cookie with a prefix', () => {
    const session = {
      secrets: SECRET,
      cookieName: '__Host-sid',
      domain: 'a.io',
      path: '/app',
      secure: false,
    };

    expect(() => validateOptions({ ...VALID, session })).toThrow(
      'session.cookieName: begins with __Host-: browsers drop such a cookie unless it has no domain and session.path is / and session.secure is true',
    );
  });

  it.each<[options: object, line: string]>([
    [{ clientID: 'x' }, 'clientID: is not an option; did you mean clientId?'],
    [{ logInURL: 'x' }, 'logInURL: is not an option; did you mean loginUrl?'],
    [{ scope: [] }, 'scope: is not an option; did you mean scopes?'],
    [{ globalGuard: true }, 'globalGuard: belongs beside useFactory, not into what it returns'],
    [{ colour: 'red' }, 'colour: is not an option; check the spelling'],
    [{ cookieName: 'sid' }, 'cookieName: is not an option here; it belongs under session'],
    [{ timeout: 100 }, 'timeout: is not an option here; it belongs under http'],
    [{ http: { tiemout: 100 } }, 'http.tiemout: is not an option; did you mean timeout?'],
    [{ session: { secrets: SECRET, maxage: 60 } }, 'session.maxage: is not an option; did you mean maxAge?'],
    [
      { session: { secrets: SECRET, trustedOrigins: [] } },
      'session.trustedOrigins: is not an option here; it belongs at the top level',
    ],
  ])('tells what is meant by %j', (options, line) => {
    expect(() => validateOptions({ ...VALID, ...options })).toThrow(`  - ${line}`);
  });

  it.each([
    ['https://localhost/', 'wristbandApplicationVanityDomain'],
    [undefined, 'wristbandApplicationVanityDomain'],
  ])('does not draw conclusions from the vanity domain %j', (wristbandApplicationVanityDomain, option) => {
    const options = { ...VALID, wristbandApplicationVanityDomain, dangerouslyAllowInsecureRequests: true };

    expect(problemsOf(options)).toEqual([option]);
  });

  it('does not trip over a value of a wrong type that another rule is about', () => {
    const options = {
      ...VALID,
      autoConfigureEnabled: false,
      loginUrl: 42,
      redirectUri: 'https://a.io/callback',
    };

    expect(problemsOf(options)).toEqual(['loginUrl']);
  });

  it.each<[hooks: object, option: string]>([
    [{ landingUrl: 42 }, 'hooks.landingUrl'],
    [{ landingUrl: '' }, 'hooks.landingUrl'],
    [{ onCallback: 'enrich' }, 'hooks.onCallback'],
    [{ sessionMetadata: {} }, 'hooks.sessionMetadata'],
  ])('takes no hooks like %j', (hooks, option) => {
    expect(problemsOf({ ...VALID, hooks: hooks as never })).toEqual([option]);
  });

  it('takes hooks that are methods of a class', () => {
    class Hooks {
      onCallback() {
        return { plan: 'pro' };
      }
    }

    const { hooks } = resolveOptions(validateOptions({ ...VALID, hooks: new Hooks() }));

    expect(hooks.onCallback?.({} as never, {} as never)).toEqual({ plan: 'pro' });
  });

  it('takes null for absent, as configuration services write it', () => {
    const everyOption = (names: string[]) => Object.fromEntries(names.map((name) => [name, null]));
    const options = {
      ...everyOption(['loginUrl', 'scopes', 'trustedOrigins', 'tenantCustomDomains', 'logger', 'onEvent']),
      ...VALID,
      http: everyOption(['timeout', 'fetch']),
      hooks: everyOption(['onCallback', 'landingUrl', 'sessionMetadata']),
      session: { ...everyOption(['absoluteMaxAge', 'domain', 'cookieName', 'maxAge']), secrets: SECRET },
    } as unknown as WristbandOptions;

    expect(resolveOptions(validateOptions(options))).toEqual(resolveOptions(VALID));
    expect(problemsOf({ ...VALID, clientId: null })).toEqual(['clientId']);
    expect(problemsOf({ ...VALID, session: { secrets: null } })).toEqual(['session.secrets']);
    expect(problemsOf({ ...VALID, http: null, session: null })).toEqual([]);
  });

  it.each([[[]], ['SESSION'], [['SESSION', 'SESSION']], [['session']], [['JWT', 'BASIC']]])(
    'refuses the strategies %j',
    (authStrategies) => {
      expect(problemsOf({ ...VALID, authStrategies: authStrategies as never })).toEqual(['authStrategies']);
    },
  );

  it('asks for session secrets when sessions are a strategy', () => {
    const { session: _, ...rest } = VALID;

    expect(problemsOf({ ...rest, authStrategies: ['JWT', 'SESSION'] })).toEqual(['authStrategies']);
    expect(problemsOf({ ...rest, authStrategies: ['JWT'] })).toEqual([]);
  });

  it.each<[option: string, value: unknown]>([
    ['jwksCacheMaxSize', 0],
    ['jwksCacheTtl', 600],
    ['jwksCacheTtl', '600000'],
    ['clockTolerance', -1],
    ['clockTolerance', Infinity],
    ['allowedClientIds', 'client'],
    ['allowedClientIds', []],
    ['allowedClientIds', ['']],
    ['verifiedTokenCacheSize', -1],
    ['verifiedTokenCacheSize', 1_000_001],
    ['jwksCacheTTL', 600_000],
  ])('names the option jwt.%s when it is %j', (option, value) => {
    expect(problemsOf({ ...VALID, jwt: { [option]: value } })).toEqual([`jwt.${option}`]);
  });

  it('asks for a login state secret when the client secret is too short to stand in (weakness 19)', () => {
    expect(problemsOf({ ...VALID, clientSecret: 'short' })).toEqual(['loginStateSecret']);
    expect(problemsOf({ ...VALID, clientSecret: 'short', loginStateSecret: SECRET })).toEqual([]);
  });

  it.each(['localhost', 'localhost:4000', 'auth.localhost:4000', '127.0.0.1:4000', '[::1]:4000'])(
    'lets %s be reached over http',
    (domain) => {
      const options = {
        ...VALID,
        wristbandApplicationVanityDomain: domain,
        dangerouslyAllowInsecureRequests: true,
      };

      expect(problemsOf(options)).toEqual([]);
    },
  );

  it.each(['localhost.example.com', '127.0.0.1.example.com', 'notlocalhost', '10.0.0.1'])(
    'does not let %s be reached over http',
    (domain) => {
      const options = {
        ...VALID,
        wristbandApplicationVanityDomain: domain,
        dangerouslyAllowInsecureRequests: true,
      };

      expect(problemsOf(options)).toEqual(['dangerouslyAllowInsecureRequests']);
    },
  );

  it('asks for both URLs when nothing comes from Wristband', () => {
    expect(problemsOf({ ...VALID, autoConfigureEnabled: false })).toEqual(['loginUrl', 'redirectUri']);
  });

  it.each([
    ['https://{tenant_name}.yourapp.io/login', undefined],
    ['https://yourapp.io/login', 'yourapp.io'],
    ['https://yourapp.io/{tenant_name}/login', 'yourapp.io'],
    ['https://app-{tenant_name}.yourapp.io/login', 'yourapp.io'],
  ])('refuses the login URL %s with the root domain %s', (loginUrl, rootDomain) => {
    const options = {
      ...VALID,
      autoConfigureEnabled: false,
      loginUrl,
      redirectUri: rootDomain ? 'https://{tenant_name}.yourapp.io/callback' : 'https://yourapp.io/callback',
      ...(rootDomain && { parseTenantFromRootDomain: rootDomain }),
    };

    expect(problemsOf(options)).toEqual(['loginUrl']);
  });

  it('leaves a placeholder alone while the root domain may still come from Wristband', () => {
    expect(problemsOf({ ...VALID, loginUrl: 'https://{tenant_name}.yourapp.io/login' })).toEqual([]);
  });

  it('does not print the secret that it complains about', () => {
    const options = { ...VALID, session: { secrets: 'hunter2' } };

    expect(() => validateOptions(options)).not.toThrow(/hunter2/);
    expect(() => validateOptions(options)).toThrow(/has 7 characters/);
  });
});

describe('session.store', () => {
  const problemsWith = (session: object) => {
    try {
      validateOptions({ ...VALID, session: { ...VALID.session, ...session } } as never);
      return [];
    } catch (error) {
      return (error as WristbandConfigError).problems.map(({ option, message }) => `${option} ${message}`);
    }
  };

  it.each<[session: object, problem: RegExp]>([
    [
      { store: {} },
      /^session.store is no session store: it cannot do read, write, touch, delete, list, lock/,
    ],
    [
      { store: { evalSha() {}, get() {} } },
      /^session.store is a client of Redis; wrap it: new RedisSessionStore/,
    ],
    [{ coordinationStore: { evalsha() {} } }, /^session.coordinationStore is a client of Redis/],
    [
      { store: new MemorySessionStore(), coordinationStore: new MemorySessionStore() },
      /^session.coordinationStore is of no use/,
    ],
    [{ secrets: 'a'.repeat(40) }, /^session.secrets is too easy to guess. Make one with: openssl/],
    [{ secrets: undefined }, /^session.secrets is required and missing. Make one with: openssl/],
    [{ store: { get() {}, set() {}, destroy() {} } }, /wrap it: fromExpressSessionStore\(store\)$/],
    [
      { store: new MemorySessionStore(), maxCookies: 2 },
      /^session.maxCookies is of no use with session.store/,
    ],
    [
      { store: new MemorySessionStore(), csrfCookieName: 'sid' },
      /^session.csrfCookieName must not be a name/,
    ],
  ])('says what is wrong: %#', (session, problem) => {
    expect(problemsWith(session)).toEqual([expect.stringMatching(problem)]);
  });

  it('may be any that can do what a store can, and names its cookie sid', () => {
    const options = { ...VALID, session: { ...VALID.session, store: new MemorySessionStore(), maxAge: 0 } };

    const { session } = resolveOptions(validateOptions(options as never));

    expect(session).toMatchObject({ cookieName: 'sid', touchAfter: 60 });
  });
});

describe('resolveOptions', () => {
  it('fills in every default', () => {
    const { session, ...options } = resolveOptions(VALID);

    expect(options).toEqual({
      clientId: 'client',
      clientSecret: SECRET,
      wristbandApplicationVanityDomain: 'myapp-mycompany.us.wristband.dev',
      autoConfigureEnabled: true,
      scopes: ['openid', 'offline_access', 'email'],
      tokenExpirationBuffer: 60,
      loginStateSecrets: [SECRET],
      dangerouslyDisableSecureCookies: false,
      dangerouslyAllowInsecureRequests: false,
      trustedOrigins: [],
      tenantCustomDomains: 'validate',
      authStrategies: ['SESSION'],
      redirectPagesToLogin: false,
      hooks: {},
      http: { timeout: 5000 },
      jwt: {
        jwksCacheMaxSize: 20,
        jwksCacheTtl: 600_000,
        clockTolerance: 30,
        verifiedTokenCacheSize: 1000,
      },
    });
    expect(session).toEqual({
      secrets: [SECRET],
      cookieName: 'session',
      path: '/',
      sameSite: 'lax',
      secure: true,
      partitioned: false,
      maxAge: 3600,
      touchAfter: 60,
      enableCsrfProtection: false,
      csrfCookieName: 'CSRF-TOKEN',
      csrfHeaderName: 'X-CSRF-TOKEN',
      requestProperty: 'session',
      maxCookies: 1,
    });
  });

  it('reads the vanity domain in any case', () => {
    const options = { ...VALID, wristbandApplicationVanityDomain: 'MyApp.Wristband.DEV' };

    expect(resolveOptions(options).wristbandApplicationVanityDomain).toBe('myapp.wristband.dev');
  });

  it('renews a short session more often', () => {
    expect(resolveOptions({ ...VALID, session: { secrets: SECRET, maxAge: 100 } }).session?.touchAfter).toBe(
      5,
    );
  });
});
