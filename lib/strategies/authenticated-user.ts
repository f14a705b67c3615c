import type { AuthenticatedUser } from '../interfaces/authentication.interface.js';

/** Handlers answer with the user, and a copy of it goes into logs: the access token must not go along. */
export function userWithToken(
  user: Omit<AuthenticatedUser, 'accessToken'>,
  accessToken: string,
): AuthenticatedUser {
  return Object.defineProperty(user, 'accessToken', { value: accessToken }) as AuthenticatedUser;
}

/** The names in a list of roles: plain names, or objects that have one. `undefined` when there is no list. */
export function rolesFrom(roles: unknown): string[] | undefined {
  if (!Array.isArray(roles)) return undefined;
  return roles.flatMap((role: unknown) => {
    const name = typeof role === 'object' && role !== null && 'name' in role ? role.name : role;
    return typeof name === 'string' ? [name] : [];
  });
}
