import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { wristbandUnavailable } from '../errors/wristband.exception.js';
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
    const path = '/oauth2/revoke';
    const form = { token: refreshToken, token_type_hint: 'refresh_token' };
    expectOk(path, await this.#postForm(path, form, true));
  }

  userInfo(accessToken: string): Promise<UserInfo> {
    return this.#get('/oauth2/userinfo', parseUserInfo, { Authorization: `Bearer ${accessToken}` });
  }

  sdkConfiguration(): Promise<SdkConfiguration> {
    const path = `/clients/${encodeURIComponent(this.#clientId)}/sdk-configuration`;
    return this.#get(path, parseSdkConfiguration, { 'Content-Type': 'application/json' });
  }

  /** The public keys as they are: `jwt/public-keys` looks at each. */
  keySet(): Promise<unknown> {
    return this.#get('/oauth2/jwks', (json) =>
      isJsonObject(json) && Array.isArray(json.keys) ? json : undefined,
    );
  }

  async isCustomDomainValid(tenantCustomDomain: string): Promise<boolean> {
    const path = '/custom-domains/validate';
    const answer = await this.transport.send({
      method: 'POST',
      path,
      headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
      body: JSON.stringify({ tenantCustomDomain }),
      isRepeatable: true,
    });
    return this.#read(path, answer, (json) =>
      isJsonObject(json) && typeof json.valid === 'boolean' ? json.valid : undefined,
    );
  }

  async #token(form: Readonly<Record<string, string>>): Promise<TokenAnswer> {
    const path = '/oauth2/token';
    const answer = await this.#postForm(path, form, false);
    if (answer.status === 401)
      this.events.error('Wristband refused the client: check clientId and clientSecret');
    return this.#read(path, answer, parseTokenAnswer);
  }

  async #get<T>(
    path: string,
    parse: (json: unknown) => T | undefined,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const request = { method: 'GET', path, headers: { Accept: 'application/json', ...headers } } as const;
    return this.#read(path, await this.transport.send({ ...request, isRepeatable: true }), parse);
  }

  /** What is in an answer. */
  #read<T>(path: string, answer: TransportAnswer, parse: (json: unknown) => T | undefined): T {
    const parsed = parse(expectOk(path, answer));
    if (parsed !== undefined) return parsed;
    const cause = new Error(`Wristband's answer to ${path} cannot be used`);
    const reason = 'gave an answer that cannot be used';
    this.events.emit({ type: 'wristband.unavailable', path, reason });
    throw wristbandUnavailable('Wristband gave an answer that cannot be used', { cause });
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

function expectOk(path: string, { status, json }: TransportAnswer): unknown {
  if (status >= 200 && status < 300) return json;
  throw new OAuthResponseError(path, status, json);
}
