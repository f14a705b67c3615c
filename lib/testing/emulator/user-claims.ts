import { APPLICATION_ID, IDENTITY_PROVIDER_NAME } from './emulator.defaults.js';
import type { EmulatorJson } from './emulator-fault.interface.js';
import type { ResolvedEmulatorTenant, ResolvedEmulatorUser } from './emulator-options.interface.js';

/** Which claims each scope opens in the user info; ID tokens carry those of `openid`. */
export const CLAIMS_BY_SCOPE = {
  openid: ['sub', 'tnt_id', 'app_id', 'idp_name', 'custom_claims'],
  profile: [
    'name',
    'given_name',
    'family_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'picture',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  roles: ['roles'],
};

/** What of the user info is told to an application that asked for these scopes. */
export function claimsOpenTo(scopes: readonly string[], claims: EmulatorJson): EmulatorJson {
  const open = Object.entries(CLAIMS_BY_SCOPE).flatMap(([scope, names]) =>
    scopes.includes(scope) ? names : [],
  );
  return Object.fromEntries(Object.entries(claims).filter(([name]) => open.includes(name)));
}

/** Who a token is about, whatever was asked for. */
export function identityClaims(
  user: ResolvedEmulatorUser,
  tenant: ResolvedEmulatorTenant,
): EmulatorJson & { sub: string } {
  return { sub: user.id, tnt_id: tenant.id, app_id: APPLICATION_ID, idp_name: IDENTITY_PROVIDER_NAME };
}

/** All claims of the user info; what is not known is null, as Wristband sends it. */
export function userinfoClaims(
  user: ResolvedEmulatorUser,
  tenant: ResolvedEmulatorTenant,
): EmulatorJson & { sub: string } {
  const unknown = Object.fromEntries(CLAIMS_BY_SCOPE.profile.map((claim) => [claim, null]));
  return {
    ...identityClaims(user, tenant),
    ...unknown,
    name: [user.givenName, user.familyName].filter(Boolean).join(' ') || null,
    given_name: user.givenName ?? null,
    family_name: user.familyName ?? null,
    email: user.email,
    email_verified: true,
    phone_number: user.phoneNumber ?? null,
    phone_number_verified: user.phoneNumber ? true : null,
    roles: user.roles.map(({ id, name, displayName }) => ({ id, name, display_name: displayName })),
    ...(user.customClaims && { custom_claims: user.customClaims }),
  };
}
