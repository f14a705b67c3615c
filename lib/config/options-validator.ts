import { IncomingMessage } from 'node:http';
import { WristbandConfigError, type ConfigProblem } from '../errors/wristband-config.error.js';
import type { WristbandHooks, WristbandRoutes } from '../interfaces/endpoints.interface.js';
import type { SessionOptions } from '../interfaces/session-options.interface.js';
import type { JwtOptions, WristbandOptions } from '../interfaces/wristband-options.interface.js';
import { isAllowedReturnUrl } from '../tenant/return-url.js';
import * as check from './option-checks.js';
import { type OptionNames, unknownOptionMessage } from './option-names.js';
import { ruleProblems } from './option-rules.js';

type Checks<T> = { readonly [K in keyof T]-?: check.OptionCheck };

const OPTION_CHECKS: Checks<WristbandOptions> = {
  clientId: check.text,
  clientSecret: check.text,
  wristbandApplicationVanityDomain: check.hostWithPort,
  autoConfigureEnabled: check.flag,
  loginUrl: check.url,
  redirectUri: check.url,
  parseTenantFromRootDomain: check.host,
  customApplicationLoginPageUrl: check.urlWithoutPlaceholder,
  isApplicationCustomDomainActive: check.flag,
  applicationAuthorizationRequestsEnabled: check.flag,
  fallbackLoginUrl: check.urlWithoutPlaceholder,
  scopes: check.listOf(check.text),
  tokenExpirationBuffer: check.number(0, 'seconds'),
  loginStateSecret: secrets,
  dangerouslyDisableSecureCookies: check.flag,
  dangerouslyAllowInsecureRequests: check.flag,
  trustedOrigins: check.listOf(check.origin),
  tenantCustomDomains: tenantCustomDomainPolicy,
  authStrategies: check.strategies,
  redirectPagesToLogin: check.flag,
  logger: check.group,
  onEvent: check.callable,
  http: check.group,
  session: check.group,
  jwt: check.group,
  hooks: check.group,
};

const HTTP_CHECKS: Checks<NonNullable<WristbandOptions['http']>> = {
  timeout: check.number(1, 'milliseconds'),
  fetch: check.callable,
};

const JWT_CHECKS: Checks<JwtOptions> = {
  jwksCacheMaxSize: check.number(1, 'keys'),
  jwksCacheTtl: check.number(1000, 'milliseconds'),
  clockTolerance: check.number(0, 'seconds'),
  allowedClientIds: (value) =>
    Array.isArray(value) && value.length === 0
      ? 'must hold at least one ID'
      : check.listOf(check.text)(value),
  // The memory sets aside room for all of them at once.
  verifiedTokenCacheSize: (value) =>
    check.number(0, 'tokens')(value) ?? (Number(value) > 1_000_000 ? 'must be 1000000 or less' : undefined),
};

/** Only paths are certain here: the application's own URLs may still come from Wristband. */
const SOMEWHERE = { applicationUrls: [], trustedOrigins: [] };

const HOOK_CHECKS: Checks<WristbandHooks> = {
  onCallback: check.callable,
  landingUrl: (value) =>
    typeof value === 'function' || check.text(value) === undefined
      ? undefined
      : 'must be a path, a URL or a function',
  sessionMetadata: check.callable,
  failureUrl: (value) =>
    typeof value === 'function' ||
    (typeof value === 'string' && value.startsWith('/') && isAllowedReturnUrl(value, SOMEWHERE)) ||
    check.url(value) === undefined
      ? undefined
      : 'must be a path of the application such as /sign-in-failed, a URL or a function',
};

const TAKEN = new Set(
  'app body headers host ip method params protocol query raw res route server socket url'.split(' '),
);
const TAKEN_MESSAGE = 'is a property that requests have already';

const SESSION_CHECKS: Checks<SessionOptions> = {
  secrets,
  cookieName: check.token,
  domain: check.cookieDomain,
  path: check.cookiePath,
  sameSite: check.oneOf('lax', 'strict', 'none'),
  secure: check.flag,
  partitioned: check.flag,
  maxAge: check.number(0, 'seconds'),
  absoluteMaxAge: check.number(1, 'seconds'),
  touchAfter: check.number(0, 'seconds'),
  enableCsrfProtection: check.flag,
  csrfCookieName: check.token,
  csrfCookieDomain: check.cookieDomain,
  csrfHeaderName: check.token,
  requestProperty: (value) =>
    check.text(value) ??
    (String(value) in IncomingMessage.prototype || TAKEN.has(String(value)) ? TAKEN_MESSAGE : undefined),
  skipSessionHeader: check.token,
  maxCookies: (value) =>
    [1, 2, 3].includes(value as number)
      ? undefined
      : 'must be 1, 2 or 3: Node refuses requests with more than 16 kB of headers',
  store: check.sessionStore,
  coordinationStore: check.sessionStore,
};

