import type { DynamicModule, Provider } from '@nestjs/common';
import { ApplicationNamesCheck } from './applications/application-names.check.js';
import { BackChannelLogoutFlow } from './auth/back-channel-logout.flow.js';
import { CallbackFlow } from './auth/callback.flow.js';
import { ClientTokenVerifier } from './jwt/client-token.verifier.js';
import { CodeExchanger } from './auth/code-exchanger.js';
import { IdTokenVerifier } from './jwt/id-token.verifier.js';
import { SignInLoop } from './auth/sign-in-loop.js';
import { LoginFlow } from './auth/login.flow.js';
import { LoginPage } from './strategies/login-page.js';
import { LoginStateKeeper } from './auth/login-state.keeper.js';
import { LogoutFlow } from './auth/logout.flow.js';
import { LogoutTokenVerifier } from './jwt/logout-token.verifier.js';
import { TokenRefresher } from './tokens/token-refresher.js';
import { WristbandAuthService } from './auth/wristband-auth.service.js';
import { AutoConfiguration } from './config/auto-configuration.js';
import { validateOptions } from './config/options-validator.js';
import { type ResolvedOptions, resolveOptions } from './config/resolved-options.js';
import { EndpointCheck } from './controllers/endpoint-check.js';
import { EndpointFailures } from './controllers/endpoint-failures.js';
import { CsrfVerifier } from './csrf/csrf.verifier.js';
import { WristbandEvents } from './events/wristband-events.js';
import { JwtAuthGuard } from './guards/jwt-auth.guard.js';
import { RolesGuard } from './guards/roles.guard.js';
import { SessionAuthGuard } from './guards/session-auth.guard.js';
import { WristbandAuthGuard } from './guards/wristband-auth.guard.js';
import { WristbandHealthIndicator } from './health/wristband.health.js';
import { SessionInterceptor } from './interceptors/session.interceptor.js';
import type { WristbandRoutes } from './interfaces/endpoints.interface.js';
import type { WristbandOptions } from './interfaces/wristband-options.interface.js';
import { AccessTokenVerifier } from './jwt/access-token.verifier.js';
import { RemoteKeySet } from './jwt/remote-key-set.js';
import { RouteCheck } from './routes/route-check.js';
import { RouteReader } from './routes/route-reader.js';
import { SessionProperty } from './session/session-property.js';
import { SessionManager } from './session/session.manager.js';
import { WristbandSessions } from './session/wristband-sessions.service.js';
import { AuthResponder } from './strategies/auth-responder.js';
import { Authenticator } from './strategies/authenticator.js';
import { JwtStrategy } from './strategies/jwt.strategy.js';
import { SessionStrategy } from './strategies/session.strategy.js';
import { Spans } from './telemetry/spans.js';
import { CustomDomainValidator } from './tenant/custom-domain.validator.js';
import { ReturnUrlPolicy } from './tenant/return-url.policy.js';
import { TenantResolver } from './tenant/tenant-resolver.js';
import { HttpTransport } from './wristband-api/http-transport.js';
import { WristbandClient } from './wristband-api/wristband-client.js';
import { OPTIONS, RESOLVED_OPTIONS, tokenOf } from './wristband.constants.js';
import { getWristbandOptionsToken } from './wristband.tokens.js';

/**
 * What other modules may inject. The last three are here because Nest builds a guard or an interceptor in the module that
 * uses it, so what those need has to be visible there.
 */
const exportedProviders = [
  WristbandAuthService,
  WristbandSessions,
  WristbandHealthIndicator,
  SessionAuthGuard,
  JwtAuthGuard,
  WristbandAuthGuard,
  RolesGuard,
  SessionInterceptor,
  SessionManager,
  Authenticator,
  AuthResponder,
];

const providers: Provider[] = [
  ...exportedProviders,
  AccessTokenVerifier,
  ApplicationNamesCheck,
  AutoConfiguration,
  BackChannelLogoutFlow,
  CallbackFlow,
  ClientTokenVerifier,
  CodeExchanger,
  CsrfVerifier,
  CustomDomainValidator,
  EndpointCheck,
  EndpointFailures,
  HttpTransport,
  IdTokenVerifier,
  JwtStrategy,
  LoginFlow,
  LoginPage,
  LoginStateKeeper,
  LogoutFlow,
  LogoutTokenVerifier,
  RemoteKeySet,
  ReturnUrlPolicy,
  RouteCheck,
  RouteReader,
  SessionProperty,
  SessionStrategy,
  SignInLoop,
  Spans,
  TenantResolver,
  TokenRefresher,
  WristbandClient,
  WristbandEvents,
];

/**
 * What one Wristband application consists of, and what other modules may inject of it: under tokens with its name, or, if it
 * has none, under the classes themselves too.
 *
 * @param given the provider of the options, and whatever that needs
 * @param routes of the ready-made endpoints, if there are any
 */
export function applicationProviders(
  name: string | undefined,
  given: readonly Provider[],
  routes?: Required<WristbandRoutes>,
): Required<Pick<DynamicModule, 'providers' | 'exports'>> {
  const options = getWristbandOptionsToken(name);
  const resolvedOptions: Provider = {
    provide: RESOLVED_OPTIONS,
    inject: [options],
    useFactory: (raw: WristbandOptions): ResolvedOptions =>
      resolveOptions(validateOptions(raw, routes), name, routes),
  };
  const aliases = exportedProviders.map((type) => ({ provide: tokenOf(type, name), useExisting: type }));
  return {
    providers: [
      ...given.map((provider) =>
        'provide' in provider && provider.provide === OPTIONS ? { ...provider, provide: options } : provider,
      ),
      resolvedOptions,
      ...providers,
      ...aliases,
    ],
    exports: [
      options,
      ...aliases.map(({ provide }) => provide),
      ...(name === undefined ? exportedProviders : []),
    ],
  };
}
