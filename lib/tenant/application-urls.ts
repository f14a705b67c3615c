import type { ApplicationConfig } from '../config/application-config.js';
import { withQuery } from '../http/redirect.js';
import { fillPlaceholder, hasPlaceholder } from './placeholder.js';
import type { Tenant } from './tenant-host.js';

/** Wristband echoes `state` of the application login page; longer values do not survive the trip. */
const MAX_DISCOVERY_STATE = 450;

/** Counts how often a sign-in was started over. */
export const ATTEMPT_PARAMETER = 'sign_in_attempt';

/** What of a login request goes along when the browser is sent to a Login Endpoint. */
export interface LoginParameters {
  readonly returnUrl?: string | undefined;
  readonly loginHint?: string | undefined;
  readonly idpHint?: string | undefined;
  /** Which try of the same sign-in this is, from the second one on. */
  readonly attempt?: number | undefined;
}

/** The application's Login Endpoint for a tenant, or `undefined` when that takes a name that is not known. */
export function tenantLoginUrl(
  config: ApplicationConfig,
  tenant: Tenant,
  parameters: LoginParameters = {},
): string | undefined {
  const isOnSubdomain = hasPlaceholder(config.loginUrl);
  if (tenant.name === undefined && (isOnSubdomain || tenant.customDomain === undefined)) return undefined;
  return withQuery(fillPlaceholder(config.loginUrl, tenant.name ?? ''), {
    tenant_name: isOnSubdomain ? undefined : tenant.name,
    tenant_custom_domain: tenant.customDomain,
    return_url: parameters.returnUrl,
    login_hint: parameters.loginHint,
    idp_hint: parameters.idpHint,
    [ATTEMPT_PARAMETER]: parameters.attempt?.toString(),
  });
}

/** Where a user goes whose tenant nobody knows: the page for tenant discovery, or the login at application level. */
export function tenantlessLoginUrl(config: ApplicationConfig, returnUrl?: string, attempt?: number): string {
  if (config.applicationAuthorizationRequestsEnabled) {
    return withQuery(config.fallbackLoginUrl ?? config.loginUrl, {
      return_url: returnUrl,
      [ATTEMPT_PARAMETER]: attempt?.toString(),
    });
  }
  return applicationLoginUrl(config, returnUrl);
}

/** The application login page (tenant discovery); `state` comes back to the Login Endpoint afterwards. */
export function applicationLoginUrl(config: ApplicationConfig, state?: string): string {
  const fits = state !== undefined && state.length <= MAX_DISCOVERY_STATE;
  return withQuery(config.applicationLoginPageUrl, {
    client_id: config.clientId,
    state: fits ? state : undefined,
  });
}
