import type { ConfigProblem } from '../errors/wristband-config.error.js';
import { hasPlaceholder, placeholderProblem } from '../tenant/placeholder.js';
import type { SdkConfiguration } from '../wristband-api/answer-shapes.js';
import * as check from './option-checks.js';
import type { ResolvedOptions } from './resolved-options.js';
import { cookieProblems } from './cookie-problems.js';

/** Where the application and its pages at Wristband are: options by hand completed by auto-configuration. */
export interface ApplicationConfig {
  readonly clientId: string;
  readonly vanityDomain: string;
  readonly loginUrl: string;
  readonly redirectUri: string;
  /** The page for tenant discovery, without the client's ID. */
  readonly applicationLoginPageUrl: string;
  readonly isApplicationCustomDomainActive: boolean;
  readonly applicationAuthorizationRequestsEnabled: boolean;
  readonly rootDomain?: string;
  readonly fallbackLoginUrl?: string;
  /** `https`, or `http` for an emulator on this machine. */
  readonly scheme: 'https' | 'http';
}

type Field = keyof SdkConfiguration;

const FIELD_CHECKS: Readonly<Record<Field, check.OptionCheck>> = {
  loginUrl: check.url,
  redirectUri: check.url,
  customApplicationLoginPageUrl: check.urlWithoutPlaceholder,
  isApplicationCustomDomainActive: check.flag,
  parseTenantFromRootDomain: check.host,
  applicationAuthorizationRequestsEnabled: check.flag,
  fallbackLoginUrl: check.urlWithoutPlaceholder,
};

/** Completes the options by what Wristband says: a value given by hand wins, field by field. */
export function mergeConfiguration(options: ResolvedOptions, remote: SdkConfiguration): SdkConfiguration {
  const fields = Object.keys(FIELD_CHECKS) as Field[];
  return Object.fromEntries(
    fields
      .map((field) => [field, options[field] ?? remote[field]])
      .filter(([, value]) => value !== undefined),
  );
}

/** What is still wrong with a merged configuration. */
export function configurationProblems(
  options: Pick<ResolvedOptions, 'session' | 'dangerouslyDisableSecureCookies' | 'routes'>,
  merged: SdkConfiguration,
): ConfigProblem[] {
  const missing = (['loginUrl', 'redirectUri'] as const)
    .filter((field) => merged[field] === undefined)
    .map((field) => ({ option: field, message: 'is set neither by hand nor in the Wristband dashboard' }));
  const malformed = Object.entries(merged).flatMap(([option, value]) => {
    const message = FIELD_CHECKS[option as Field](value);
    return message === undefined ? [] : [{ option, message }];
  });
  if (missing.length + malformed.length > 0) return [...missing, ...malformed];
  return [...ruleProblems(merged), ...cookieProblems(options, merged.redirectUri ?? '')];
}

function ruleProblems(merged: SdkConfiguration): ConfigProblem[] {
  const hasSubdomains = merged.parseTenantFromRootDomain !== undefined;
  const problems = (['loginUrl', 'redirectUri'] as const).flatMap((option): ConfigProblem[] => {
    const message = placeholderProblem(merged[option] ?? '', hasSubdomains);
    return message === undefined ? [] : [{ option, message }];
  });
  const needsFallback =
    merged.applicationAuthorizationRequestsEnabled && hasPlaceholder(merged.loginUrl ?? '');
  if (needsFallback && merged.fallbackLoginUrl === undefined) {
    const message =
      'is required when applicationAuthorizationRequestsEnabled is on and loginUrl holds a placeholder';
    problems.push({ option: 'fallbackLoginUrl', message });
  }
  return problems;
}

/** The configuration that the flows work with. Expects a merged configuration without problems. */
export function toApplicationConfig(options: ResolvedOptions, merged: SdkConfiguration): ApplicationConfig {
  const { loginUrl = '', redirectUri = '', parseTenantFromRootDomain: rootDomain, fallbackLoginUrl } = merged;
  const scheme = options.dangerouslyAllowInsecureRequests ? 'http' : 'https';
  const vanityDomain = options.wristbandApplicationVanityDomain;
  return Object.freeze({
    clientId: options.clientId,
    vanityDomain,
    scheme,
    loginUrl,
    redirectUri,
    applicationLoginPageUrl: merged.customApplicationLoginPageUrl ?? `${scheme}://${vanityDomain}/login`,
    isApplicationCustomDomainActive: merged.isApplicationCustomDomainActive ?? false,
    applicationAuthorizationRequestsEnabled: merged.applicationAuthorizationRequestsEnabled ?? false,
    ...(rootDomain !== undefined && { rootDomain: rootDomain.toLowerCase() }),
    ...(fallbackLoginUrl !== undefined && { fallbackLoginUrl }),
  });
}
