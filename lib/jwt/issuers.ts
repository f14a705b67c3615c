import type { ResolvedOptions } from '../config/resolved-options.js';

/** The exact texts that Wristband writes as `iss`: the vanity domain with its scheme, without a slash at the end. */
export function issuersOf(options: ResolvedOptions): string[] {
  const { wristbandApplicationVanityDomain: domain, dangerouslyAllowInsecureRequests: isInsecure } = options;
  return [`https://${domain}`, ...(isInsecure ? [`http://${domain}`] : [])];
}
