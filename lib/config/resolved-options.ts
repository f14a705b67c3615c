import type { AuthStrategy } from '../interfaces/authentication.interface.js';
import type { WristbandHooks, WristbandRoutes } from '../interfaces/endpoints.interface.js';
import type { SameSite, SessionOptions } from '../interfaces/session-options.interface.js';
import type {
  JwtOptions,
  TenantCustomDomainPolicy,
  WristbandOptions,
} from '../interfaces/wristband-options.interface.js';
import type { SessionStore } from '../session/stores/session-store.interface.js';
import { isLoopback } from '../tenant/tenant-host.js';

/** Session options with every default filled in. */
export interface ResolvedSessionOptions {
  readonly secrets: readonly string[];
  readonly cookieName: string;
  readonly domain?: string;
  readonly path: string;
  readonly sameSite: Lowercase<SameSite>;
  readonly secure: boolean;
  readonly partitioned: boolean;
  readonly maxAge: number;
  readonly absoluteMaxAge?: number;
  readonly touchAfter: number;
  readonly enableCsrfProtection: boolean;
  readonly csrfCookieName: string;
  readonly csrfCookieDomain?: string;
  readonly csrfHeaderName: string;
  readonly requestProperty: string;
  readonly skipSessionHeader?: string;
  readonly maxCookies: number;
  readonly store?: SessionStore;
  readonly coordinationStore?: SessionStore;
}

/** Options of bearer tokens with every default filled in. */
export type ResolvedJwtOptions = Required<Omit<JwtOptions, 'allowedClientIds'>> &
  Pick<JwtOptions, 'allowedClientIds'>;

/** Options with every default filled in. What auto-configuration may still add stays optional. */
export interface ResolvedOptions extends Omit<WristbandOptions, 'http' | 'session' | 'jwt'> {
  /** Of the Wristband application; none when there is only one, or for the main one of several. */
  readonly name: string | undefined;
  /** Of the ready-made endpoints; none where the application has its own. */
  readonly routes?: Required<WristbandRoutes> | undefined;
  readonly autoConfigureEnabled: boolean;
  readonly scopes: readonly string[];
  readonly tokenExpirationBuffer: number;
  /** What the login state is sealed with, newest first. */
  readonly loginStateSecrets: readonly string[];
  readonly dangerouslyDisableSecureCookies: boolean;
  readonly dangerouslyAllowInsecureRequests: boolean;
  readonly trustedOrigins: readonly string[];
  readonly authStrategies: readonly AuthStrategy[];
  readonly redirectPagesToLogin: boolean;
  readonly tenantCustomDomains: TenantCustomDomainPolicy;
  readonly http: { readonly timeout: number; readonly fetch?: typeof globalThis.fetch };
  readonly session?: ResolvedSessionOptions;
  readonly jwt: ResolvedJwtOptions;
  readonly hooks: WristbandHooks;
}

/** The session defaults that the start-up checks need as well. */
export const SESSION_DEFAULTS = {
  cookieName: 'session',
  cookieNameWithStore: 'sid',
  csrfCookieName: 'CSRF-TOKEN',
  maxAge: 3600,
  /** Seconds for which a store keeps the session of an open browser that sends no request. */
  storedBrowserSession: 86_400,
} as const;

/** Fills in the defaults of options. Expects what `validateOptions` answered. */
export function resolveOptions(
  given: WristbandOptions,
  name?: string,
  routes?: Required<WristbandRoutes>,
): ResolvedOptions {
  const options = isAtEmulator(given) ? withEmulatorDefaults(given) : given;
  const { session, ...rest } = options;
  return Object.freeze({
    ...rest,
    name,
    routes,
    // Hosts are the same in any case, but the issuer of a token is compared letter by letter.
    wristbandApplicationVanityDomain: options.wristbandApplicationVanityDomain.toLowerCase(),
    autoConfigureEnabled: options.autoConfigureEnabled ?? true,
    scopes: options.scopes?.length ? options.scopes : ['openid', 'offline_access', 'email'],
    tokenExpirationBuffer: options.tokenExpirationBuffer ?? 60,
    loginStateSecrets: ownSecrets(options.loginStateSecret ?? options.clientSecret, name),
    dangerouslyDisableSecureCookies: options.dangerouslyDisableSecureCookies ?? false,
    dangerouslyAllowInsecureRequests: options.dangerouslyAllowInsecureRequests ?? false,
    trustedOrigins: (options.trustedOrigins ?? []).map((origin) => new URL(origin).origin),
    tenantCustomDomains: options.tenantCustomDomains ?? 'validate',
    authStrategies: options.authStrategies ?? (['SESSION'] as const),
    redirectPagesToLogin: options.redirectPagesToLogin ?? false,
    http: { ...options.http, timeout: options.http?.timeout ?? 5000 },
    jwt: resolveJwtOptions(options.jwt),
    hooks: options.hooks ?? {},
    ...(session && { session: resolveSessionOptions(session, name) }),
  });
}