interface Group {
  readonly checks: Readonly<Record<string, check.OptionCheck>>;
  readonly required: readonly string[];
}

const TOP_LEVEL: Group = {
  checks: OPTION_CHECKS,
  required: ['clientId', 'clientSecret', 'wristbandApplicationVanityDomain'],
};

/** Options that are groups of options. */
const GROUPS: Readonly<Record<string, Group>> = {
  http: { checks: HTTP_CHECKS, required: [] },
  hooks: { checks: HOOK_CHECKS, required: [] },
  jwt: { checks: JWT_CHECKS, required: [] },
  session: { checks: SESSION_CHECKS, required: ['secrets'] },
};

export const OPTION_NAMES: OptionNames = Object.fromEntries(
  Object.entries({ '': TOP_LEVEL, ...GROUPS }).map(([name, { checks }]) => [name, Object.keys(checks)]),
);

/**
 * Checks the options as far as that is possible without asking Wristband.
 *
 * @param routes of the ready-made endpoints, if there are any
 * @returns the options without those that are `null`: configuration services write that for what is not set
 * @throws {WristbandConfigError} with every problem that was found
 */
export function validateOptions(
  given: WristbandOptions,
  routes?: Required<WristbandRoutes>,
): WristbandOptions {
  const options = withoutNulls(given);
  const problems = checkEach(options, TOP_LEVEL, '');
  for (const [name, group] of Object.entries(GROUPS)) {
    const values = options[name as keyof WristbandOptions];
    if (isGroup(values)) problems.push(...checkEach(values, group, name));
  }
  problems.push(...ruleProblems(options, new Set(problems.map(({ option }) => option)), routes));
  if (problems.length > 0) throw new WristbandConfigError(problems);
  return options;
}

function withoutNulls(options: WristbandOptions): WristbandOptions {
  const given = Object.entries(options ?? {}).filter(([, value]) => value !== null);
  return Object.fromEntries(
    given.map(([name, value]: [string, unknown]) => {
      // A group without nulls stays as it is: it may be of a class, whose methods are no entries.
      const isOfOptions =
        Object.hasOwn(GROUPS, name) && isGroup(value) && Object.values(value).includes(null);
      return [name, isOfOptions ? withoutNulls(value as WristbandOptions) : value];
    }),
  ) as unknown as WristbandOptions;
}

function checkEach(values: object, { checks, required }: Group, group: string): ConfigProblem[] {
  const given = values as Readonly<Record<string, unknown>>;
  const path = (name: string) => (group === '' ? name : `${group}.${name}`);
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(checks, name));
  const problems = unknown.map((name) => ({
    option: path(name),
    message: unknownOptionMessage(name, group, OPTION_NAMES),
  }));
  for (const [name, checkOption] of Object.entries(checks)) {
    const isMissing = given[name] === undefined;
    if (isMissing && !required.includes(name)) continue;
    const message = isMissing ? missingMessage(name) : checkOption(given[name]);
    if (message !== undefined) problems.push({ option: path(name), message });
  }
  return problems;
}

function missingMessage(name: string): string {
  const missing = 'is required and missing';
  return name === 'secrets' ? `${missing}. ${check.HOW_TO_MAKE_A_SECRET}` : missing;
}

/** What is no object is reported once, for the group itself. */
function isGroup(value: unknown): value is object {
  return check.group(value) === undefined;
}

function secrets(value: unknown): string | undefined {
  if (!Array.isArray(value)) return check.secret(value);
  return value.length === 0 ? 'must hold at least one secret' : check.listOf(check.secret)(value);
}

function tenantCustomDomainPolicy(value: unknown): string | undefined {
  if (value === 'validate' || value === 'any' || typeof value === 'function') return undefined;
  return (
    check.listOf(check.hostWithPort)(value) && "must be 'validate', 'any', a list of domains or a function"
  );
}
