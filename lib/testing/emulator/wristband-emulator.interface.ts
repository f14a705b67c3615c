import type {
  EmulatorCall,
  EmulatorEndpoint,
  EmulatorFault,
  EmulatorJson,
  EmulatorTampering,
} from './emulator-fault.interface.js';
import type {
  EmulatorApplication,
  ResolvedEmulatorTenant,
  ResolvedEmulatorUser,
} from './emulator-options.interface.js';

/** How a logout token is made. */
export interface LogoutTokenOptions {
  /** The `typ` of its header; empty for none. Default `logout+jwt`. */
  typ?: string;
  /** Signs with a key that is not in the key set, under the `kid` of one that is. */
  key?: 'foreign';
}

/** A running emulator. */
export interface WristbandEmulator extends AsyncDisposable {
  /** What to configure as `wristbandApplicationVanityDomain`: host and port. */
  readonly vanityDomain: string;
  /** The vanity domain with its scheme. */
  readonly origin: string;
  /** The issuer of all tokens; the same text as `origin`. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tenants: readonly ResolvedEmulatorTenant[];
  readonly users: readonly ResolvedEmulatorUser[];
  /** Every request to a named endpoint so far, oldest first. Read it anew after further requests. */
  readonly calls: readonly EmulatorCall[];
  /** The requests to one endpoint, oldest first. */
  callsTo(endpoint: EmulatorEndpoint): EmulatorCall[];
  /** Forgets the requests so far. */
  clearCalls(): void;
  /** Changes the set-up of the application under test, for instance once its port is known. */
  setApplication(patch: Partial<EmulatorApplication>): void;
  /** Lays fields over the SDK configuration answer; replaces an earlier patch, and without one resets it. */
  setSdkConfiguration(patch?: EmulatorJson): void;
  /** Makes an endpoint misbehave; of several faults the first that still applies wins. */
  fail(endpoint: EmulatorEndpoint, fault: EmulatorFault): void;
  /** Ends the faults of an endpoint, or all of them. */
  heal(endpoint?: EmulatorEndpoint): void;
  /** Forges answers until called again; without hooks everything is honest again. */
  tamper(hooks?: EmulatorTampering): void;
  /** Signs with a new key from now on. The old ones stay in the key set unless `keepOld` is false. */
  rotateKeys(options?: { keepOld?: boolean }): Promise<void>;
  /**
   * Signs a logout token as a logout does, to post it yourself.
   *
   * @param claims - `sub` or `sid`, and whatever shall replace the usual claims; `undefined` leaves one out
   */
  signLogoutToken(claims: EmulatorJson, options?: LogoutTokenOptions): Promise<string>;
  /** Ends every refresh and access token, as an administrator would; sessions on the login pages stay. */
  revokeAllGrants(): void;
  /** Stops listening and destroys the open connections, hanging ones included. */
  close(): Promise<void>;
}
