import type {
  EmulatorApplication,
  EmulatorTenant,
  EmulatorUser,
  ResolvedEmulatorTenant,
  ResolvedEmulatorUser,
} from './emulator-options.interface.js';

/** The client id unless the options say otherwise. */
export const DEFAULT_CLIENT_ID = 'emulator-client';

/** The client secret unless the options say otherwise. */
export const DEFAULT_CLIENT_SECRET = 'emulator-client-secret-0123456789abcdef';

/** The `app_id` claim. */
export const APPLICATION_ID = 'emulator-application';

/** The `idp_name` claim. */
export const IDENTITY_PROVIDER_NAME = 'wristband';

/** The application under test unless the options say otherwise. */
export const DEFAULT_APPLICATION: EmulatorApplication = {
  loginUrl: 'http://localhost:3000/api/auth/login',
  redirectUris: ['http://localhost:3000/api/auth/callback'],
};

const DEFAULT_TENANTS: EmulatorTenant[] = [
  { name: 'acme', displayName: 'Acme Corporation' },
  { name: 'globex', displayName: 'Globex Industries', customDomain: 'login.globex.localhost' },
];

/** The role of Ada at Acme, and of the first user of a company that signs up. */
export const ADMIN = { id: 'role-admin', name: 'app:emulator:admin', displayName: 'Admin' };
const VIEWER = { id: 'role-viewer', name: 'app:emulator:viewer', displayName: 'Viewer' };

const ADA = { email: 'ada@example.com', password: 'password', givenName: 'Ada', familyName: 'Lovelace' };

const DEFAULT_USERS: EmulatorUser[] = [
  { ...ADA, tenant: 'acme', phoneNumber: '+15550100', roles: [ADMIN], customClaims: { plan: 'gold' } },
  { ...ADA, tenant: 'globex', roles: [VIEWER] },
  { email: 'grace@acme.example', password: 'password', tenant: 'acme', givenName: 'Grace', roles: [VIEWER] },
  { email: 'linus@globex.example', password: 'password', tenant: 'globex', givenName: 'Linus' },
];

/**
 * Fills in what the tenants leave out.
 *
 * @param port - the emulator's port, without which a browser would not reach a custom domain
 */
export function resolveTenants(
  tenants: EmulatorTenant[] = DEFAULT_TENANTS,
  port: number,
): ResolvedEmulatorTenant[] {
  return tenants.map(({ customDomain, ...tenant }) => ({
    ...tenant,
    id: tenant.id ?? `tenant-${tenant.name}`,
    displayName: tenant.displayName ?? tenant.name,
    ...(customDomain && {
      customDomain: /:\d+$/.test(customDomain) ? customDomain : `${customDomain}:${port}`,
    }),
  }));
}

/**
 * Fills in what the users leave out.
 *
 * @throws TypeError when a user's tenant does not exist
 */
export function resolveUsers(
  users: EmulatorUser[] | undefined,
  tenants: readonly ResolvedEmulatorTenant[],
): ResolvedEmulatorUser[] {
  const tenantNames = new Set(tenants.map((tenant) => tenant.name));
  // Own tenants without own users still get the default people whose tenant is among them.
  const candidates = users ?? DEFAULT_USERS.filter((user) => tenantNames.has(user.tenant));
  return candidates.map((user) => {
    if (!tenantNames.has(user.tenant)) {
      throw new TypeError(`The user [${user.email}] belongs to the unknown tenant [${user.tenant}].`);
    }
    return resolveUser(user);
  });
}

/** Fills in what one user leaves out. */
export function resolveUser(user: EmulatorUser): ResolvedEmulatorUser {
  const id = user.id ?? `user-${user.tenant}-${user.email.replaceAll(/[^A-Za-z0-9]+/g, '-')}`;
  return { ...user, id, roles: user.roles ?? [] };
}
