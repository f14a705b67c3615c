import type { ConfigProblem } from '../errors/wristband-config.error.js';
import type { WristbandRoutes } from '../interfaces/endpoints.interface.js';
import type { SessionOptions } from '../interfaces/session-options.interface.js';
import type { WristbandOptions } from '../interfaces/wristband-options.interface.js';
import { isLoopback } from '../tenant/tenant-host.js';
import { isFamilyName } from '../session/cookies/cookie-family.js';
import { placeholderProblem } from '../tenant/placeholder.js';
import { MIN_SECRET_LENGTH } from './option-checks.js';
import { defaultCookieName, SESSION_DEFAULTS } from './resolved-options.js';
import { cookieProblems } from './cookie-problems.js';

/** A rule between options. */
interface Rule<T> {
  /** The option to change, then the others that the rule reads. */
  readonly options: readonly [keyof T & string, ...(keyof T & string)[]];
  /** What is wrong; anything that is no text means nothing is. */
  readonly problem: (options: T) => unknown;
}

const RULES: readonly Rule<WristbandOptions>[] = [
  {
    options: ['loginStateSecret', 'clientSecret'],
    problem: ({ loginStateSecret, clientSecret }) =>
      !loginStateSecret &&
      clientSecret.length < MIN_SECRET_LENGTH &&
      `must be set, because clientSecret is shorter than ${MIN_SECRET_LENGTH} characters and cannot stand in for it`,
  },
  {
    options: ['scopes'],
    problem: ({ scopes }) => scopes?.length && !scopes.includes('openid') && 'must contain openid',
  },
  {
    options: ['authStrategies', 'session'],
    problem: ({ authStrategies, session }) =>
      !session && authStrategies?.includes('SESSION') && "names 'SESSION', so session.secrets has to be set",
  },
  missingUrlRule('loginUrl'),
  missingUrlRule('redirectUri'),
  placeholderRule('loginUrl'),
  placeholderRule('redirectUri'),
  {
    options: ['dangerouslyAllowInsecureRequests', 'wristbandApplicationVanityDomain'],
    problem: ({ dangerouslyAllowInsecureRequests, wristbandApplicationVanityDomain: domain }) =>
      dangerouslyAllowInsecureRequests &&
      !isLoopback(domain) &&
      'works only when wristbandApplicationVanityDomain is a loopback host (localhost, *.localhost, 127.0.0.1, [::1])',
  },
];

const SESSION_RULES: readonly Rule<SessionOptions>[] = [
  {
    options: ['sameSite', 'secure'],
    problem: ({ sameSite, secure }) =>
      sameSite?.toLowerCase() === 'none' &&
      secure === false &&
      'cannot be none when session.secure is false: browsers drop such a cookie. Set session.secure to true',
  },
  {
    options: ['partitioned', 'sameSite', 'secure'],
    problem: ({ partitioned, sameSite = 'lax', secure = true }) => {
      if (!partitioned) return undefined;
      const fixes = [
        ...(sameSite.toLowerCase() === 'none' ? [] : ["session.sameSite to 'none'"]),
        ...(secure ? [] : ['session.secure to true']),
      ];
      return (
        fixes.length > 0 &&
        `is for frames of foreign sites, where browsers keep no other cookies: set ${fixes.join(' and ')}`
      );
    },
  },
  {
    options: ['touchAfter', 'maxAge'],
    problem: ({ touchAfter, maxAge = SESSION_DEFAULTS.maxAge }) =>
      touchAfter !== undefined &&
      maxAge > 0 &&
      touchAfter >= maxAge &&
      `must be smaller than session.maxAge (${maxAge}): a session would end before it is renewed`,
  },
  {
    options: ['cookieName', 'domain', 'path', 'secure'],
    problem: ({ cookieName, domain, ...session }) => prefixProblem(cookieName, domain, session),
  },
  {
    options: ['csrfCookieName', 'csrfCookieDomain', 'domain', 'path', 'secure'],
    problem: ({ csrfCookieName, csrfCookieDomain, domain, ...session }) =>
      prefixProblem(csrfCookieName, csrfCookieDomain ?? domain, session),
  },
  { options: ['csrfCookieName', 'cookieName', 'enableCsrfProtection', 'store'], problem: sameNameProblem },
  {
    options: ['maxCookies', 'store'],
    problem: ({ maxCookies = 1, store }) =>
      store && maxCookies > 1 && 'is of no use with session.store: the cookie then holds only an ID',
  },
  {
    options: ['coordinationStore', 'store'],
    problem: ({ coordinationStore, store }) =>
      coordinationStore &&
      store &&
      'is of no use with session.store, which coordinates as well: leave it out',
  },
];

