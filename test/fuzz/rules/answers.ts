import fc from 'fast-check';
import {
  configurationProblems,
  mergeConfiguration,
  toApplicationConfig,
} from '../../../lib/config/application-config.js';
import { validateOptions } from '../../../lib/config/options-validator.js';
import { resolveOptions } from '../../../lib/config/resolved-options.js';
import { checkedRoutes } from '../../../lib/controllers/endpoint-paths.js';
import { WristbandConfigError, type WristbandOptions } from '../../../lib/index.js';
import {
  applicationLoginUrl,
  tenantlessLoginUrl,
  tenantLoginUrl,
} from '../../../lib/tenant/application-urls.js';
import { isAllowedReturnUrl } from '../../../lib/tenant/return-url.js';
import {
  parseSdkConfiguration,
  parseTokenAnswer,
  parseUserInfo,
} from '../../../lib/wristband-api/answer-shapes.js';
import { readLimited } from '../../../lib/wristband-api/read-limited.js';
import { isUnsent, parseRetryAfter, pauseBefore } from '../../../lib/wristband-api/retry-policy.js';
import { rule } from '../cases.js';
import { damaged, distorted, hostileText, json } from '../texts.js';

const OPTIONS = {
  clientId: 'c',
  clientSecret: 'a-client-secret-of-32-characters',
  wristbandApplicationVanityDomain: 'a.us.wristband.dev',
};
const ALL_OPTIONS = {
  ...OPTIONS,
  autoConfigureEnabled: true,
  loginUrl: 'https://{tenant_name}.app.example/login',
  redirectUri: 'https://{tenant_name}.app.example/callback',
  parseTenantFromRootDomain: 'app.example',
  scopes: ['openid'],
  trustedOrigins: ['https://admin.example'],
  tenantCustomDomains: ['login.acme.com'],
  authStrategies: ['SESSION', 'JWT'],
  http: { timeout: 1000 },
  jwt: { clockTolerance: 5, verifiedTokenCacheSize: 5 },
  session: {
    secrets: 'a-session-secret-of-32-characters',
    maxAge: 60,
    sameSite: 'lax',
    cookieName: 's',
    requestProperty: 's',
  },
};
const resolved = resolveOptions(OPTIONS);
const TOKENS = { access_token: 'a', expires_in: 60, token_type: 'Bearer', id_token: 'i', refresh_token: 'r' };
const USER = {
  sub: 'u',
  tnt_id: 't',
  app_id: 'a',
  idp_name: 'w',
  email: 'a@b',
  email_verified: true,
  updated_at: 1,
  roles: [{ id: '1', name: 'n', display_name: 'N' }],
  custom_claims: { a: 1 },
};
const SDK = {
  loginUrl: 'https://{tenant_name}.app.example/login',
  redirectUri: 'https://{tenant_name}.app.example/callback',
  customApplicationLoginPageUrl: 'https://app.example/start',
  isApplicationCustomDomainActive: true,
  loginUrlTenantDomainSuffix: 'app.example',
  applicationAuthorizationRequestsEnabled: true,
  fallbackLoginUrl: 'https://app.example/login',
};
const url = fc.oneof(
  damaged(SDK.loginUrl),
  damaged(SDK.fallbackLoginUrl),
  damaged('app.example'),
  hostileText,
);

/** What a program can hold and JSON cannot. */
const anything = fc.oneof(
  json,
  fc.anything({ withBigInt: true, withNullPrototype: true, maxDepth: 2 }),
  fc.constantFrom<unknown>(Symbol('x'), () => 1, Object.create(null), Number.NaN, 5n),
);

const isText = (value: unknown) => value === undefined || (typeof value === 'string' && value !== '');

