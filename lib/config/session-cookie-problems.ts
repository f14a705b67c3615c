import type { ConfigProblem } from '../errors/wristband-config.error.js';
import type { SessionOptions } from '../interfaces/session-options.interface.js';
import { fillPlaceholder } from '../tenant/placeholder.js';
import { isLoopback } from '../tenant/tenant-host.js';

/**
 * Why browsers would drop the session cookie of a sign-in that ends at a URL: everybody would be sent to sign in again, and
 * again.
 */
export function sessionCookieProblems(
  { domain, secure = true }: Pick<SessionOptions, 'domain' | 'secure'>,
  redirectUri: string,
): ConfigProblem[] {
  const { protocol, hostname } = new URL(fillPlaceholder(redirectUri, 'tenant'));
  const problems: ConfigProblem[] = [];
  if (domain !== undefined && !isWithin(hostname, domain.replace(/^\./, '').toLowerCase())) {
    const message = `is not a domain of ${hostname}, where redirectUri is: browsers drop such a cookie`;
    problems.push({ option: 'session.domain', message });
  }
  if (secure && protocol === 'http:' && !isLoopback(hostname)) {
    const message = 'must be false while redirectUri begins with http://: browsers drop such a cookie';
    problems.push({ option: 'session.secure', message });
  }
  return problems;
}

function isWithin(hostname: string, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}
