import { handleCustomDomainValidation, handleSdkConfiguration } from './api.handlers.js';
import { handleApplicationLogin, handleTenantlessAuthorize } from './application-login.handler.js';
import type { EmulatorEndpoint } from './emulator-fault.interface.js';
import type { EmulatorState } from './emulator.state.js';
import type { Exchange } from './exchange.js';
import { handleBareLogin, handleLogin } from './login.handler.js';
import { handleLogout } from './logout.handler.js';
import { handleSignup } from './signup.handler.js';

type Handler = (state: EmulatorState, exchange: Exchange) => Promise<void>;

/** One kind of request. */
export interface Route {
  readonly host: 'vanity' | 'tenant';
  readonly methods: readonly string[];
  readonly path: RegExp;
  /** Absent for steps in between, which are neither logged nor made to fail. */
  readonly endpoint?: EmulatorEndpoint;
  readonly handle: Handler;
}

const byProvider: Handler = (state, exchange) => state.engine.handle(exchange);

const ROUTES: readonly Route[] = [
  route('vanity', 'POST', '/api/v1/oauth2/token', byProvider, 'token'),
  route('vanity', 'GET POST', '/api/v1/oauth2/userinfo', byProvider, 'userinfo'),
  route('vanity', 'POST', '/api/v1/oauth2/revoke', byProvider, 'revoke'),
  route('vanity', 'GET', '/api/v1/oauth2/jwks', byProvider, 'jwks'),
  route(
    'vanity',
    'GET',
    '/api/v1/clients/[^/]+/sdk-configuration',
    handleSdkConfiguration,
    'sdkConfiguration',
  ),
  route(
    'vanity',
    'POST',
    '/api/v1/custom-domains/validate',
    handleCustomDomainValidation,
    'customDomainValidation',
  ),
  route('vanity', 'GET', '/api/v1/oauth2/authorize', handleTenantlessAuthorize, 'authorize'),
  route('vanity', 'GET POST', '/login', handleApplicationLogin, 'applicationLogin'),
  route('vanity', 'GET POST', '/signup', handleSignup, 'signup'),
  route('vanity', 'GET', '/.well-known/openid-configuration', byProvider),
  route('tenant', 'GET', '/api/v1/oauth2/authorize', byProvider, 'authorize'),
  route('tenant', 'GET', '/api/v1/oauth2/authorize/[^/]+', byProvider),
  // Reached when somebody logs in as another person than the one whose session is still open.
  route('tenant', 'POST', '/session/end/confirm', byProvider),
  route('tenant', 'GET POST', '/login/[^/]+', handleLogin, 'login'),
  route('tenant', 'GET', '/login', handleBareLogin, 'login'),
  route('tenant', 'GET POST', '/signup', handleSignup, 'signup'),
  route('tenant', 'GET', '/api/v1/logout', handleLogout, 'logout'),
];

/** The route for a request, if there is one on that kind of host. */
export function findRoute({ request, url, tenant }: Exchange): Route | undefined {
  const host = tenant ? 'tenant' : 'vanity';
  return ROUTES.find(
    (candidate) =>
      candidate.host === host &&
      candidate.methods.includes(request.method ?? '') &&
      candidate.path.test(url.pathname),
  );
}

function route(
  host: Route['host'],
  methods: string,
  path: string,
  handle: Handler,
  endpoint?: EmulatorEndpoint,
): Route {
  const pattern = new RegExp(`^${path.replaceAll('.', String.raw`\.`)}$`);
  return { host, methods: methods.split(' '), path: pattern, handle, endpoint };
}
