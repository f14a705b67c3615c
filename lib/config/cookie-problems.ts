import type { ConfigProblem } from '../errors/wristband-config.error.js';
import type { WristbandRoutes } from '../interfaces/endpoints.interface.js';
import type { SessionOptions } from '../interfaces/session-options.interface.js';
import { fillPlaceholder } from '../tenant/placeholder.js';
import { isLoopback } from '../tenant/tenant-host.js';

/** The options that say what the cookies of a sign-in are like. */
interface CookieOptions {
  readonly session?: Pick<SessionOptions, 'domain' | 'csrfCookieDomain' | 'path' | 'secure'>;
  readonly dangerouslyDisableSecureCookies?: boolean;
  /** Of the ready-made endpoints, if there are any. */
  readonly routes?: Required<WristbandRoutes> | undefined;
}

/**
 * Why browsers would drop the cookies of a sign-in that ends at a URL: everybody would be sent to sign in again, and again.
 */
export function cookieProblems(
  { session, dangerouslyDisableSecureCookies: isInsecure = false, routes }: CookieOptions,
  redirectUri: string,
): ConfigProblem[] {
  const { protocol, hostname, pathname } = new URL(fillPlaceholder(redirectUri, 'tenant'));
  const { domain, csrfCookieDomain, path = '/', secure = true } = session ?? {};
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
  const unreached = routes && endpointPaths(pathname, routes).find((endpoint) => !isBelow(endpoint, path));
  if (unreached !== undefined) {
    const message = `does not cover ${unreached}: browsers send that endpoint no session cookie. Set it to /, or to a path that your pages and routes.path have in common`;
    problems.push({ option: 'session.path', message });
  }
  return problems;
}

/** The paths that browsers know of the ready-made endpoints that need the session: they lie beside the Callback Endpoint. */
function endpointPaths(callbackPath: string, { callback, ...routes }: Required<WristbandRoutes>): string[] {
  const end = `/${trimmed(callback)}`;
  if (callback === false || !callbackPath.endsWith(end)) return [];
  const base = callbackPath.slice(0, -end.length);
  return [routes.session, routes.token, routes.logout].flatMap((path) =>
    path === false ? [] : `${base}/${trimmed(path)}`,
  );
}

function trimmed(path: string | false): string {
  return String(path).replaceAll(/^\/|\/$/g, '');
}

/** @see https://www.rfc-editor.org/rfc/rfc6265#section-5.1.4 */
function isBelow(path: string, cookiePath: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}

function isDomainOf(hostname: string, domain: string | undefined): boolean {
  const name = domain?.replace(/^\./, '').toLowerCase();
  return name === undefined || hostname === name || hostname.endsWith(`.${name}`);
}
