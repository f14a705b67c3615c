import type { SignInAsOptions } from '../sign-in/sign-in.interface.js';
import type { Person } from '../sign-in/person.js';
import type { IssuedTokens } from './token-issuer.js';

/** Who signs in: what an emulator needs of {@link SignInAsOptions}. */
export type AskedSignIn = {
  readonly [K in 'user' | 'tenant' | 'roles' | 'expiresIn']: SignInAsOptions[K] | undefined;
} & Pick<SignInAsOptions, 'user'>;

/** A sign-in that nobody went through. */
export interface EmulatedSignIn {
  readonly person: Person;
  readonly tokens: IssuedTokens;
}

/**
 * Finds the person in an emulator and issues the tokens of a sign-in.
 *
 * @throws TypeError when there is no such user or tenant, or when several may be meant
 */
export type EmulateSignIn = (asked: AskedSignIn, scopes: readonly string[]) => Promise<EmulatedSignIn>;

/** The emulators that this process started, by their vanity domain, which is how an application finds its own. */
export const runningEmulators = new Map<string, EmulateSignIn>();
