import { randomUUID } from 'node:crypto';
import { mintAccessToken } from './access-token.js';
import type { ResolvedEmulatorTenant, ResolvedEmulatorUser } from './emulator-options.interface.js';
import type { EmulatorState } from './emulator.state.js';
import { CLAIMS_BY_SCOPE, identityClaims } from './user-claims.js';

/** What the token endpoint would answer to an authorization code. */
export interface IssuedTokens {
  readonly accessToken: string;
  /** Seconds; 0 or less when the token has expired already. */
  readonly expiresIn: number;
  readonly idToken: string;
  readonly refreshToken?: string;
  /** The `sid` of the ID token, under the same conditions as on the wire. */
  readonly idpSessionId?: string;
}

/** What tokens are issued for. */
export interface IssueOptions {
  readonly scopes: readonly string[];
  /** Life of the access token in seconds. */
  readonly expiresIn?: number | undefined;
}

/** Issues the tokens of a sign-in that nobody went through; to the provider they are like all others. */
export async function issueTokens(
  state: EmulatorState,
  user: ResolvedEmulatorUser,
  tenant: ResolvedEmulatorTenant,
  { scopes, expiresIn = state.lifetimes.accessToken }: IssueOptions,
): Promise<IssuedTokens> {
  const { AccessToken, RefreshToken } = state.engine.provider;
  const authTime = Math.floor(Date.now() / 1000);
  const grant = await grantTo(state, user, scopes);
  // The provider takes 0 for its default.
  const accessToken = new AccessToken({ ...grant, expiresIn: Math.max(expiresIn, 1) });
  await accessToken.save();
  const mayRenew = scopes.includes('offline_access');
  return {
    accessToken: await mintAccessToken(state, accessToken, { authTime, expiresIn }),
    expiresIn,
    idToken: await signIdToken(state, user, tenant, { auth_time: authTime, sid: grant.sid }),
    ...(mayRenew && { refreshToken: await new RefreshToken({ ...grant, amr: ['pwd'], authTime }).save() }),
    ...(grant.sid !== undefined && { idpSessionId: grant.sid }),
  };
}

/** What all tokens of one sign-in have in common; scopes that the provider does not know are dropped, as it does. */
async function grantTo(
  { engine: { provider }, clientId }: EmulatorState,
  user: ResolvedEmulatorUser,
  scopes: readonly string[],
) {
  const client = await provider.Client.find(clientId);
  if (!client) throw new Error(`There is no client [${clientId}].`);
  const scope = scopes.filter((one) => one === 'offline_access' || one in CLAIMS_BY_SCOPE).join(' ');
  const grant = new provider.Grant({ accountId: user.id, clientId });
  grant.addOIDCScope(scope);
  return {
    client,
    accountId: user.id,
    grantId: await grant.save(),
    gty: 'authorization_code',
    scope,
    sid: client.includeSid() ? randomUUID() : undefined,
  };
}

function signIdToken(
  { keys, origin, clientId, lifetimes }: EmulatorState,
  user: ResolvedEmulatorUser,
  tenant: ResolvedEmulatorTenant,
  claims: { readonly auth_time: number; readonly sid: string | undefined },
): Promise<string> {
  const identity = identityClaims(user, tenant);
  const exp = claims.auth_time + lifetimes.idToken;
  return keys.sign({ ...identity, iss: origin, aud: clientId, iat: claims.auth_time, exp, ...claims }, {});
}
