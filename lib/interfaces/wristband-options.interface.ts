import type { LoggerService, ModuleMetadata, Type } from '@nestjs/common';
import type { AuthStrategy } from './authentication.interface.js';
import type { WristbandEvent } from '../events/wristband-event.js';
import type { WristbandHooks, WristbandRoutes } from './endpoints.interface.js';
import type { SessionOptions } from './session-options.interface.js';

/** Decides whether a tenant custom domain may be used as the host of a redirect. */
export type TenantCustomDomainPolicy =
  'validate' | 'any' | readonly string[] | ((domain: string) => boolean | Promise<boolean>);

/** Options of `WristbandModule.forRoot()`. Only the first three are required. */
export interface WristbandOptions {
  /** ID of the Wristband client. */
  readonly clientId: string;
  /** Secret of the Wristband client. */
  readonly clientSecret: string;
  /** Vanity domain of the Wristband application: a host, with a port if need be, without scheme or path. */
  readonly wristbandApplicationVanityDomain: string;
  /**
   * Fetch what is not set by hand from Wristband, on first use.
   * @default true
   */
  readonly autoConfigureEnabled?: boolean;
  /** URL of the application's Login Endpoint. With tenant subdomains it holds `{tenant_name}` in the host. */
  readonly loginUrl?: string;
  /** URL of the application's Callback Endpoint. With tenant subdomains it holds `{tenant_name}` in the host. */
  readonly redirectUri?: string;
  /** Root domain below which each tenant has a subdomain, without port: `yourapp.io` for `acme.yourapp.io`. */
  readonly parseTenantFromRootDomain?: string;
  /** Your own page for tenant discovery instead of the one that Wristband hosts. */
  readonly customApplicationLoginPageUrl?: string;
  /**
   * The application has an active custom domain, so tenant hosts are `{tenant}.{vanity}` instead of `{tenant}-{vanity}`.
   * @default false
   */
  readonly isApplicationCustomDomainActive?: boolean;
  /**
   * Begin the sign-in at application level when no tenant is known, instead of on the application login page.
   * @default false
   */
  readonly applicationAuthorizationRequestsEnabled?: boolean;
  /** Where a user without a known tenant starts over when `loginUrl` holds a placeholder; must not hold one itself. */
  readonly fallbackLoginUrl?: string;
  /**
   * Scopes to ask for; must contain `openid`. Without `offline_access` there is no refresh token.
   * @default ['openid', 'offline_access', 'email']
   */
  readonly scopes?: readonly string[];
  /**
   * Seconds before its real expiry from which an access token counts as expired. A buffer that is not smaller than the
   * token's lifetime is cut to half of it.
   * @default 60
   */
  readonly tokenExpirationBuffer?: number;
  /**
   * Secret for the login state cookie, at least 32 characters. With a list the first seals and all open, so that a sign-in
   * that is under way survives the replacement of a secret.
   * @default a key derived from clientSecret
   */
  readonly loginStateSecret?: string | readonly string[];
  /**
   * Send the login state cookie without `Secure`, unless `session.sameSite` is `none`. For development over http only.
   * @default false; beside `npx nestjs-wristband emulate` true, where the session cookie needs no `Secure` either
   */
  readonly dangerouslyDisableSecureCookies?: boolean;
  /**
   * Reach the vanity domain over http. Works for loopback hosts only (an emulator); a start-up error otherwise.
   * @default false; true beside `npx nestjs-wristband emulate`
   */
  readonly dangerouslyAllowInsecureRequests?: boolean;
  /**
   * Further origins of yours beside those of `loginUrl` and `redirectUri`, for example `https://app.example.com`: a
   * `return_url` may lead there, and their pages may send unsafe requests and open sockets.
   * @default []
   */
  readonly trustedOrigins?: readonly string[];
  /**
   * Which tenant custom domains of a request are trusted: those that Wristband confirms (`'validate'`), every one, a
   * list, or what your function says.
   * @default 'validate'
   */
  readonly tenantCustomDomains?: TenantCustomDomainPolicy;
  /**
   * What `WristbandAuthGuard` tries, in this order, where `@AuthStrategies` says nothing else.
   * @default ['SESSION']
   */
  readonly authStrategies?: readonly AuthStrategy[];
  /**
   * Send a browser that opens a page to the Login Endpoint, instead of answering 401, where a session is enough to see it.
   * Scripts and other clients always get the 401.
   * @default false
   */
  readonly redirectPagesToLogin?: boolean;
  /** How Wristband is called. */
  readonly http?: WristbandHttpOptions;
  /** Sessions; leave it out when the application only checks bearer tokens. */
  readonly session?: SessionOptions;
  /** How bearer access tokens are checked. */
  readonly jwt?: JwtOptions;
  /** What the ready-made endpoints of `routes` do beyond the usual. */
  readonly hooks?: WristbandHooks;
  /**
   * Where log lines go.
   * @default Nest's Logger
   */
  readonly logger?: LoggerService;
  /** Is told every {@link WristbandEvent}, for metrics and alarms. What it throws is logged and stops nothing. */
  readonly onEvent?: (event: WristbandEvent) => void | Promise<void>;
}

