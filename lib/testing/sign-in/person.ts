import type {
  EmulatorRole,
  ResolvedEmulatorTenant,
  ResolvedEmulatorUser,
} from '../emulator/emulator-options.interface.js';
import { resolveTenants, resolveUser } from '../emulator/emulator.defaults.js';
import type { EmulatorState } from '../emulator/emulator.state.js';
import type { AskedSignIn } from '../emulator/running-emulators.js';
import { findTenantByName, findTenantsByEmail, findUser, putUser } from '../emulator/tenant.directory.js';
import type { DescribedUser } from './sign-in.interface.js';

/** Who signs in, and where. */
export interface Person {
  readonly user: ResolvedEmulatorUser;
  readonly tenant: ResolvedEmulatorTenant;
}

/**
 * Finds whom a test means, or makes up whom it describes.
 *
 * @param emulator the one that the application is configured for, if it runs in this process
 * @throws TypeError when there is no such user or tenant, or when several may be meant
 */
export function findPerson(who: AskedSignIn, emulator: EmulatorState | undefined): Person {
  const person = emulator ? emulatedPerson(who, emulator) : inventedPerson(who);
  return who.roles ? { ...person, user: { ...person.user, roles: who.roles.map(toRole) } } : person;
}

function emulatedPerson({ user, tenant: name }: AskedSignIn, emulator: EmulatorState): Person {
  const isKnown = typeof user === 'string';
  const tenant = name === undefined && isKnown ? onlyTenantOf(user, emulator) : namedTenant(name, emulator);
  if (!isKnown) return { tenant, user: putUser(emulator, describedUser(user, tenant)) };
  const found = findUser(emulator, tenant, user);
  if (!found)
    throw new TypeError(`There is no user [${user}] in the tenant [${tenant.name}]. ${users(emulator)}`);
  return { tenant, user: found };
}

function onlyTenantOf(email: string, emulator: EmulatorState): ResolvedEmulatorTenant {
  const tenants = findTenantsByEmail(emulator, email);
  const [tenant] = tenants;
  if (!tenant) throw new TypeError(`There is no user [${email}]. ${users(emulator)}`);
  if (tenants.length === 1) return tenant;
  throw new TypeError(`The user [${email}] is in several tenants, so name one: ${names(tenants)}.`);
}

function namedTenant(name: string | undefined, emulator: EmulatorState): ResolvedEmulatorTenant {
  const tenant = name === undefined ? undefined : findTenantByName(emulator, name);
  if (tenant) return tenant;
  const problem = name === undefined ? 'Name a tenant.' : `There is no tenant [${name}].`;
  throw new TypeError(`${problem} The tenants of the emulator are: ${names(emulator.tenants)}.`);
}

/** Somebody with the ids that the emulator would give. */
function inventedPerson({ user, tenant: name }: AskedSignIn): Person {
  const [tenant] = name === undefined ? [] : resolveTenants([{ name }], 0);
  if (!tenant) {
    throw new TypeError(
      'Name a tenant: the emulator that the application is configured for does not run in this process.',
    );
  }
  return { tenant, user: describedUser(typeof user === 'string' ? { email: user } : user, tenant) };
}

/** With the password of all users of the emulator, so that the person can come back through its login page. */
function describedUser(user: DescribedUser, { name }: ResolvedEmulatorTenant): ResolvedEmulatorUser {
  return resolveUser({ ...user, password: 'password', tenant: name });
}

function toRole(role: string | EmulatorRole): EmulatorRole {
  return typeof role === 'string' ? { id: `role-${role}`, name: role, displayName: role } : role;
}

function names(tenants: readonly ResolvedEmulatorTenant[]): string {
  return tenants.map(({ name }) => name).join(', ');
}

function users({ users }: EmulatorState): string {
  const list = users.map(({ email, tenant }) => `${email} (${tenant})`).join(', ');
  return `The users of the emulator are: ${list}.`;
}
