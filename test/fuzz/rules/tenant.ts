import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import type { ResolvedOptions } from '../../../lib/config/resolved-options.js';
import type { WristbandEvents } from '../../../lib/events/wristband-events.js';
import { redirectTo } from '../../../lib/http/redirect.js';
import { WristbandException } from '../../../lib/index.js';
import {
  applicationLoginUrl,
  tenantlessLoginUrl,
  tenantLoginUrl,
} from '../../../lib/tenant/application-urls.js';
import { CustomDomainValidator } from '../../../lib/tenant/custom-domain.validator.js';
import { fillPlaceholder, hasPlaceholder, placeholderProblem } from '../../../lib/tenant/placeholder.js';
import { ReturnUrlPolicy } from '../../../lib/tenant/return-url.policy.js';
import { withoutDoubleEncoding } from '../../../lib/tenant/return-url.js';
import {
  parseCustomDomain,
  parseHost,
  parseTenantName,
  tenantHost,
  tenantOfSubdomain,
} from '../../../lib/tenant/tenant-host.js';
import { TenantResolver } from '../../../lib/tenant/tenant-resolver.js';
import type { WristbandClient } from '../../../lib/wristband-api/wristband-client.js';
import { rule } from '../cases.js';
import { damaged, hostileText } from '../texts.js';

const VANITY = 'app-mycompany.us.wristband.dev';
const TRUSTED = 'https://admin.example:8443';
const events = { emit: () => undefined } as unknown as WristbandEvents;
const options = { tenantCustomDomains: 'any', trustedOrigins: [TRUSTED] } as unknown as ResolvedOptions;
const resolver = new TenantResolver(new CustomDomainValidator(options, {} as WristbandClient, events));
const returnUrls = new ReturnUrlPolicy(options, events);

const ofApplication = (host: string) => ({
  clientId: 'client',
  vanityDomain: VANITY,
  scheme: 'https' as const,
  loginUrl: `https://${host}/login`,
  redirectUri: `https://${host}/callback`,
  applicationLoginPageUrl: `https://${VANITY}/login`,
  isApplicationCustomDomainActive: false,
  applicationAuthorizationRequestsEnabled: false,
});
const PLAIN = ofApplication('app.example');
const SUBDOMAINS = { ...ofApplication('{tenant_name}.app.example'), rootDomain: 'app.example' };

const name = fc.oneof(hostileText, fc.stringMatching(/^ ?(xn--)?[a-zA-Z0-9-]{1,66} ?$/), damaged('acme'));
const domain = fc.oneof(
  hostileText,
  fc.stringMatching(/^(xn--)?[a-zA-Z0-9-]{1,20}(\.[a-z0-9-]{1,8}){0,3}(:[0-9]{1,6})?$/),
  damaged('login.acme.com:8443'),
);
const host = fc.oneof(damaged('acme.app.example'), damaged('ACME.app.example:8443'), hostileText);
const returnUrl = fc.oneof(
  hostileText,
  damaged('https://app.example/orders?page=2#row'),
  damaged('https://acme.app.example/orders'),
  damaged(`${TRUSTED}/x`),
  damaged('/orders?a=%2520'),
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
);

/** A query in which parameters come as often, and in such forms, as somebody likes. */
const query = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'tenant_name',
        'tenant_domain',
        'tenant_custom_domain',
        'tenant_name[]',
        'tenant_name[__proto__]',
        'x',
      ),
      fc.oneof(
        name.map((text) => encodeURIComponent(text.toWellFormed())),
        domain.map((text) => encodeURIComponent(text.toWellFormed())),
        hostileText,
      ),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.map((pair) => pair.join('=')).join('&'));

/** Whether a URL parser leaves a host as it is, and sees nothing else in it. */
function isHostOnly(text: string): boolean {
  if (!URL.canParse(`https://${text}/x`)) return false;
  const { hostname, pathname, username, password, search, hash } = new URL(`https://${text}/x`);
  return (
    hostname === text.replace(/:\d+$/, '') && pathname === '/x' && username + password + search + hash === ''
  );
}

function hasOnlyErrors(error: unknown, ...codes: string[]): boolean {
  return error instanceof WristbandException && codes.includes(error.code);
}

const requestTo = (text: string, inHost?: string) =>
  ({ url: `/login?${text}`, headers: { host: inHost }, method: 'GET' }) as unknown as IncomingMessage;

