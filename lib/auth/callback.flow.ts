import { Inject, Injectable } from '@nestjs/common';
import type { ApplicationConfig } from '../config/application-config.js';
import { AutoConfiguration } from '../config/auto-configuration.js';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { QueryParameters } from '../http/query-parameters.js';
import type {
  CallbackData,
  CallbackResult,
  CompletedCallbackResult,
  RedirectReason,
  RedirectRequiredCallbackResult,
} from '../interfaces/auth-flow.interface.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { tenantlessLoginUrl, tenantLoginUrl } from '../tenant/application-urls.js';
import { ReturnUrlPolicy } from '../tenant/return-url.policy.js';
import { issuersOf } from '../jwt/issuers.js';
import type { Tenant } from '../tenant/tenant-host.js';
import { TenantResolver } from '../tenant/tenant-resolver.js';
import type { TokenAnswer } from '../wristband-api/answer-shapes.js';
import { OAuthResponseError } from '../wristband-api/oauth-response.error.js';
import { type CodeGrant, WristbandClient } from '../wristband-api/wristband-client.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import {
  assertIssuer,
  callbackError,
  type CallbackParameters,
  callbackParameters,
  exchangeError,
} from './callback-answers.js';
import { CodeExchanger } from './code-exchanger.js';
import { IdTokenVerifier, idpSessionIdOf, verifiedUser } from '../jwt/id-token.verifier.js';
import type { LoginState } from './login-state.js';
import { LoginStateKeeper } from './login-state.keeper.js';
import { setSignInOwner } from '../session/sign-in-owner.js';
import { LOOP_HINTS, MAX_ATTEMPTS } from './sign-in-loop.js';
import { assertNotSpeculative } from './speculative-request.js';
import { isLikeState } from './state-parameter.js';
import { toTokenData } from '../tokens/token-data.js';

/** Who signed in. */
type Identity = Pick<CallbackData, 'userInfo' | 'idpSessionId'>;

/** Why a sign-in has to start again, and what it starts with. */
interface Restart {
  readonly reason: RedirectReason;
  readonly tenant: Tenant;
  readonly returnUrl?: string | undefined;
}

