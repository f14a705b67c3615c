import type { KoaContextWithOIDC } from 'oidc-provider';
import { identityClaims } from './user-claims.js';
import type { EmulatorCore } from './emulator.state.js';

type AccessToken = NonNullable<KoaContextWithOIDC['oidc']['accessToken']>;

/** What a JWT says beyond the provider's own token. */
export interface MintingOptions {
  /** When the person signed in, in seconds. */
  authTime?: number;
  /** The life of the token in seconds. */
  expiresIn: number;
}

/**
 * The JWT that stands for an opaque access token of the provider. Its `jti` is that token, so that expiry and
 * revocation stay the provider's business.
 */
export async function mintAccessToken(
  state: EmulatorCore,
  token: Pick<AccessToken, 'accountId' | 'jti' | 'scope'>,
  { authTime, expiresIn }: MintingOptions,
): Promise<string> {
  const user = state.users.find(({ id }) => id === token.accountId);
  const tenant = state.tenants.find(({ name }) => name === user?.tenant);
  if (!user || !tenant) throw new Error(`There is no user [${token.accountId}].`);
  const issuedAt = Math.floor(Date.now() / 1000);
  const claims = {
    ...identityClaims(user, tenant),
    iss: state.origin,
    sub_kind: 'user',
    client_id: state.clientId,
    scope: token.scope,
    van_dom: state.vanityDomain,
    amr: ['pwd'],
    auth_time: authTime,
    iat: issuedAt,
    exp: issuedAt + expiresIn,
    jti: token.jti,
    custom_claims: user.customClaims ?? {},
  };
  const signed = (await state.tampering.accessTokenClaims?.(claims)) ?? claims;
  return state.keys.sign(signed, { typ: 'at+JWT' });
}

/** The opaque token behind a JWT, or undefined when the JWT is not one of ours. */
export async function resolveAccessToken(state: EmulatorCore, jwt: string): Promise<string | undefined> {
  const claims = await state.keys.verify(jwt);
  return typeof claims?.jti === 'string' ? claims.jti : undefined;
}
