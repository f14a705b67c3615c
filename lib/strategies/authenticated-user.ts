import type { AuthenticatedUser } from '../interfaces/authentication.interface.js';

/** Handlers answer with the user, and a copy of it goes into logs: the access token must not go along. */
export function userWithToken(
  user: Omit<AuthenticatedUser, 'accessToken'>,
  accessToken: string,
): AuthenticatedUser {
  return Object.defineProperty(user, 'accessToken', { value: accessToken }) as AuthenticatedUser;
}
