import { Injectable } from '@nestjs/common';
import type { ApplicationConfig } from '../config/application-config.js';
import { AutoConfiguration } from '../config/auto-configuration.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { redirectTo, withQuery } from '../http/redirect.js';
import type { LogoutConfig } from '../interfaces/auth-flow.interface.js';
import type { HttpRedirectResponse, HttpRequest } from '../interfaces/http.interface.js';
import { isText } from '../json/json.js';
import { tenantlessLoginUrl } from '../tenant/application-urls.js';
import { type Tenant, tenantHost } from '../tenant/tenant-host.js';
import { TenantResolver } from '../tenant/tenant-resolver.js';
import { WristbandClient } from '../wristband-api/wristband-client.js';

const MAX_STATE = 512;

/** Logout Endpoint: revokes the refresh token and ends the user's session at Wristband. */
@Injectable()
export class LogoutFlow {
  constructor(
    private readonly autoConfiguration: AutoConfiguration,
    private readonly tenants: TenantResolver,
    private readonly client: WristbandClient,
    private readonly events: WristbandEvents,
  ) {}

  async end(request: HttpRequest, config: LogoutConfig): Promise<HttpRedirectResponse> {
    assertGiven(config);
    const given = { ...config, ...textsFromSession(config) };
    // The token is revoked whatever happens below: a sign-out that fails half-way must not leave it usable.
    const [application] = await Promise.all([
      this.autoConfiguration.resolve(),
      this.#revoke(given.refreshToken),
    ]);
    const tenant = await this.tenants.forLogout(request, application, given);
    return redirectTo(logoutUrl(application, tenant, given));
  }

  async #revoke(refreshToken: string | undefined): Promise<void> {
    if (!refreshToken) return;
    try {
      await this.client.revoke(refreshToken);
    } catch (error) {
      // The user wants to leave: trouble at Wristband is no reason to keep them.
      this.events.emit({ type: 'logout.not_revoked' });
      this.events.warn(
        `The refresh token could not be revoked: ${error instanceof Error ? error.message : 'unknown'}`,
      );
    }
  }
}

/** What is usually taken from a session, where another program or version may have written something else. */
function textsFromSession({ refreshToken, tenantName, tenantCustomDomain }: LogoutConfig) {
  const text = (value: unknown) => (isText(value) ? value : undefined);
  return {
    refreshToken: text(refreshToken),
    tenantName: text(tenantName),
    tenantCustomDomain: text(tenantCustomDomain),
  };
}

function assertGiven({ state, redirectUrl }: LogoutConfig): void {
  if (state !== undefined && state.length > MAX_STATE) {
    throw new WristbandException(
      'invalid_argument',
      `LogoutConfig.state must not be longer than ${MAX_STATE} characters`,
    );
  }
  if (redirectUrl && !(URL.canParse(redirectUrl) && /^https?:/i.test(redirectUrl))) {
    throw new WristbandException(
      'invalid_argument',
      'LogoutConfig.redirectUrl must be a full http or https URL',
    );
  }
}

function logoutUrl(config: ApplicationConfig, tenant: Tenant, { redirectUrl, state }: LogoutConfig): string {
  const host = tenantHost(tenant, config);
  if (host !== undefined) {
    return withQuery(`${config.scheme}://${host}/api/v1/logout`, {
      client_id: config.clientId,
      redirect_url: redirectUrl || undefined,
      state: state || undefined,
    });
  }
  return withQuery(redirectUrl || tenantlessLoginUrl(config), { state: state || undefined });
}
