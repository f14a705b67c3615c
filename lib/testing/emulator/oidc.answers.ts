import { decodeJwt } from 'jose';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { mintAccessToken } from './access-token.js';
import { applicationUrl } from './application-url.js';
import type { EmulatorJson } from './emulator-fault.interface.js';
import type { EmulatorCore } from './emulator.state.js';
import { findTenantByHost } from './tenant.directory.js';

/** Turns a good answer of oidc-provider into Wristband's, and forges it where a test asks for that. */
export async function answerAsWristband(state: EmulatorCore, ctx: KoaContextWithOIDC): Promise<void> {
  // Paths that the provider does not know have no OpenID Connect context.
  const route = (ctx.oidc as KoaContextWithOIDC['oidc'] | undefined)?.route;
  if (route === 'authorization' || route === 'resume') await redirectToCallback(state, ctx);
  else if (ctx.status !== 200 || !isJson(ctx.body)) return;
  else if (route === 'token') ctx.body = await answerTokens(state, ctx, ctx.body);
  else if (route === 'userinfo') ctx.body = (await state.tampering.userinfo?.(ctx.body)) ?? ctx.body;
}

async function redirectToCallback(state: EmulatorCore, ctx: KoaContextWithOIDC): Promise<void> {
  const { location } = ctx.response.headers;
  const redirectUri = ctx.oidc.params?.redirect_uri ?? ctx.query.redirect_uri;
  const tenant = findTenantByHost(state, ctx.host);
  // The way to the login page is a path, the way to the callback a whole URL.
  if (!tenant || typeof redirectUri !== 'string' || !URL.canParse(String(location))) return;
  const answer = new URL(String(location)).searchParams;
  answer.delete('iss');
  const callback = applicationUrl(redirectUri, tenant, Object.fromEntries(answer));
  await state.tampering.callbackParams?.(callback.searchParams);
  ctx.redirect(callback.href);
  ctx.status = 302;
}

async function answerTokens(
  state: EmulatorCore,
  { oidc }: KoaContextWithOIDC,
  answer: EmulatorJson,
): Promise<unknown> {
  const { AccessToken: token, AuthorizationCode: code, RefreshToken: refreshToken } = oidc.entities;
  if (!token) return answer;
  const authTime = code?.authTime ?? refreshToken?.authTime;
  const body = {
    ...answer,
    access_token: await mintAccessToken(state, token, { authTime, expiresIn: Number(answer.expires_in) }),
    ...(typeof answer.id_token === 'string' && { id_token: await forgeIdToken(state, answer.id_token) }),
  };
  return state.tampering.tokenAnswer ? state.tampering.tokenAnswer(body) : body;
}

async function forgeIdToken(state: EmulatorCore, idToken: string): Promise<string> {
  const { idTokenClaims, idTokenKey } = state.tampering;
  if (!idTokenClaims && !idTokenKey) return idToken;
  const claims = decodeJwt(idToken);
  return state.keys.sign((await idTokenClaims?.(claims)) ?? claims, { foreign: idTokenKey === 'foreign' });
}

function isJson(body: unknown): body is EmulatorJson {
  return typeof body === 'object' && body !== null;
}