export const tenantRules = [
  rule(
    'tenant/tenant-host',
    'makes a host under the vanity domain of a name, or none',
    5000,
    fc.property(name, fc.boolean(), (text, isApplicationCustomDomainActive) => {
      const parsed = parseTenantName(text);
      const made = tenantHost(
        { ...(parsed !== undefined && { name: parsed }) },
        { vanityDomain: VANITY, isApplicationCustomDomainActive },
      );
      return (
        made === undefined ||
        (isHostOnly(made) && made.endsWith(`${isApplicationCustomDomainActive ? '.' : '-'}${VANITY}`))
      );
    }),
  ),
  rule(
    'tenant/tenant-host',
    'takes a custom domain as it is, or not at all',
    4000,
    fc.property(domain, (text) => {
      const parsed = parseCustomDomain(text);
      return parsed === undefined || (isHostOnly(parsed) && parseCustomDomain(parsed) === parsed);
    }),
  ),
  rule(
    'tenant/tenant-host',
    'finds a tenant only where the host is exactly its subdomain',
    4000,
    fc.property(host, (text) => {
      const { hostname, port } = parseHost(text);
      const tenant = tenantOfSubdomain(text, 'app.example');
      return (
        typeof port === 'string' &&
        (tenant === undefined || (hostname === `${tenant}.app.example` && parseTenantName(tenant) === tenant))
      );
    }),
  ),
  rule(
    'tenant/tenant-resolver',
    'answers what a host can be made of, or refuses the request',
    4000,
    fc.asyncProperty(query, host, fc.boolean(), async (text, inHost, hasSubdomains) => {
      const request = requestTo(text, inHost);
      try {
        const tenant = await resolver.forLogin(request, hasSubdomains ? SUBDOMAINS : PLAIN, {});
        const made = tenantHost(tenant, PLAIN);
        return made === undefined || isHostOnly(made);
      } catch (error) {
        return hasOnlyErrors(error, 'invalid_request', 'invalid_tenant');
      }
    }),
  ),
  rule(
    'tenant/tenant-resolver',
    'takes from a caller what a request may say, and nothing else',
    1500,
    fc.asyncProperty(name, fc.option(domain, { nil: undefined }), async (tenantName, tenantCustomDomain) => {
      try {
        const tenant = await resolver.forLogout(requestTo(''), PLAIN, { tenantName, tenantCustomDomain });
        const made = tenantHost(tenant, PLAIN);
        return made === undefined || isHostOnly(made);
      } catch (error) {
        return hasOnlyErrors(error, 'invalid_tenant');
      }
    }),
  ),
  rule(
    'tenant/return-url',
    'lets nothing but the own origin and the trusted ones be a way back, also in a Location header',
    6000,
    fc.property(returnUrl, fc.boolean(), (requested, isEchoed) => {
      const chosen = returnUrls.choose(
        isEchoed
          ? { requested: undefined, echoed: requested }
          : { requested: withoutDoubleEncoding(requested) },
        PLAIN,
        {},
      );
      if (chosen === undefined) return true;
      const places = [chosen, redirectTo(chosen).url].map((url) => new URL(url, PLAIN.redirectUri));
      return places.every(
        ({ origin, username, password }) =>
          ['https://app.example', TRUSTED].includes(origin) && username + password === '',
      );
    }),
  ),
  rule(
    'tenant/return-url.policy',
    'lets nothing but the own subdomain of a tenant be a way back',
    5000,
    fc.property(returnUrl, fc.constantFrom('acme', 'globex', undefined), (requested, tenantName) => {
      const tenant = tenantName === undefined ? {} : { name: tenantName };
      const chosen = returnUrls.choose({ requested }, SUBDOMAINS, tenant);
      if (chosen === undefined) return true;
      const { origin } = new URL(
        redirectTo(chosen).url,
        fillPlaceholder(SUBDOMAINS.redirectUri, tenantName ?? 'acme'),
      );
      return (
        origin === TRUSTED ||
        (tenantName === undefined
          ? /^https:\/\/[a-z0-9-]+\.app\.example$/.test(origin)
          : origin === `https://${tenantName}.app.example`)
      );
    }),
  ),
  rule(
    'tenant/application-urls',
    'carries every parameter to the Login Endpoint as it is, and changes no host',
    3000,
    fc.property(
      name,
      fc.option(domain, { nil: undefined }),
      hostileText,
      hostileText,
      fc.boolean(),
      (text, ownDomain, back, hint, hasSubdomains) => {
        const found = parseTenantName(text);
        const customDomain = parseCustomDomain(ownDomain ?? '');
        const tenant = {
          ...(found !== undefined && { name: found }),
          ...(customDomain !== undefined && { customDomain }),
        };
        const url = tenantLoginUrl(hasSubdomains ? SUBDOMAINS : PLAIN, tenant, {
          returnUrl: back,
          loginHint: hint,
        });
        if (url === undefined) return found === undefined;
        const { origin, searchParams } = new URL(redirectTo(url).url);
        const isKept =
          searchParams.get('return_url') === back.toWellFormed() &&
          searchParams.get('login_hint') === hint.toWellFormed();
        return isKept && origin === `https://${hasSubdomains ? `${found}.` : ''}app.example`;
      },
    ),
  ),
  rule(
    'tenant/application-urls',
    'goes to tenant discovery with the way back as it is, or without one that is too long',
    2000,
    fc.property(hostileText, fc.boolean(), (back, startsHere) => {
      const config = { ...PLAIN, applicationAuthorizationRequestsEnabled: startsHere };
      const { origin } = new URL(redirectTo(tenantlessLoginUrl(config, back)).url);
      const state = new URL(applicationLoginUrl(config, back)).searchParams.get('state');
      return (
        origin === (startsHere ? 'https://app.example' : `https://${VANITY}`) &&
        (state === null ? back.length > 450 : state === back.toWellFormed())
      );
    }),
  ),
  rule(
    'tenant/placeholder',
    'leaves no placeholder in a URL, and none is in its way',
    3000,
    fc.property(
      fc.oneof(hostileText, damaged('https://{tenant_name}.app.example/login')),
      hostileText,
      (url, text) => {
        const filled = fillPlaceholder(url, 'acme');
        const problem = placeholderProblem(url, true);
        // The name goes in as it is: what a name may be is decided before.
        return (
          !hasPlaceholder(filled) &&
          typeof fillPlaceholder(url, text) === 'string' &&
          (problem !== undefined || hasPlaceholder(url))
        );
      },
    ),
  ),
];