/** Callback Endpoint: from Wristband's answer to the user who signed in, or to where the sign-in starts again. */
@Injectable()
export class CallbackFlow {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly autoConfiguration: AutoConfiguration,
    private readonly tenants: TenantResolver,
    private readonly returnUrls: ReturnUrlPolicy,
    private readonly loginStates: LoginStateKeeper,
    private readonly codes: CodeExchanger,
    private readonly idTokens: IdTokenVerifier,
    private readonly client: WristbandClient,
    private readonly events: WristbandEvents,
  ) {}

  /**
   * The login state cookie ends with every definite outcome. It stays when Wristband could not be reached, so that a
   * reload of the page can still succeed.
   */
  async complete(request: HttpRequest, response: HttpResponse): Promise<CallbackResult> {
    assertNotSpeculative(request);
    const query = callbackParameters(new QueryParameters(request));
    const { state } = query;
    const config = await this.autoConfiguration.resolve();
    try {
      const outcome = await this.#answer(request, query, config);
      this.loginStates.clear(request, response, config, state);
      return 'tenant' in outcome ? this.#startAgain(request, state, config, outcome) : outcome;
    } catch (error) {
      const isPassing = error instanceof WristbandException && error.getStatus() >= 500;
      const isUnread = error instanceof WristbandException && error.code === 'invalid_request';
      if (!isPassing && !isUnread) this.loginStates.clear(request, response, config, state);
      throw error;
    }
  }

  async #answer(
    request: HttpRequest,
    query: CallbackParameters,
    config: ApplicationConfig,
  ): Promise<CompletedCallbackResult | Restart> {
    const loginState = this.loginStates.find(request, config, query.state);
    const isOpen = typeof loginState === 'object';
    const found = await this.tenants.ofRequest(
      request,
      config,
      isOpen ? loginState.tenantCustomDomain : undefined,
    );
    if (!isOpen) {
      const requested = this.loginStates.notesIn(query.state).returnUrl;
      const returnUrl = this.returnUrls.choose({ requested }, config, found);
      return { reason: `${loginState}_login_state`, tenant: found, returnUrl };
    }

    assertIssuer(query.issuer, issuersOf(this.options));
    // After a sign-in by custom domain the name in the query would be one that the user can choose.
    const isNameUnproven = loginState.tenantName === undefined && loginState.tenantCustomDomain !== undefined;
    const name = isNameUnproven ? this.tenants.ofSubdomain(request, config) : found.name;
    const tenant = bindTenant(loginState, { ...found, name });
    const returnUrl = this.returnUrls.choose({ requested: loginState.returnUrl }, config, tenant);
    if (query.error !== undefined) {
      const error = callbackError(query.error, query.errorDescription);
      if (error === 'login_required') return { reason: 'login_required', tenant, returnUrl };
      throw error;
    }
    if (query.code === undefined)
      throw new WristbandException('invalid_request', 'The query parameter code is missing');
    if (tenant.name === undefined && tenant.customDomain === undefined)
      return { reason: 'invalid_login_state', tenant, returnUrl };
    return this.#signIn(query.code, loginState, tenant, returnUrl);
  }

  async #signIn(
    code: string,
    loginState: LoginState,
    tenant: Tenant,
    returnUrl: string | undefined,
  ): Promise<CompletedCallbackResult | Restart> {
    const grant: CodeGrant = {
      code,
      redirectUri: loginState.redirectUri,
      codeVerifier: loginState.codeVerifier,
    };
    let tokens: TokenAnswer;
    try {
      tokens = await this.codes.exchange(grant);
    } catch (error) {
      if (!(error instanceof OAuthResponseError)) throw error;
      if (error.details.error === 'invalid_grant') return { reason: 'invalid_grant', tenant, returnUrl };
      throw exchangeError(error);
    }
    const identity = await this.#identify(tokens, loginState);
    this.codes.forget(grant);
    return {
      type: 'completed',
      callbackData: this.#callbackData(tokens, tenant, loginState, identity, returnUrl),
    };
  }

  async #identify(tokens: TokenAnswer, { nonce }: LoginState): Promise<Identity> {
    const idToken = await this.idTokens.verify(tokens.idToken, nonce);
    try {
      const userInfo = verifiedUser(idToken, await this.client.userInfo(tokens.accessToken));
      return { userInfo, ...idpSessionIdOf(idToken) };
    } catch (cause) {
      if (!(cause instanceof OAuthResponseError)) throw cause;
      throw new WristbandException('identity_not_verified', 'Wristband does not tell who signed in', {
        cause,
      });
    }
  }

  #callbackData(
    tokens: TokenAnswer,
    tenant: Tenant,
    { customState }: LoginState,
    identity: Identity,
    returnUrl: string | undefined,
  ): CallbackData {
    const callbackData: CallbackData = {
      ...toTokenData(tokens, this.options.tokenExpirationBuffer),
      idToken: tokens.idToken ?? '',
      tenantName: tenant.name ?? '',
      ...identity,
      ...(tenant.customDomain !== undefined && { tenantCustomDomain: tenant.customDomain }),
      ...(customState !== undefined && { customState }),
      ...(returnUrl !== undefined && { returnUrl }),
    };
    setSignInOwner(callbackData, this.options.name);
    return callbackData;
  }

  #startAgain(
    request: HttpRequest,
    state: string,
    config: ApplicationConfig,
    { reason, tenant, returnUrl }: Restart,
  ): RedirectRequiredCallbackResult {
    // A browser that sends login states keeps cookies: this one gave way to those of other tabs.
    const isCrowded = reason === 'missing_login_state' && this.loginStates.hasAny(request, config);
    const isCircle = this.loginStates.notesIn(state).isRetry === true && !isCrowded;
    if (isCircle) this.events.error(`A sign-in was started again and failed again: ${LOOP_HINTS[reason]}`);
    const retry = isLikeState(state) ? MAX_ATTEMPTS : undefined;
    const attempt = isCircle ? MAX_ATTEMPTS + 1 : retry;
    const redirectUrl =
      tenantLoginUrl(config, tenant, { returnUrl, attempt }) ??
      tenantlessLoginUrl(config, returnUrl, attempt);
    return { type: 'redirect_required', redirectUrl, reason };
  }
}

/** The tenant of a callback is that of its login; an answer for another tenant must not end in this sign-in's session. */
function bindTenant(
  loginState: LoginState,
  found: Partial<Record<keyof Tenant, string | undefined>>,
): Tenant {
  const name = loginState.tenantName ?? found.name;
  const customDomain = loginState.tenantCustomDomain ?? found.customDomain;
  const isSameName = found.name === undefined || found.name === name;
  const isSameDomain = found.customDomain === undefined || found.customDomain === customDomain;
  if (!isSameName || !isSameDomain) {
    throw new WristbandException('tenant_mismatch', 'The sign-in was started for another tenant');
  }
  return { ...(name !== undefined && { name }), ...(customDomain !== undefined && { customDomain }) };
}
