import type { Provider } from 'oidc-provider';
import type { EmulatorJson, EmulatorTampering } from './emulator-fault.interface.js';
import type {
  EmulatorApplication,
  ResolvedEmulatorTenant,
  ResolvedEmulatorUser,
} from './emulator-options.interface.js';
import type { Exchange } from './exchange.js';
import type { OidcStore } from './oidc.store.js';
import type { SigningKeys } from './signing-keys.js';

/** A function of a test, which may run in another thread. */
export type Hook<T> = T extends (...args: infer A) => infer R ? (...args: A) => R | Promise<R> : T;

/** {@link EmulatorTampering}, to be awaited. */
export type Tampering = { readonly [K in keyof EmulatorTampering]: Hook<EmulatorTampering[K]> };

/** What the parts of one emulator share. */
export interface EmulatorCore {
  readonly vanityHost: string;
  readonly vanityDomain: string;
  readonly origin: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** In seconds. */
  readonly lifetimes: {
    readonly accessToken: number;
    readonly idToken: number;
    readonly refreshToken: number;
  };
  /** Grows when a company signs up. */
  readonly tenants: ResolvedEmulatorTenant[];
  readonly users: ResolvedEmulatorUser[];
  readonly keys: SigningKeys;
  readonly store: OidcStore;
  readonly cookieKey: string;
  application: EmulatorApplication;
  sdkConfigurationPatch: EmulatorJson;
  tampering: Tampering;
}

/** A provider together with the function that lets it answer. */
export interface OidcEngine {
  readonly provider: Provider;
  handle(exchange: Exchange): Promise<void>;
}

/** A whole emulator. */
export interface EmulatorState extends EmulatorCore {
  /** Made anew whenever its configuration changes; the data lives on in `store`. */
  engine: OidcEngine;
}
