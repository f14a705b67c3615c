/** The application under test, as it would be set up in the Wristband dashboard. */
export interface EmulatorApplication {
  /**
   * The Login Endpoint of the application; may hold `{tenant_name}` or `{tenant_domain}`.
   * Default `http://localhost:3000/api/auth/login`.
   */
  loginUrl: string;
  /**
   * The registered Callback Endpoints; may hold a placeholder too. With more than one the SDK configuration answers
   * `redirectUri: null`, as Wristband does. Default `['http://localhost:3000/api/auth/callback']`.
   */
  redirectUris: string[];
  /** The application's own tenant discovery page. Default none: the emulator's page is used. */
  customApplicationLoginPageUrl?: string;
  /** Whether tenant hosts are `{tenant}.{vanity}` instead of `{tenant}-{vanity}`. Default: `vanityHost` is `localhost`. */
  isApplicationCustomDomainActive?: boolean;
  /** The suffix under which every tenant has a subdomain (`loginUrlTenantDomainSuffix`). Default none. */
  rootDomain?: string;
  /** The only `redirect_url` values that logout accepts. Default: any http(s) URL. */
  logoutRedirectUrls?: string[];
  /** Where a logout posts a logout token, and waits at most 2.5 s for the answer. Default none: nothing is posted. */
  backChannelLogoutUri?: string;
  /** Whether ID tokens and logout tokens name the session (`sid`); without it logout tokens name the user only. Default true. */
  backChannelLogoutSessionRequired?: boolean;
}

/** A tenant of the emulated application. */
export interface EmulatorTenant {
  /** The name that appears in hosts and in `tenant_name`. */
  name: string;
  /** The name that people read. Default: `name`. */
  displayName?: string;
  /** The `tnt_id` claim. Default `tenant-{name}`. */
  id?: string;
  /** A host of the tenant's own; the emulator's port is added when it has none. */
  customDomain?: string;
}

/** A role as the `roles` scope shows it. */
export interface EmulatorRole {
  /** The role's id. */
  id: string;
  /** The technical name. */
  name: string;
  /** The name that people read. */
  displayName: string;
}

/** A person who can sign in to one tenant. */
export interface EmulatorUser {
  /** What is typed on the login page; the same address may exist in several tenants. */
  email: string;
  /** The password in clear text. */
  password: string;
  /** The name of the tenant the person belongs to. */
  tenant: string;
  /** The `sub` claim. Default: made of tenant and e-mail. */
  id?: string;
  /** The `given_name` claim. Default none. */
  givenName?: string;
  /** The `family_name` claim. Default none. */
  familyName?: string;
  /** The `phone_number` claim. Default none. */
  phoneNumber?: string;
  /** The roles of the person in this tenant. Default none. */
  roles?: EmulatorRole[];
  /** The `custom_claims` of access token and user info. Default none. */
  customClaims?: Record<string, unknown>;
}

/** A tenant with every default filled in. */
export type ResolvedEmulatorTenant = Readonly<EmulatorTenant & { id: string; displayName: string }>;

/** A user with every default filled in. */
export type ResolvedEmulatorUser = Readonly<EmulatorUser & { id: string; roles: EmulatorRole[] }>;

/** What `startWristbandEmulator` takes; everything has a default. */
export interface WristbandEmulatorOptions {
  /** The loopback port. Default 0: any free one. */
  port?: number;
  /** The host part of the vanity domain, a name that browsers resolve to loopback. Default `localhost`. */
  vanityHost?: string;
  /** PEM key and certificate; with them the emulator speaks https. Default: http. */
  tls?: { key: string; cert: string };
  /** Default `emulator-client`. */
  clientId?: string;
  /** Default a fixed text of more than 32 characters; avoid `%` and `+`, which the token endpoint would decode. */
  clientSecret?: string;
  /** Life of access tokens in seconds. Default 1800. */
  accessTokenTtl?: number;
  /** Life of ID tokens in seconds. Default 1800. */
  idTokenTtl?: number;
  /** Life of refresh tokens in seconds. Default 14 days. */
  refreshTokenTtl?: number;
  /** The application under test. */
  application?: Partial<EmulatorApplication>;
  /** Default `acme` and `globex`, the second with the custom domain `login.globex.localhost`. */
  tenants?: EmulatorTenant[];
  /**
   * Default, all with the password `password`: ada@example.com (in both tenants), grace@acme.example and
   * linus@globex.example.
   */
  users?: EmulatorUser[];
}
