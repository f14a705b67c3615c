import { setTimeout as delay } from 'node:timers/promises';
import type { WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import type { Cluster } from './cluster.js';

/** Seconds that access tokens of {@link withShortTokens} live; a buffer of half of it is taken off. */
const SHORT_LIFE = 2;

/** Signs somebody in through the proxy, and answers the browser. The emulator takes its cluster for the application. */
export async function signInTo(
  { origin }: Cluster,
  emulator: WristbandEmulator,
  email = 'grace@acme.example',
): Promise<Browser> {
  const browser = new Browser();
  const user = emulator.users.find((one) => one.email === email);
  if (!user) throw new Error(`There is no ${email}`);
  emulator.setApplication({
    loginUrl: `${origin}/api/auth/login`,
    redirectUris: [`${origin}/api/auth/callback`],
  });
  const landed = await signIn(browser, `${origin}/api/auth/login?tenant_name=${user.tenant}`, user);
  if (landed.status !== 200) throw new Error(`No sign-in but ${landed.status}: ${landed.text}`);
  return browser;
}

/** The Cookie header of the session alone: the emulator lives on the same host and has cookies too. */
export async function sessionCookie(browser: Browser, { origin }: Cluster): Promise<string> {
  const cookies = await browser.jar.getCookies(origin);
  const session = cookies.find(({ key }) => key === 'session' || key === 'sid');
  if (!session) throw new Error('There is no session cookie');
  return session.cookieString();
}

/** Whatever gets tokens inside gets such that are over soon; those of later refreshes live as long as ever. */
export async function withShortTokens<T>(emulator: WristbandEmulator, work: () => Promise<T>): Promise<T> {
  emulator.tamper({
    accessTokenClaims: (claims) => ({ ...claims, exp: Number(claims.iat) + SHORT_LIFE }),
    tokenAnswer: (answer) => ({ ...answer, expires_in: SHORT_LIFE }),
  });
  try {
    return await work();
  } finally {
    emulator.tamper();
  }
}

/** The Cookie header of a session whose access token has just expired; the emulator has no calls in its log. */
export async function expiredSession(cluster: Cluster, emulator: WristbandEmulator): Promise<string> {
  const browser = await withShortTokens(emulator, () => signInTo(cluster, emulator));
  await expiry();
  emulator.clearCalls();
  return sessionCookie(browser, cluster);
}

/** Until short access tokens have expired, by any clock. */
export function expiry(): Promise<void> {
  return delay(SHORT_LIFE * 1000 + 100);
}
