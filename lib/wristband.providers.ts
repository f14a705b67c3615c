import type { Provider } from '@nestjs/common';
import { BackChannelLogoutFlow } from './auth/back-channel-logout.flow.js';
import { CallbackFlow } from './auth/callback.flow.js';
import { ClientTokenVerifier } from './auth/client-token.verifier.js';
import { CodeExchanger } from './auth/code-exchanger.js';
import { IdTokenVerifier } from './auth/id-token.verifier.js';
import { LoginFlow } from './auth/login.flow.js';
import { LoginPage } from './auth/login-page.js';
import { LoginStateKeeper } from './auth/login-state.keeper.js';
import { LogoutFlow } from './auth/logout.flow.js';
import { LogoutTokenVerifier } from './auth/logout-token.verifier.js';
import { TokenRefresher } from './auth/token-refresher.js';
import { WristbandAuthService } from './auth/wristband-auth.service.js';
import { AutoConfiguration } from './config/auto-configuration.js';
import { validateOptions } from './config/options-validator.js';
import { type ResolvedOptions, resolveOptions } from './config/resolved-options.js';
import { CsrfVerifier } from './csrf/csrf.verifier.js';
import { WristbandEvents } from './events/wristband-events.js';
import { JwtAuthGuard } from './guards/jwt-auth.guard.js';
import { RolesGuard } from './guards/roles.guard.js';
import { SessionAuthGuard } from './guards/session-auth.guard.js';
import { WristbandAuthGuard } from './guards/wristband-auth.guard.js';
import { SessionInterceptor } from './interceptors/session.interceptor.js';
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
import { CustomDomainValidator } from './tenant/custom-domain.validator.js';
import { ReturnUrlPolicy } from './tenant/return-url.policy.js';
import { TenantResolver } from './tenant/tenant-resolver.js';
import { HttpTransport } from './wristband-api/http-transport.js';
import { WristbandClient } from './wristband-api/wristband-client.js';
import { RESOLVED_OPTIONS } from './wristband.constants.js';
import { MODULE_OPTIONS_TOKEN } from './wristband.module-definition.js';

const resolvedOptionsProvider: Provider = {
  provide: RESOLVED_OPTIONS,
  inject: [MODULE_OPTIONS_TOKEN],
  useFactory: (options: WristbandOptions): ResolvedOptions => resolveOptions(validateOptions(options)),
};

/**
 * What other modules may inject. The last three are here because Nest builds a guard or an interceptor in the module that
 * uses it, so what those need has to be visible there.
 */
export const exportedProviders = [
  WristbandAuthService,
  WristbandSessions,
  SessionAuthGuard,
  JwtAuthGuard,
  WristbandAuthGuard,
  RolesGuard,
  SessionInterceptor,
  SessionManager,
  Authenticator,
  AuthResponder,
];

export const providers: Provider[] = [
  resolvedOptionsProvider,
  ...exportedProviders,
  AccessTokenVerifier,
  AutoConfiguration,
  BackChannelLogoutFlow,
  CallbackFlow,
  ClientTokenVerifier,
  CodeExchanger,
  CsrfVerifier,
  CustomDomainValidator,
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
  TenantResolver,
  TokenRefresher,
  WristbandClient,
  WristbandEvents,
];
