import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { type WristbandException, wristbandUnavailable } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { isJsonObject } from '../json/json.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import {
  parseSdkConfiguration,
  parseTokenAnswer,
  parseUserInfo,
  flag,
  type SdkConfiguration,
  type TokenAnswer,
  type UserInfoAnswer,
} from './answer-shapes.js';
import { HttpTransport, type TransportAnswer, type TransportRequest } from './http-transport.js';
import { isWristbandError, OAuthResponseError } from './oauth-response.error.js';

/** An authorization code with what is needed to exchange it. */
export interface CodeGrant {
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

/** What to check when the token endpoint or the revocation refuses the application itself. */
const SET_UP_HINTS: Readonly<Record<string, string>> = {
  invalid_client: 'check clientId, clientSecret and wristbandApplicationVanityDomain',
  unauthorized_client:
    'check that clientId is that of a Backend Server client which may use authorization codes and refresh tokens',
  unsupported_grant_type:
    'check that clientId is that of a Backend Server client, and wristbandApplicationVanityDomain',
  invalid_scope: 'check scopes',
  invalid_request:
    'check redirectUri, and that no proxy and no http.fetch of yours changes requests to Wristband',
};

/** Milliseconds after which a mistake in the set-up that lasts is logged again. */
const COMPLAIN_EVERY = 60_000;

/** Milliseconds for which the response to a refresh is waited for, in the background from `http.timeout` on. */
const LATEST_TOKENS = 30_000;

/**
 * Wristband's endpoints as functions. Each throws {@link OAuthResponseError} when Wristband refuses the request, and
 * `wristband_unavailable` on trouble: also when a response cannot be read, or is a 4xx that Wristband did not write.
 */
@Injectable()
export class WristbandClient {
  readonly #authorization: string;
  readonly #clientId: string;
  readonly #timeout: number;
  /** When each mistake in the set-up was logged last, by the monotonic clock. */
  readonly #complaints = new Map<string, number>();

  constructor(
    @Inject(RESOLVED_OPTIONS) { clientId, clientSecret, http }: ResolvedOptions,
    private readonly transport: HttpTransport,
    private readonly events: WristbandEvents,
  ) {
    this.#clientId = clientId;
    this.#timeout = http.timeout;
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
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    return this.#token(form, Math.max(LATEST_TOKENS, 2 * this.#timeout));
  }

  /** @throws {OAuthResponseError} when Wristband refuses */
  async revoke(refreshToken: string): Promise<void> {
    const path = '/oauth2/revoke';
    const form = { token: refreshToken, token_type_hint: 'refresh_token' };
    const answer = await this.#postForm(path, form, { isRepeatable: true });
    this.#complain(answer);
    this.#expectOk(path, answer);
  }

  userInfo(accessToken: string): Promise<UserInfoAnswer> {
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
    return this.#read(path, answer, (json) => (isJsonObject(json) ? flag(json.valid) : undefined));
  }

  async #token(form: Readonly<Record<string, string>>, abortAfter?: number): Promise<TokenAnswer> {
    const path = '/oauth2/token';
    const options = { isRepeatable: false, ...(abortAfter !== undefined && { abortAfter }) };
    const answer = await this.#postForm(path, form, options);
    this.#complain(answer);
    return this.#read(path, answer, parseTokenAnswer);
  }

  /** Logs a mistake in the set-up: no user can do anything about it, and no other try will help. */
  #complain({ status, json }: TransportAnswer): void {
    if (status < 400) return;
    const given = isJsonObject(json) ? json.error : undefined;
    const isKnown = typeof given === 'string' && Object.hasOwn(SET_UP_HINTS, given);
    if (!isKnown && status !== 401) return;
    const error = isKnown ? given : 'invalid_client';
    const now = performance.now();
    if (now - (this.#complaints.get(error) ?? Number.NEGATIVE_INFINITY) < COMPLAIN_EVERY) return;
    this.#complaints.set(error, now);
    const answered = isKnown ? `${status} ${error}` : String(status);
    this.events.error(`Wristband refused the application with ${answered}: ${SET_UP_HINTS[error]}`);
  }

  async #get<T>(
    path: string,
    parse: (json: unknown) => T | undefined,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const request = { method: 'GET', path, headers: { Accept: 'application/json', ...headers } } as const;
    return this.#read(path, await this.transport.send({ ...request, isRepeatable: true }), parse);
  }

  #read<T>(path: string, answer: TransportAnswer, parse: (json: unknown) => T | undefined): T {
    const parsed = parse(this.#expectOk(path, answer));
    if (parsed !== undefined) return parsed;
    throw this.#unusable(path, 'gave an answer that cannot be used');
  }

  /** The body of a 2xx. */
  #expectOk(path: string, { status, json }: TransportAnswer): unknown {
    if (status >= 200 && status < 300) return json;
    if (isWristbandError(json)) throw new OAuthResponseError(path, status, json);
    throw this.#unusable(path, `answered ${status} without an error of Wristband`);
  }

  #unusable(path: string, reason: string): WristbandException {
    this.events.emit({ type: 'wristband.unavailable', path, reason });
    this.events.warn(
      `Wristband is unavailable: ${path} ${reason}. Is there a firewall or a proxy in between, and is wristbandApplicationVanityDomain right?`,
    );
    const cause = new Error(`Wristband's answer to ${path} cannot be used`);
    return wristbandUnavailable('Wristband gave an answer that cannot be used', { cause });
  }

  #postForm(
    path: string,
    form: Readonly<Record<string, string>>,
    options: Pick<TransportRequest, 'isRepeatable' | 'abortAfter'>,
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
      ...options,
    });
  }
}
