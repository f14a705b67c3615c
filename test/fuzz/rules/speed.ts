import fc from 'fast-check';
import type { IncomingMessage } from 'node:http';
import { isReallyValid } from '../../../lib/tokens/token-data.js';
import { sealedLoginStates } from '../../../lib/auth/login-state-cookies.js';
import { isLikeState, stateNotes } from '../../../lib/auth/state-parameter.js';
import * as check from '../../../lib/config/option-checks.js';
import { validateOptions } from '../../../lib/config/options-validator.js';
import { checkedRoutes } from '../../../lib/controllers/endpoint-paths.js';
import { Sealer } from '../../../lib/crypto/sealer.js';
import { isSameToken } from '../../../lib/csrf/csrf-token.js';
import { isOwnOrigin, siteVerdict } from '../../../lib/csrf/request-site.js';
import { oauthErrorCode } from '../../../lib/events/event-details.js';
import { privateCacheControl, varyByCookie } from '../../../lib/http/cache-headers.js';
import { requestCookies, serializeCookie } from '../../../lib/http/cookies.js';
import { isSpeculative } from '../../../lib/http/http-request.js';
import { isPageNavigation } from '../../../lib/http/http-request.js';
import { QueryParameters } from '../../../lib/http/query-parameters.js';
import { redirectTo } from '../../../lib/http/redirect.js';
import type { WristbandOptions } from '../../../lib/index.js';
import { bearerToken } from '../../../lib/jwt/bearer-token.js';
import { isTokenType } from '../../../lib/jwt/token-type.js';
import { familyNames, joinedValues } from '../../../lib/session/cookies/cookie-family.js';
import { fillPlaceholder, placeholderProblem } from '../../../lib/tenant/placeholder.js';
import { isAllowedReturnUrl, withoutDoubleEncoding } from '../../../lib/tenant/return-url.js';
import {
  parseCustomDomain,
  parseHost,
  parseTenantName,
  tenantOfSubdomain,
} from '../../../lib/tenant/tenant-host.js';
import { oauthErrorDetails } from '../../../lib/wristband-api/oauth-response.error.js';
import { parseRetryAfter } from '../../../lib/wristband-api/retry-policy.js';
import { rule } from '../cases.js';
import { hostileText, piece } from '../texts.js';

/** More than Node takes in the headers of a request. */
const LENGTH = 20_000;
/** Milliseconds: a hundred times what the slowest needs, and less than any of them would need with a loop in a loop. */
const PATIENCE = 150;

const sealer = new Sealer('session', ['a-secret-of-32-characters-or-more']);
const own = { applicationUrls: ['https://{tenant_name}.app.example/login'], trustedOrigins: [] };
const request = (text: string) =>
  ({
    method: 'GET',
    url: `/?${text}`,
    headers: { accept: text, purpose: text, cookie: text },
  }) as unknown as IncomingMessage;
const cookies = (text: string) => requestCookies(request(text), '');

/** Everything that reads a text which somebody else may have written. */
const READERS: readonly ((text: string) => unknown)[] = [
  parseTenantName,
  parseCustomDomain,
  parseHost,
  (text) => tenantOfSubdomain(text, 'app.example'),
  (text) => isAllowedReturnUrl(text, own),
  withoutDoubleEncoding,
  (text) => fillPlaceholder(text, 'acme'),
  (text) => placeholderProblem(text, true),
  redirectTo,
  privateCacheControl,
  varyByCookie,
  cookies,
  (text) => serializeCookie('a', text, {}),
  (text) => familyNames(cookies(text), 'session'),
  (text) => joinedValues(cookies(text), 'session', 3),
  (text) => sealedLoginStates(cookies(text), 'a'),
  (text) => new QueryParameters(request(text)).get('state'),
  (text) => isSpeculative(request(text)),
  (text) => isPageNavigation(request(text)),
  (text) => siteVerdict({ fetchSite: text, origin: text, host: text }, []),
  (text) => isOwnOrigin({ fetchSite: text, origin: text, host: text }, { rootDomain: 'app.example' }, text),
  (text) => isSameToken(text, 'a'),
  (text) => bearerToken([text]),
  (text) => bearerToken([`Bearer ${text}`]),
  (text) => isTokenType(text, 'jwt'),
  isReallyValid,
  (text) => sealer.open(text),
  (text) => stateNotes(text, sealer),
  isLikeState,
  (text) => oauthErrorDetails(text, text),
  oauthErrorCode,
  parseRetryAfter,
  check.url,
  check.hostWithPort,
  check.cookieDomain,
  check.cookiePath,
  check.token,
  check.origin,
  check.secret,
  (text) => checkedRoutes({ path: text }),
  (text) => validateOptions({ [text]: text } as unknown as WristbandOptions),
];

/** Milliseconds of the processor: the clock goes on while other processes have the machine. */
const cpuTime = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** The best of three: now and then garbage is collected. */
function isQuick(reader: (text: string) => unknown, text: string): boolean {
  return [1, 2, 3].some(() => {
    const started = cpuTime();
    try {
      reader(text);
    } catch {
      // How it ends is asked elsewhere.
    }
    return cpuTime() - started < PATIENCE;
  });
}

export const speedRules = READERS.map((reader) =>
  rule(
    'every reader of text',
    `is not slowed down by a long one: ${String(reader).replaceAll(/\s+/g, ' ').slice(0, 60)}`,
    100,
    fc.property(
      hostileText,
      fc.oneof(piece, fc.constantFrom('a', 'a.', 'a-', '%25', '=', ' ')),
      hostileText,
      (start, pump, end) =>
        isQuick(
          reader,
          start.slice(0, 50) + pump.repeat(LENGTH / Math.max(pump.length, 1)) + end.slice(0, 50),
        ),
    ),
  ),
);
