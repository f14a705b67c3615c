import { randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { identityClaims } from '../emulator/user-claims.js';
import type { IssuedTokens } from '../emulator/token-issuer.js';
import type { AskedSignIn, EmulatedSignIn } from '../emulator/running-emulators.js';
import { findPerson, type Person } from './person.js';

const ONE_HOUR = 60 * 60;

/** Makes up a person and tokens, where the application is configured for no emulator of this process. */
export async function inventSignIn(asked: AskedSignIn): Promise<EmulatedSignIn> {
  const person = findPerson(asked, undefined);
  return { person, tokens: await inventTokens(person, asked.expiresIn) };
}

/** Tokens that nobody issued, for code that only reads them: whoever verifies one refuses it, and nothing renews it. */
async function inventTokens({ user, tenant }: Person, expiresIn: number = ONE_HOUR): Promise<IssuedTokens> {
  const issuedAt = Math.floor(Date.now() / 1000);
  const token = await new SignJWT({
    ...identityClaims(user, tenant),
    iat: issuedAt,
    exp: issuedAt + expiresIn,
  })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(randomBytes(32));
  return { accessToken: token, idToken: token, expiresIn };
}
