import { IncomingMessage } from 'node:http';
import { WristbandConfigError, type ConfigProblem } from '../errors/wristband-config.error.js';
import type { SessionOptions, WristbandOptions } from '../interfaces/wristband-options.interface.js';
import { parseHost } from '../tenant/tenant-host.js';
import { placeholderProblem } from '../tenant/placeholder.js';
import * as check from './option-checks.js';

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
  logger: check.group,
  onEvent: check.callable,
  http: check.group,
  session: check.group,
};

const HTTP_CHECKS: Checks<NonNullable<WristbandOptions['http']>> = {
  timeout: check.number(1, 'milliseconds'),
  fetch: check.callable,
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
    Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 10
      ? undefined
      : 'must be an integer from 1 to 10',
};

const REQUIRED = ['clientId', 'clientSecret', 'wristbandApplicationVanityDomain'];

/**
 * Checks the options as far as that is possible without asking Wristband.
 *
 * @throws {WristbandConfigError} with every problem that was found
 */
export function validateOptions(options: WristbandOptions): void {
  const problems = [
    ...checkEach(options ?? {}, OPTION_CHECKS, '', REQUIRED),
    ...checkEach(groupOf(options?.http), HTTP_CHECKS, 'http.', []),
    ...checkEach(
      groupOf(options?.session),
      SESSION_CHECKS,
      'session.',
      typeof options?.session === 'object' ? ['secrets'] : [],
    ),
  ];
  // The rules between options only make sense for values that are right by themselves.
  const known = new Set(problems.map(({ option }) => option));
  problems.push(...combinationProblems(options ?? {}).filter(({ option }) => !known.has(option)));
  if (problems.length > 0) throw new WristbandConfigError(problems);
}

function checkEach(
  values: object,
  checks: Readonly<Record<string, check.OptionCheck>>,
  prefix: string,
  required: readonly string[],
): ConfigProblem[] {
  const given = values as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(checks, name));
  const problems = unknown.map((name) => ({
    option: prefix + name,
    message: 'is not an option; check the spelling',
  }));
  for (const [name, checkOption] of Object.entries(checks)) {
    const value = given[name];
    if (value === undefined || value === null) {
      if (required.includes(name))
        problems.push({ option: prefix + name, message: 'is required and missing' });
      continue;
    }
    const message = checkOption(value);
    if (message !== undefined) problems.push({ option: prefix + name, message });
  }
  return problems;
}

function combinationProblems(options: WristbandOptions): ConfigProblem[] {
  const { session, clientSecret, loginStateSecret, scopes } = options;
  const rules: [option: string, isBroken: unknown, message: string][] = [
    [
      'loginStateSecret',
      !loginStateSecret && clientSecret && clientSecret.length < check.MIN_SECRET_LENGTH,
      `must be set, because clientSecret is shorter than ${check.MIN_SECRET_LENGTH} characters and cannot stand in for it`,
    ],
    ['scopes', scopes?.length ? !scopes.includes('openid') : false, 'must contain openid'],
    ['loginUrl', needsUrl(options, 'loginUrl'), 'is required when autoConfigureEnabled is false'],
    ['redirectUri', needsUrl(options, 'redirectUri'), 'is required when autoConfigureEnabled is false'],
    [
      'dangerouslyAllowInsecureRequests',
      options.dangerouslyAllowInsecureRequests &&
        !isLoopback(String(options.wristbandApplicationVanityDomain)),
      'works only when wristbandApplicationVanityDomain is a loopback host (localhost, *.localhost, 127.0.0.1, [::1])',
    ],
    [
      'session.sameSite',
      session?.sameSite?.toLowerCase?.() === 'none' && session.secure === false,
      'cannot be none when session.secure is false: browsers drop such a cookie',
    ],
  ];
  const broken = rules.filter(([, isBroken]) => isBroken).map(([option, , message]) => ({ option, message }));
  return [...broken, ...placeholderProblems(options)];
}

/** With auto-configuration the root domain may still come from Wristband: then this is checked when it is known. */
function placeholderProblems(options: WristbandOptions): ConfigProblem[] {
  const isRootDomainFinal =
    options.autoConfigureEnabled === false || Boolean(options.parseTenantFromRootDomain);
  if (!isRootDomainFinal) return [];
  return (['loginUrl', 'redirectUri'] as const).flatMap((option) => {
    const value = options[option];
    const message = value && placeholderProblem(value, Boolean(options.parseTenantFromRootDomain));
    return message ? [{ option, message }] : [];
  });
}

function needsUrl(options: WristbandOptions, option: 'loginUrl' | 'redirectUri'): boolean {
  return options.autoConfigureEnabled === false && !options[option];
}

/** What is no object is reported once, for the group itself. */
function groupOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

function isLoopback(domain: string): boolean {
  const { hostname } = parseHost(domain);
  return /^(localhost|127\.0\.0\.1|\[::1\])$|\.localhost$/.test(hostname);
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
