import { Inject, Injectable } from '@nestjs/common';
import type { ApplicationConfig } from '../config/application-config.js';
import { AutoConfiguration } from '../config/auto-configuration.js';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { rawRequest, requestHost } from '../http/http-request.js';
import { QueryParameters } from '../http/query-parameters.js';
import { redirectTo, withQuery } from '../http/redirect.js';
import type { LoginConfig } from '../interfaces/auth-flow.interface.js';
import type { HttpRedirectResponse, HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { applicationLoginUrl, type LoginParameters, tenantLoginUrl } from '../tenant/application-urls.js';
import { hasPlaceholder } from '../tenant/placeholder.js';
import { ReturnUrlPolicy } from '../tenant/return-url.policy.js';
import { withoutDoubleEncoding } from '../tenant/return-url.js';
import { parseHost, type Tenant, tenantHost } from '../tenant/tenant-host.js';
import { TenantResolver } from '../tenant/tenant-resolver.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { codeChallenge, type LoginState } from './login-state.js';
import { LoginStateKeeper } from './login-state.keeper.js';
import { assertNotSpeculative } from './speculative-request.js';
import { attemptOf, SignInLoop } from './sign-in-loop.js';

/** Login Endpoint: from a request to the redirect that starts a sign-in at Wristband. */
@Injectable()
export class LoginFlow {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly autoConfiguration: AutoConfiguration,
    private readonly tenants: TenantResolver,
    private readonly returnUrls: ReturnUrlPolicy,
    private readonly loginStates: LoginStateKeeper,
    private readonly loop: SignInLoop,
    private readonly events: WristbandEvents,
  ) {}

  async start(
    request: HttpRequest,
    response: HttpResponse,
    given: LoginConfig,
  ): Promise<HttpRedirectResponse> {
    assertNotSpeculative(request);
    await this.loop.assertNone(request, response);
    const attempt = attemptOf(request);
    const config = await this.autoConfiguration.resolve();
    const tenant = await this.tenants.forLogin(request, config, given);
    const parameters = this.#parameters(request, config, tenant, given, attempt);
    const elsewhere = loginElsewhere(request, config, tenant, parameters);
    if (elsewhere !== undefined) return redirectTo(elsewhere);

    const loginState = this.loginStates.issue(request, response, config, {
      redirectUri: config.redirectUri,
      ...(tenant.name !== undefined && { tenantName: tenant.name }),
      ...(tenant.customDomain !== undefined && { tenantCustomDomain: tenant.customDomain }),
      ...(parameters.returnUrl !== undefined && { returnUrl: parameters.returnUrl }),
      ...(hasContent(given.customState) && { customState: given.customState }),
    });
    const url = this.#authorizeUrl(config, tenant, loginState, parameters);
    const { tenantName, tenantCustomDomain } = loginState;
    this.events.emit({
      type: 'login.started',
      ...(tenantName !== undefined && { tenantName }),
      ...(tenantCustomDomain !== undefined && { tenantCustomDomain }),
    });
    return redirectTo(url);
  }

  #parameters(
    request: HttpRequest,
    config: ApplicationConfig,
    tenant: Tenant,
    given: LoginConfig,
    attempt: number,
  ): LoginParameters {
    const query = new QueryParameters(request);
    const { referer } = rawRequest(request).headers;
    const requested = given.returnUrl ?? withoutDoubleEncoding(query.get('return_url') ?? '', referer);
    const echoed = query.get('state');
    return {
      returnUrl: this.returnUrls.choose({ requested, echoed }, config, tenant),
      loginHint: query.get('login_hint'),
      idpHint: query.get('idp_hint'),
      ...(attempt > 1 && { attempt }),
    };
  }

  #authorizeUrl(
    config: ApplicationConfig,
    tenant: Tenant,
    loginState: LoginState,
    parameters: LoginParameters,
  ): string {
    const host = isUnknown(tenant) ? config.vanityDomain : tenantHost(tenant, config);
    if (host === undefined)
      throw new WristbandException('invalid_tenant', 'The tenant name is too long for a host');
    return withQuery(`${config.scheme}://${host}/api/v1/oauth2/authorize`, {
      client_id: config.clientId,
      redirect_uri: loginState.redirectUri,
      response_type: 'code',
      state: this.loginStates.stateOf(loginState, parameters.attempt !== undefined),
      scope: this.options.scopes.join(' '),
      code_challenge: codeChallenge(loginState.codeVerifier),
      code_challenge_method: 'S256',
      nonce: loginState.nonce,
      login_hint: parameters.loginHint,
      idp_hint: parameters.idpHint,
    });
  }
}

/** Where a sign-in has to begin instead, if not here. */
function loginElsewhere(
  request: HttpRequest,
  config: ApplicationConfig,
  tenant: Tenant,
  parameters: LoginParameters,
): string | undefined {
  if (isUnknown(tenant)) {
    const startsHere = config.applicationAuthorizationRequestsEnabled;
    return startsHere ? undefined : applicationLoginUrl(config, parameters.returnUrl);
  }
  // On the bare root domain the callback, which is on the tenant's subdomain, would not see our cookie.
  const isOnRootDomain = parseHost(requestHost(request)).hostname === config.rootDomain;
  return isOnRootDomain && hasPlaceholder(config.loginUrl)
    ? tenantLoginUrl(config, tenant, parameters)
    : undefined;
}

function isUnknown({ name, customDomain }: Tenant): boolean {
  return name === undefined && customDomain === undefined;
}

function hasContent(customState: LoginConfig['customState']): boolean {
  return customState !== undefined && Object.keys(customState).length > 0;
}