/** What the cookies of a sign-in depend on. */
const COOKIE_OPTIONS = [
  'redirectUri',
  'session',
  'session.domain',
  'session.csrfCookieDomain',
  'session.path',
  'session.secure',
  'dangerouslyDisableSecureCookies',
];

/**
 * The problems of options with each other. A rule says nothing while one of its options is wrong by itself: its line
 * would only repeat that, or be untrue.
 *
 * @param wrong paths of the options that are wrong by themselves
 * @param routes of the ready-made endpoints, if there are any
 */
export function ruleProblems(
  options: WristbandOptions,
  wrong: ReadonlySet<string>,
  routes?: Required<WristbandRoutes>,
): ConfigProblem[] {
  const session = wrong.has('session') ? undefined : options.session;
  const { redirectUri } = options;
  const isCookieKnown = COOKIE_OPTIONS.every((name) => !wrong.has(name));
  return [
    ...brokenRules(options, RULES, '', wrong),
    ...(session ? brokenRules(session, SESSION_RULES, 'session.', wrong) : []),
    ...(redirectUri !== undefined && isCookieKnown
      ? cookieProblems({ ...options, routes }, redirectUri)
      : []),
  ];
}

function brokenRules<T>(
  values: T,
  rules: readonly Rule<T>[],
  prefix: string,
  wrong: ReadonlySet<string>,
): ConfigProblem[] {
  return rules.flatMap(({ options, problem }) => {
    if (options.some((name) => wrong.has(prefix + name))) return [];
    const message = problem(values);
    return typeof message === 'string' && message !== '' ? [{ option: prefix + options[0], message }] : [];
  });
}

function missingUrlRule(option: 'loginUrl' | 'redirectUri'): Rule<WristbandOptions> {
  return {
    options: [option, 'autoConfigureEnabled'],
    problem: ({ [option]: url, autoConfigureEnabled }) =>
      url === undefined && autoConfigureEnabled === false && 'is required when autoConfigureEnabled is false',
  };
}

function placeholderRule(option: 'loginUrl' | 'redirectUri'): Rule<WristbandOptions> {
  return {
    options: [option, 'autoConfigureEnabled', 'parseTenantFromRootDomain'],
    problem: ({ [option]: url, autoConfigureEnabled, parseTenantFromRootDomain: rootDomain }) => {
      // With auto-configuration the root domain may still come from Wristband: then this is checked when it is known.
      const isRootDomainFinal = autoConfigureEnabled === false || rootDomain !== undefined;
      return url !== undefined && isRootDomainFinal && placeholderProblem(url, rootDomain !== undefined);
    },
  };
}

/** @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-cookie-name-prefixes */
function prefixProblem(
  name: string | undefined,
  domain: string | undefined,
  { path = '/', secure = true }: Pick<SessionOptions, 'path' | 'secure'>,
): string | undefined {
  const [, prefix] = /^__(host|secure)-/i.exec(name ?? '') ?? [];
  if (prefix === undefined) return undefined;
  const isForHost = prefix.toLowerCase() === 'host';
  const needed = [
    ...(isForHost && domain !== undefined ? ['it has no domain'] : []),
    ...(isForHost && path !== '/' ? ['session.path is /'] : []),
    ...(secure ? [] : ['session.secure is true']),
  ];
  if (needed.length === 0) return undefined;
  return `begins with __${prefix}-: browsers drop such a cookie unless ${needed.join(' and ')}`;
}

function sameNameProblem(session: SessionOptions): string | undefined {
  const { cookieName = defaultCookieName(session), enableCsrfProtection = false } = session;
  // A default name that is not used is in nobody's way.
  const unset = enableCsrfProtection ? SESSION_DEFAULTS.csrfCookieName : undefined;
  const { csrfCookieName = unset } = session;
  const isTaken = csrfCookieName !== undefined && isFamilyName(csrfCookieName, cookieName);
  return isTaken
    ? `must not be a name of the session cookie: ${cookieName}, ${cookieName}.0 and so on`
    : undefined;
}
