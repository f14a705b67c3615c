import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';
import type { EmulatorTampering, WristbandEmulator } from '../../lib/testing/index.js';
import { lastCallback } from './auth.controller.js';
import { Browser } from './browser.js';
import { signIn } from './sign-in.js';
import type { TestApp } from './test-app.js';

/** What a request may bring in `Authorization: Bearer`. */
export type BearerKind =
  'none' | 'valid' | 'expired' | 'malformed' | 'wrong key' | 'wrong issuer' | 'ID token';

/** The user of all sessions and tokens of a test, unless it says otherwise. */
export function userOf(emulator: WristbandEmulator, email = 'grace@acme.example') {
  const user = emulator.users.find((one) => one.email === email);
  if (!user) throw new Error(`there is no ${email}`);
  return user;
}

/** A browser in which somebody is signed in. */
export async function signedIn(
  { origin }: TestApp,
  emulator: WristbandEmulator,
  email?: string,
): Promise<Browser> {
  const browser = new Browser();
  const user = userOf(emulator, email);
  const landed = await signIn(browser, `${origin}/api/auth/login?tenant_name=${user.tenant}`, user);
  if (landed.status !== 200) throw new Error(`no sign-in but ${landed.status}: ${landed.text}`);
  return browser;
}

/** A new access token of a sign-in, with what the emulator is told to forge. */
export async function accessTokenOf(
  app: TestApp,
  emulator: WristbandEmulator,
  { email, ...forged }: EmulatorTampering & { readonly email?: string } = {},
): Promise<string> {
  emulator.tamper(forged);
  await signedIn(app, emulator, email);
  emulator.tamper();
  return lastCallback.data?.accessToken ?? '';
}

/** One token of every kind; `undefined` stands for none. */
export async function bearerTokens(
  app: TestApp,
  emulator: WristbandEmulator,
): Promise<Readonly<Record<BearerKind, string | undefined>>> {
  const valid = await accessTokenOf(app, emulator);
  const { exp = 0, ...claims } = decodeJwt(valid);
  const { privateKey } = await generateKeyPair('RS256');
  const { kid = '' } = decodeProtectedHeader(valid);
  let idToken = '';
  await accessTokenOf(app, emulator, {
    tokenAnswer: (answer) => {
      idToken = String(answer.id_token);
      return answer;
    },
  });
  return {
    none: undefined,
    valid,
    expired: await accessTokenOf(app, emulator, {
      accessTokenClaims: (given) => ({ ...given, iat: exp - 7200, exp: exp - 3600 }),
    }),
    malformed: 'a token, or so',
    'wrong key': await new SignJWT({ ...claims, exp })
      .setProtectedHeader({ alg: 'RS256', typ: 'at+JWT', kid })
      .sign(privateKey),
    'wrong issuer': await accessTokenOf(app, emulator, {
      accessTokenClaims: (given) => ({ ...given, iss: 'https://evil.example' }),
    }),
    'ID token': idToken,
  };
}