/** Whether the vanity domain is that of the emulator beside which `npx nestjs-wristband emulate` runs this process. */
function isAtEmulator({ wristbandApplicationVanityDomain: domain }: WristbandOptions): boolean {
  return isLoopback(domain) && process.env.WRISTBAND_EMULATOR === `http://${domain.toLowerCase()}`;
}

/** The emulator speaks http, to which Safari sends no Secure cookies. Options that are set stay as they are. */
function withEmulatorDefaults(options: WristbandOptions): WristbandOptions {
  const { session } = options;
  const isSecure = session !== undefined && needsSecureCookies(session);
  return {
    ...options,
    dangerouslyAllowInsecureRequests: options.dangerouslyAllowInsecureRequests ?? true,
    dangerouslyDisableSecureCookies: options.dangerouslyDisableSecureCookies ?? !isSecure,
    ...(session && { session: { ...session, secure: session.secure ?? isSecure } }),
  };
}

/** Whether browsers would drop the cookies without `Secure`. */
function needsSecureCookies({ sameSite, partitioned, cookieName, csrfCookieName }: SessionOptions): boolean {
  const hasPrefix = /^__(host|secure)-/i;
  return (
    sameSite?.toLowerCase() === 'none' ||
    partitioned === true ||
    [cookieName, csrfCookieName].some((name) => hasPrefix.test(name ?? ''))
  );
}

function resolveJwtOptions(options: JwtOptions = {}): ResolvedJwtOptions {
  return Object.freeze({
    ...options,
    jwksCacheMaxSize: options.jwksCacheMaxSize ?? 20,
    jwksCacheTtl: options.jwksCacheTtl ?? 600_000,
    clockTolerance: options.clockTolerance ?? 30,
    verifiedTokenCacheSize: options.verifiedTokenCacheSize ?? 1000,
  });
}

function resolveSessionOptions(options: SessionOptions, name: string | undefined): ResolvedSessionOptions {
  const prefix = name === undefined ? '' : `${name}-`;
  const maxAge = options.maxAge ?? SESSION_DEFAULTS.maxAge;
  const csrfCookieDomain = options.csrfCookieDomain ?? options.domain;
  const idle = maxAge === 0 && options.store ? SESSION_DEFAULTS.storedBrowserSession : maxAge;
  return Object.freeze({
    ...options,
    secrets: ownSecrets(options.secrets, name),
    cookieName: options.cookieName ?? `${prefix}${defaultCookieName(options)}`,
    path: options.path ?? '/',
    sameSite: (options.sameSite ?? 'lax').toLowerCase() as Lowercase<SameSite>,
    secure: options.secure ?? true,
    partitioned: options.partitioned ?? false,
    maxAge,
    touchAfter: options.touchAfter ?? Math.min(60, Math.floor(idle * 0.05)),
    enableCsrfProtection: options.enableCsrfProtection ?? false,
    csrfCookieName: options.csrfCookieName ?? `${prefix}${SESSION_DEFAULTS.csrfCookieName}`,
    csrfHeaderName: options.csrfHeaderName ?? 'X-CSRF-TOKEN',
    requestProperty: options.requestProperty ?? (name === undefined ? 'session' : `${name}Session`),
    maxCookies: options.maxCookies ?? 1,
    ...(csrfCookieDomain !== undefined && { csrfCookieDomain }),
  });
}

/** Applications of one Nest application may share a secret, but not what it seals, nor what they keep in a store. */
function ownSecrets(secrets: string | readonly string[], name: string | undefined): string[] {
  return [secrets].flat().map((secret) => (name === undefined ? secret : `${name} ${secret}`));
}

/** The default name of the session cookie. */
export function defaultCookieName({ store }: Pick<SessionOptions, 'store'>): string {
  return store ? SESSION_DEFAULTS.cookieNameWithStore : SESSION_DEFAULTS.cookieName;
}