export const answerRules = [
  rule(
    'wristband-api/answer-shapes',
    'takes a token answer with everything of the right type, or none',
    4000,
    fc.property(fc.oneof({ weight: 4, arbitrary: distorted(TOKENS) }, json), (answer) => {
      const parsed = parseTokenAnswer(answer);
      if (parsed === undefined) return true;
      const { accessToken, expiresIn, idToken, refreshToken } = parsed;
      return (
        typeof accessToken === 'string' &&
        expiresIn > 0 &&
        Number.isFinite(expiresIn) &&
        [accessToken, idToken, refreshToken].every(isText) &&
        !Object.values(parsed).includes(undefined)
      );
    }),
  ),
  rule(
    'wristband-api/answer-shapes',
    'takes user info with everything of the right type, or none',
    4000,
    fc.property(fc.oneof({ weight: 4, arbitrary: distorted(USER) }, json), (answer) => {
      const parsed = parseUserInfo(answer);
      if (parsed === undefined) return true;
      const { roles = [], customClaims, updatedAt = 0, emailVerified = false, ...texts } = parsed;
      const areRoles = roles.every((role) => Object.values(role).every((one) => typeof one === 'string'));
      const others = Object.entries(texts).filter(([name]) => name !== 'phoneNumberVerified');
      return (
        areRoles &&
        typeof updatedAt === 'number' &&
        typeof emailVerified === 'boolean' &&
        !Array.isArray(customClaims) &&
        others.every(([, one]) => isText(one))
      );
    }),
  ),
  rule(
    'config/application-config',
    'makes of any answer a configuration with which every URL can be made, or says what is wrong',
    5000,
    fc.property(fc.oneof(distorted(SDK, fc.oneof(url, json)), json), hostileText, (answer, back) => {
      const remote = parseSdkConfiguration(answer);
      if (remote === undefined) return true;
      const merged = mergeConfiguration(resolved, remote);
      const problems = configurationProblems(resolved, merged);
      if (problems.length > 0)
        return problems.every(({ option, message }) => option !== '' && message !== '');
      const config = toApplicationConfig(resolved, merged);
      const urls = [
        tenantLoginUrl(config, { name: 'acme' }, { returnUrl: back }),
        tenantlessLoginUrl(config, back),
        applicationLoginUrl(config, back),
      ];
      const own = {
        applicationUrls: [config.loginUrl, config.redirectUri],
        trustedOrigins: [],
        tenantName: 'acme',
      };
      return (
        urls.every((one) => URL.canParse(one ?? '')) &&
        typeof isAllowedReturnUrl('https://acme.app.example/', own) === 'boolean'
      );
    }),
  ),
  rule(
    'config/options-validator',
    'takes options that can be resolved, or lists what is wrong with them',
    4000,
    fc.property(
      fc.oneof(
        { weight: 3, arbitrary: distorted(ALL_OPTIONS, anything) },
        distorted(ALL_OPTIONS.session, anything).map((session) => ({ ...OPTIONS, session })),
        distorted({ ...ALL_OPTIONS.jwt, ...ALL_OPTIONS.http }, anything).map((group) => ({
          ...OPTIONS,
          http: group,
          jwt: group,
        })),
        fc.dictionary(hostileText, anything, { maxKeys: 3 }),
        anything,
      ),
      (options) => {
        try {
          return Object.isFrozen(resolveOptions(validateOptions(options as WristbandOptions)));
        } catch (error) {
          return error instanceof WristbandConfigError && error.message !== '';
        }
      },
    ),
  ),
  rule(
    'controllers/endpoint-paths',
    'takes paths, or lists what is wrong with them',
    1500,
    fc.property(
      fc.oneof(
        distorted({ path: 'api/auth', login: 'in', token: false }, fc.oneof(anything, damaged('api/auth'))),
        fc.dictionary(hostileText, anything),
      ),
      (routes) => {
        try {
          return Object.values(checkedRoutes(routes as unknown as Parameters<typeof checkedRoutes>[0])).every(
            (one) => one === false || typeof one === 'string',
          );
        } catch (error) {
          return error instanceof WristbandConfigError;
        }
      },
    ),
  ),
  rule(
    'wristband-api/retry-policy',
    'waits for no longer than is good, whatever a header says',
    4000,
    fc.property(
      fc.oneof(
        hostileText,
        fc.nat().map(String),
        fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        damaged('Wed, 21 Oct 2026 07:28:00 GMT'),
      ),
      fc.integer({ min: 2, max: 3 }),
      anything,
      (header, attempt, error) => {
        const seconds = parseRetryAfter(header);
        const pause = pauseBefore(attempt, seconds) ?? 0;
        return (
          (seconds === undefined || (Number.isInteger(seconds) && seconds >= 0 && seconds <= 3600)) &&
          pause >= 0 &&
          pause <= 1000 &&
          typeof isUnsent(Object.assign(new Error('x'), { cause: error })) === 'boolean'
        );
      },
    ),
  ),
  rule(
    'wristband-api/read-limited',
    'reads a body as it is, however it is cut, or stops at a megabyte',
    1000,
    fc.asyncProperty(
      hostileText,
      fc.integer({ min: 1, max: 5000 }),
      fc.nat(150),
      async (text, size, times) => {
        const bytes = Buffer.from(text.repeat(times));
        const body = new ReadableStream({
          start(controller) {
            for (let at = 0; at < bytes.length; at += Math.max(size, bytes.length / 200))
              controller.enqueue(new Uint8Array(bytes.subarray(at, at + Math.max(size, bytes.length / 200))));
            controller.close();
          },
        });
        try {
          return (await readLimited(new Response(body))).length <= 1024 * 1024 && bytes.length <= 1024 * 1024;
        } catch (error) {
          return error instanceof RangeError && bytes.length > 1024 * 1024;
        }
      },
    ),
  ),
];
