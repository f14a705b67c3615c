import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import type { UserInfo } from '../interfaces/user-info.interface.js';
import { isJsonObject } from '../json/json.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import {
  parseSdkConfiguration,
  parseTokenAnswer,
  parseUserInfo,
  type SdkConfiguration,
  type TokenAnswer,
} from './answer-shapes.js';
import { HttpTransport, type TransportAnswer } from './http-transport.js';
import { OAuthResponseError } from './oauth-response.error.js';

/** An authorization code with what is needed to exchange it. */
export interface CodeGrant {
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

/**
 * Wristband's endpoints as functions. Each throws `wristband_unavailable` on trouble (an answer that makes no sense is
 * trouble as well) and {@link OAuthResponseError} when Wristband refuses.
 */
@Injectable()
export class WristbandClient {
  readonly #authorization: string;
  readonly #clientId: string;

  constructor(
    @Inject(RESOLVED_OPTIONS) { clientId, clientSecret }: ResolvedOptions,
    private readonly transport: HttpTransport,
    private readonly events: WristbandEvents,
  ) {
    this.#clientId = clientId;
    this.#authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  }

  exchangeCode({ code, redirectUri, codeVerifier }: CodeGrant): Promise<TokenAnswer> {
    return this.#token({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: codeVerifier,
    });
  }

  refresh(refreshToken: string): Promise<TokenAnswer> {
    return this.#token({ grant_type: 'refresh_token', refresh_token: refreshToken });
  }

  async revoke(refreshToken: string): Promise<void> {
    const form = { token: refreshToken, token_type_hint: 'refresh_token' };
    const answer = await this.#postForm('/oauth2/revoke', form, true);
    expectOk('revoke', answer);
  }

  async userInfo(accessToken: string): Promise<UserInfo> {
    const answer = await this.transport.send({
      method: 'GET',
      path: '/oauth2/userinfo',
      headers: { Accept: 'application/json', Authorization: `Bearer ${accessToken}` },
      isRepeatable: true,
    });
    return this.#sensible('userinfo', parseUserInfo(expectOk('userinfo', answer)));
  }

  async sdkConfiguration(): Promise<SdkConfiguration> {
    const path = `/clients/${encodeURIComponent(this.#clientId)}/sdk-configuration`;
    const headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
    const answer = await this.transport.send({ method: 'GET', path, headers, isRepeatable: true });
    return this.#sensible('sdk-configuration', parseSdkConfiguration(expectOk('sdk-configuration', answer)));
  }

  /** The public keys as they are: the JOSE library checks their shape. */
  async keySet(): Promise<unknown> {
    const headers = { Accept: 'application/json' };
    const answer = await this.transport.send({
      method: 'GET',
      path: '/oauth2/jwks',
      headers,
      isRepeatable: true,
    });
    const json = expectOk('jwks', answer);
    return this.#sensible('jwks', isJsonObject(json) && Array.isArray(json.keys) ? json : undefined);
  }

  async isCustomDomainValid(tenantCustomDomain: string): Promise<boolean> {
    const answer = await this.transport.send({
      method: 'POST',
      path: '/custom-domains/validate',
      headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
      body: JSON.stringify({ tenantCustomDomain }),
      isRepeatable: true,
    });
    const json = expectOk('custom-domains/validate', answer);
    const valid = isJsonObject(json) ? json.valid : undefined;
    return this.#sensible('custom-domains/validate', typeof valid === 'boolean' ? valid : undefined);
  }

  async #token(form: Readonly<Record<string, string>>): Promise<TokenAnswer> {
    const answer = await this.#postForm('/oauth2/token', form, false);
    if (answer.status === 401)
      this.events.error('Wristband refused the client: check clientId and clientSecret');
    return this.#sensible('token', parseTokenAnswer(expectOk('token', answer)));
  }

  #sensible<T>(endpoint: string, answer: T | undefined): T {
    if (answer !== undefined) return answer;
    const cause = new Error(`Wristband's ${endpoint} endpoint answered something that cannot be used`);
    const reason = 'gave an answer that cannot be used';
    this.events.emit({ type: 'wristband.unavailable', path: endpoint, reason });
    const message = 'Wristband gave an answer that cannot be used; try again soon';
    throw new WristbandException('wristband_unavailable', message, { cause, retryAfter: 5 });
  }

  #postForm(
    path: string,
    form: Readonly<Record<string, string>>,
    isRepeatable: boolean,
  ): Promise<TransportAnswer> {
    const headers = {
      Accept: 'application/json',
      Authorization: this.#authorization,
      'Content-Type': 'application/x-www-form-urlencoded',
    };
    return this.transport.send({
      method: 'POST',
      path,
      headers,
      body: new URLSearchParams(form).toString(),
      isRepeatable,
    });
  }
}

function expectOk(endpoint: string, { status, json }: TransportAnswer): unknown {
  if (status >= 200 && status < 300) return json;
  throw new OAuthResponseError(endpoint, status, json);
}
