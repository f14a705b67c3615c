import type { ResolvedEmulatorTenant, ResolvedEmulatorUser } from './emulator-options.interface.js';
import type { EmulatorCore } from './emulator.state.js';

/** Cuts a port off a host and makes it comparable. */
export function hostnameOf(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

/** The tenant that a host belongs to; both shapes of tenant hosts are understood, whichever one is handed out. */
export function findTenantByHost(state: EmulatorCore, host: string): ResolvedEmulatorTenant | undefined {
  const hostname = hostnameOf(host);
  return state.tenants.find(({ name, customDomain }) =>
    [
      `${name}-${state.vanityHost}`,
      `${name}.${state.vanityHost}`,
      ...(customDomain ? [hostnameOf(customDomain)] : []),
    ].includes(hostname),
  );
}

/** The tenant of that name. */
export function findTenantByName(state: EmulatorCore, name: string): ResolvedEmulatorTenant | undefined {
  return state.tenants.find((tenant) => tenant.name === name.toLowerCase());
}

/** The tenants in which a person has an account. */
export function findTenantsByEmail(state: EmulatorCore, email: string): ResolvedEmulatorTenant[] {
  const names = new Set(state.users.filter((user) => isSameEmail(user, email)).map((user) => user.tenant));
  return state.tenants.filter((tenant) => names.has(tenant.name));
}

/** The person with that e-mail address in one tenant. */
export function findUser(
  state: EmulatorCore,
  tenant: ResolvedEmulatorTenant,
  email: string,
): ResolvedEmulatorUser | undefined {
  return state.users.find((user) => user.tenant === tenant.name && isSameEmail(user, email));
}

/** Adds a person, in the place of one with the same e-mail address in the same tenant. */
export function putUser({ users }: EmulatorCore, user: ResolvedEmulatorUser): ResolvedEmulatorUser {
  const index = users.findIndex((known) => known.tenant === user.tenant && isSameEmail(known, user.email));
  users.splice(index === -1 ? users.length : index, 1, user);
  return user;
}

/** Where a browser reaches the login page of a tenant: scheme, host and port. */
export function tenantOrigin(state: EmulatorCore, tenant: ResolvedEmulatorTenant): string {
  const scheme = new URL(state.origin).protocol;
  const separator = usesTenantSubdomains(state) ? '.' : '-';
  return `${scheme}//${tenant.customDomain ?? `${tenant.name}${separator}${state.vanityDomain}`}`;
}

/** `acme-localhost` is not a loopback name, `acme.localhost` is: hence the default. */
export function usesTenantSubdomains(state: EmulatorCore): boolean {
  return state.application.isApplicationCustomDomainActive ?? state.vanityHost === 'localhost';
}

function isSameEmail(user: ResolvedEmulatorUser, email: string): boolean {
  return user.email.toLowerCase() === email.trim().toLowerCase();
}
