import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import type { EmulatorCall } from './emulator-fault.interface.js';
import type { WristbandEmulatorOptions } from './emulator-options.interface.js';
import {
  DEFAULT_APPLICATION,
  DEFAULT_CLIENT_ID,
  DEFAULT_CLIENT_SECRET,
  resolveTenants,
  resolveUsers,
} from './emulator.defaults.js';
import { serve } from './emulator.server.js';
import { signLogoutToken } from './logout-token.js';
import type { EmulatorCore, EmulatorState, OidcEngine } from './emulator.state.js';
import { FaultInjector } from './fault.injector.js';
import { listenOnLoopback, type LoopbackServer } from './loopback.server.js';
import { createOidcEngine } from './oidc.engine.js';
import { loadOidcProvider } from './oidc.loader.js';
import { refuseProduction } from '../refuse-production.js';
import { OidcStore } from './oidc.store.js';
import { type AskedSignIn, type EmulatedSignIn, runningEmulators } from './running-emulators.js';
import { SigningKeys } from './signing-keys.js';
import { issueTokens } from './token-issuer.js';
import { findPerson } from '../sign-in/person.js';
import type { WristbandEmulator } from './wristband-emulator.interface.js';

const answerNotReady: RequestListener = (_request, response) => void response.writeHead(503).end();

const FOURTEEN_DAYS = 14 * 24 * 60 * 60;

/**
 * Starts all of Wristband that an application talks to, on the loopback addresses of this machine.
 *
 * @example
 * ```ts
 * const emulator = await startWristbandEmulator();
 * // wristbandApplicationVanityDomain: emulator.vanityDomain, clientId: emulator.clientId, ...
 * emulator.setApplication({ loginUrl: `${app}/api/auth/login`, redirectUris: [`${app}/api/auth/callback`] });
 * emulator.fail('token', { kind: 'status', status: 503, times: 1 });
 * await emulator.close();
 * ```
 * @throws Error with `NODE_ENV=production`, without the package `oidc-provider`, and when the port is taken
 */
export async function startWristbandEmulator(
  options: WristbandEmulatorOptions = {},
): Promise<WristbandEmulator> {
  refuseProduction('The Wristband emulator');
  const [oidc, keys] = await Promise.all([loadOidcProvider(), SigningKeys.generate()]);
  let listener = answerNotReady;
  const server = await listenOnLoopback(options.port ?? 0, options.tls, (request, response) =>
    listener(request, response),
  );
  try {
    const rebuild = (core: EmulatorCore): OidcEngine => createOidcEngine(core, oidc);
    const state = createState(options, server.port, keys, rebuild);
    const calls: EmulatorCall[] = [];
    const faults = new FaultInjector();
    listener = (request, response) => void serve(state, calls, faults, request, response);
    runningEmulators.set(state.vanityDomain, (asked, scopes) => emulateSignIn(state, asked, scopes));
    return createHandle(state, calls, faults, server, rebuild);
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function emulateSignIn(
  state: EmulatorState,
  asked: AskedSignIn,
  scopes: readonly string[],
): Promise<EmulatedSignIn> {
  const person = findPerson(asked, state);
  const { expiresIn } = asked;
  return { person, tokens: await issueTokens(state, person.user, person.tenant, { scopes, expiresIn }) };
}

function createState(
  options: WristbandEmulatorOptions,
  port: number,
  keys: SigningKeys,
  build: (core: EmulatorCore) => OidcEngine,
): EmulatorState {
  const vanityHost = (options.vanityHost ?? 'localhost').toLowerCase();
  const vanityDomain = `${vanityHost}:${port}`;
  const tenants = resolveTenants(options.tenants, port);
  const core: EmulatorCore = {
    vanityHost,
    vanityDomain,
    origin: `${options.tls ? 'https' : 'http'}://${vanityDomain}`,
    clientId: options.clientId ?? DEFAULT_CLIENT_ID,
    clientSecret: options.clientSecret ?? DEFAULT_CLIENT_SECRET,
    lifetimes: {
      accessToken: options.accessTokenTtl ?? 1800,
      idToken: options.idTokenTtl ?? 1800,
      refreshToken: options.refreshTokenTtl ?? FOURTEEN_DAYS,
    },
    tenants,
    users: resolveUsers(options.users, tenants),
    keys,
    store: new OidcStore(),
    cookieKey: randomBytes(32).toString('base64url'),
    application: { ...DEFAULT_APPLICATION, ...options.application },
    sdkConfigurationPatch: {},
    tampering: {},
  };
  // The same object, as what changes in it later must be seen by all.
  return Object.assign(core, { engine: build(core) });
}

function createHandle(
  state: EmulatorState,
  calls: EmulatorCall[],
  faults: FaultInjector,
  server: LoopbackServer,
  rebuild: (core: EmulatorCore) => OidcEngine,
): WristbandEmulator {
  const { vanityDomain, origin, clientId, clientSecret, tenants, users } = state;
  const close = async (): Promise<void> => {
    runningEmulators.delete(vanityDomain);
    await server.close();
    faults.close();
    state.keys.release();
  };
  return {
    vanityDomain,
    origin,
    issuer: origin,
    clientId,
    clientSecret,
    tenants,
    users,
    calls,
    callsTo: (endpoint) => calls.filter((call) => call.endpoint === endpoint),
    clearCalls: () => void calls.splice(0),
    setApplication: (patch) => {
      state.application = { ...state.application, ...patch };
      state.engine = rebuild(state);
    },
    setSdkConfiguration: (patch = {}) => void (state.sdkConfigurationPatch = patch),
    fail: (endpoint, fault) => faults.add(endpoint, fault),
    heal: (endpoint) => faults.remove(endpoint),
    tamper: (hooks = {}) => void (state.tampering = hooks),
    ...tokenControls(state, rebuild),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function tokenControls(
  state: EmulatorState,
  rebuild: (core: EmulatorCore) => OidcEngine,
): Pick<WristbandEmulator, 'rotateKeys' | 'signLogoutToken' | 'revokeAllGrants'> {
  return {
    rotateKeys: async ({ keepOld = true } = {}) => {
      await state.keys.rotate(keepOld);
      state.engine = rebuild(state);
    },
    signLogoutToken: (claims, options) => signLogoutToken(state, claims, options),
    revokeAllGrants: () => state.store.deleteTokens(),
  };
}
