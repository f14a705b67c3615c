export { WristbandAuthService } from './auth/wristband-auth.service.js';
export { AccessToken } from './decorators/access-token.decorator.js';
export { AuthStrategies } from './decorators/auth-strategies.decorator.js';
export { Auth } from './decorators/auth.decorator.js';
export { CurrentUser } from './decorators/current-user.decorator.js';
export { InjectWristband, InjectWristbandOptions } from './decorators/inject-wristband.decorator.js';
export { Jwt } from './decorators/jwt.decorator.js';
export { OptionalAuth } from './decorators/optional-auth.decorator.js';
export { Public } from './decorators/public.decorator.js';
export { Roles } from './decorators/roles.decorator.js';
export { Session } from './decorators/session.decorator.js';
export { SkipCsrf } from './decorators/skip-csrf.decorator.js';
export { type ConfigProblem, WristbandConfigError } from './errors/wristband-config.error.js';
export { type RouteProblem, WristbandRouteError } from './errors/wristband-route.error.js';
export {
  type OAuthErrorDetails,
  type WristbandErrorCode,
  WristbandException,
  type WristbandExceptionOptions,
} from './errors/wristband.exception.js';
export {
  type EventFailure,
  type EventSubject,
  type SessionEnd,
  type SessionRejection,
  WRISTBAND_EVENTS,
  type WristbandEvent,
} from './events/wristband-event.js';
export { JwtAuthGuard } from './guards/jwt-auth.guard.js';
export { RolesGuard } from './guards/roles.guard.js';
export { SessionAuthGuard } from './guards/session-auth.guard.js';
export { WristbandAuthGuard } from './guards/wristband-auth.guard.js';
export {
  type WristbandHealth,
  WristbandHealthIndicator,
  type WristbandHealthResult,
} from './health/wristband.health.js';
export { SessionInterceptor } from './interceptors/session.interceptor.js';
export type { AccessTokenClaims } from './interfaces/access-token.interface.js';
export type {
  CallbackData,
  CallbackResult,
  CompletedCallbackResult,
  LoginConfig,
  LogoutConfig,
  RedirectReason,
  RedirectRequiredCallbackResult,
  TokenData,
} from './interfaces/auth-flow.interface.js';
export type {
  Authentication,
  AuthenticatedUser,
  AuthStrategy,
} from './interfaces/authentication.interface.js';
export type { HttpRedirectResponse, HttpRequest, HttpResponse } from './interfaces/http.interface.js';
export type {
  SessionData,
  SessionFields,
  SessionMethods,
  SessionResponse,
  TokenResponse,
} from './interfaces/session.interface.js';
export type { UserInfo, UserInfoRole } from './interfaces/user-info.interface.js';
export type { WristbandHooks, WristbandRoutes } from './interfaces/endpoints.interface.js';
export type { SameSite, SessionOptions } from './interfaces/session-options.interface.js';
export type {
  JwtOptions,
  TenantCustomDomainPolicy,
  WristbandAsyncOptions,
  WristbandHttpOptions,
  WristbandModuleExtras,
  WristbandOptions,
  WristbandOptionsFactory,
} from './interfaces/wristband-options.interface.js';
export { type RevocationOptions, WristbandSessions } from './session/wristband-sessions.service.js';
export {
  type ExpressSessionStoreOptions,
  fromExpressSessionStore,
} from './session/stores/express-session-store.adapter.js';
export type { ExpressSessionStore } from './session/stores/express-store-calls.js';
export { MemorySessionStore, type MemorySessionStoreOptions } from './session/stores/memory-session.store.js';
export type {
  IoRedisClient,
  NodeRedisClient,
  NodeRedisScriptOptions,
  RedisClient,
} from './session/stores/redis-client.js';
export { RedisSessionStore, type RedisSessionStoreOptions } from './session/stores/redis-session.store.js';
export { SessionStoreError, type SessionStoreOperation } from './session/stores/session-store.error.js';
export type {
  SessionRecord,
  SessionStore,
  SessionWriteOptions,
} from './session/stores/session-store.interface.js';
export { withWristbandSecurity } from './openapi/with-wristband-security.js';
export { WristbandModule } from './wristband.module.js';
export { getWristbandOptionsToken, getWristbandToken } from './wristband.tokens.js';