/** How Wristband is called. */
export interface WristbandHttpOptions {
  /**
   * Milliseconds that one call to Wristband may take, retries included.
   * @default 5000
   */
  readonly timeout?: number;
  /**
   * Replaces the global `fetch`, for a proxy or for tracing.
   * @default globalThis.fetch
   */
  readonly fetch?: typeof globalThis.fetch;
}

/** How bearer access tokens are checked. */
export interface JwtOptions {
  /**
   * How many of Wristband's public keys are kept. Of a larger key set the first ones count, and the log says so: tokens
   * that were signed with one of the others are refused.
   * @default 20
   */
  readonly jwksCacheMaxSize?: number;
  /**
   * Milliseconds, at least 1000, for which Wristband's public keys are used before they are fetched again; a key that
   * Wristband withdrew is trusted no longer than this. While they cannot be fetched the old ones go on for one more hour.
   * @default 600_000 (10 minutes)
   */
  readonly jwksCacheTtl?: number;
  /**
   * Seconds that the clocks of Wristband and of this machine may differ.
   * @default 30
   */
  readonly clockTolerance?: number;
  /**
   * IDs of the clients whose access tokens are accepted.
   * @default every client of the Wristband application
   */
  readonly allowedClientIds?: readonly string[];
  /**
   * How many tokens that were found good are remembered, so that their signature need not be checked with every
   * request, at most 1,000,000; 0 remembers none.
   * @default 1000
   */
  readonly verifiedTokenCacheSize?: number;
}

/** A class that makes the options, for `forRootAsync({ useClass })`. */
export interface WristbandOptionsFactory {
  createWristbandOptions(): WristbandOptions | Promise<WristbandOptions>;
}

/** What is fixed when the module is defined, beside the options. */
export interface WristbandModuleExtras {
  /**
   * Tells several Wristband applications of one Nest application apart: letters and digits, the first one a small letter.
   * Cookies, the request property and what is in a shared store get names of their own by it. Default: none.
   */
  readonly name?: string | undefined;
  /**
   * Make the providers visible in every module.
   * @default true
   */
  readonly isGlobal?: boolean;
  /**
   * Protect every handler of the application by `WristbandAuthGuard`, except those with `@Public()`. The guard is provided
   * as itself, so a test can override it.
   * @default false
   */
  readonly globalGuard?: boolean;
  /** Ready-made endpoints. Default: none, you write them. */
  readonly routes?: WristbandRoutes | undefined;
}

/** Options of `WristbandModule.forRootAsync()`: one of `useFactory`, `useClass` and `useExisting`. */
export interface WristbandAsyncOptions extends WristbandModuleExtras, Pick<ModuleMetadata, 'imports'> {
  readonly inject?: readonly unknown[] | undefined;
  readonly useFactory?: (...dependencies: never[]) => WristbandOptions | Promise<WristbandOptions>;
  readonly useClass?: Type<WristbandOptionsFactory>;
  readonly useExisting?: Type<WristbandOptionsFactory>;
  readonly extraProviders?: ModuleMetadata['providers'];
}
