import { isJsonObject } from '../../json/json.js';
import type { EmulatorState } from './emulator.state.js';
import { jsonBody, sendJson, type Exchange } from './exchange.js';
import { hostnameOf, usesTenantSubdomains } from './tenant.directory.js';

/** What an SDK configures itself from. */
export async function handleSdkConfiguration(
  state: EmulatorState,
  { response, url }: Exchange,
): Promise<void> {
  const clientId = decodeURIComponent(url.pathname.split('/').at(-2) ?? '');
  if (clientId !== state.clientId) {
    sendJson(response, 404, { type: 'client_not_found', title: 'There is no such client.' });
    return;
  }
  const { loginUrl, redirectUris, customApplicationLoginPageUrl, rootDomain } = state.application;
  const configuration = {
    loginUrl,
    redirectUri: redirectUris.length === 1 ? redirectUris[0] : null,
    customApplicationLoginPageUrl: customApplicationLoginPageUrl ?? null,
    isApplicationCustomDomainActive: usesTenantSubdomains(state),
    loginUrlTenantDomainSuffix: rootDomain ?? null,
    ...state.sdkConfigurationPatch,
  };
  sendJson(response, 200, (await state.tampering.sdkConfiguration?.(configuration)) ?? configuration);
}

/** Whether a host is the custom domain of a tenant. */
export async function handleCustomDomainValidation(state: EmulatorState, exchange: Exchange): Promise<void> {
  const body = jsonBody(exchange.request, exchange.body);
  const asked = isJsonObject(body) ? String(body.tenantCustomDomain).toLowerCase() : '';
  const valid = state.tenants.some(
    ({ customDomain }) => customDomain && [customDomain, hostnameOf(customDomain)].includes(asked),
  );
  sendJson(exchange.response, 200, { valid });
}
