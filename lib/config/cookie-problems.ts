import type { ConfigProblem } from '../errors/wristband-config.error.js';
import type { SessionOptions } from '../interfaces/session-options.interface.js';
import { fillPlaceholder } from '../tenant/placeholder.js';
import { isLoopback } from '../tenant/tenant-host.js';

/** The options that say what the cookies of a sign-in are like. */
interface CookieOptions {
  readonly session?: Pick<SessionOptions, 'domain' | 'csrfCookieDomain' | 'secure'>;
  readonly dangerouslyDisableSecureCookies?: boolean;
}

/**
 * Why browsers would drop the cookies of a sign-in that ends at a URL: everybody would be sent to sign in again, and again.
 */
export function cookieProblems(
  { session, dangerouslyDisableSecureCookies: isInsecure = false }: CookieOptions,
  redirectUri: string,
): ConfigProblem[] {
  const { protocol, hostname } = new URL(fillPlaceholder(redirectUri, 'tenant'));
  const { domain, csrfCookieDomain, secure = true } = session ?? {};
  const problems: ConfigProblem[] = [];
  const check = (option: string, isWrong: boolean, message: string) => {
    if (isWrong) problems.push({ option, message: `${message}: browsers drop such a cookie` });
  };
  const notADomain = `is not a domain of ${hostname}, where redirectUri is`;
  check('session.domain', !isDomainOf(hostname, domain), notADomain);
  const isOwnDomain = csrfCookieDomain !== domain;
  check('session.csrfCookieDomain', isOwnDomain && !isDomainOf(hostname, csrfCookieDomain), notADomain);
  // Most browsers take Secure cookies from this machine.
  const isHttp = protocol === 'http:' && !isLoopback(hostname);
  check(
    'session.secure',
    isHttp && session !== undefined && secure,
    'must be false while redirectUri begins with http://',
  );
  check(
    'dangerouslyDisableSecureCookies',
    isHttp && !isInsecure,
    'must be true while redirectUri begins with http://',
  );
  return problems;
}

function isDomainOf(hostname: string, domain: string | undefined): boolean {
  const name = domain?.replace(/^\./, '').toLowerCase();
  return name === undefined || hostname === name || hostname.endsWith(`.${name}`);
}
