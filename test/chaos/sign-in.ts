import { setTimeout as delay } from 'node:timers/promises';
import type { EmulatorUser } from '../../lib/testing/index.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { submitPassword } from '../support/sign-in.js';
import { PATIENCE, type Reply } from './client.js';
import type { World } from './world.js';

/** To the login page, and back. */
export const SIGN_IN_PATIENCE = 2 * PATIENCE;

/** The Cookie header of the new session, or the answer at which the sign-in ended; none when it began anew. */
export type SignInResult = { readonly cookie: string } | { readonly reply: Reply | undefined };

/**
 * Signs somebody in with a browser that Wristband does not know.
 *
 * @param current the cookie of a session that the new one takes the place of
 */
export async function signIn(
  { cluster: { origin }, journal }: World,
  user: EmulatorUser,
  current: string | undefined,
): Promise<SignInResult> {
  const began = journal.now();
  const browser = new Browser();
  if (current !== undefined) await browser.jar.setCookie(`${current}; Path=/`, origin);
  const failed = (status: Reply['status'], text: string, headers: BrowserResponse['headers'] = {}) => {
    const worker = headers['x-worker']?.toString();
    const retryAfter = headers['retry-after'];
    return { reply: { status, worker, retryAfter, text, cookie: undefined, began, ended: journal.now() } };
  };
  try {
    const late = delay(SIGN_IN_PATIENCE, undefined, { ref: false });
    const landed = await Promise.race([passLogin(browser, origin, user), late]);
    if (!landed) return failed('late', 'The sign-in is not over');
    const { trail, status, text, headers, url } = landed;
    // Whatever came after it: the cookie was set with the redirect to there.
    if (!trail.some((one) => one.endsWith('/api/auth/done')))
      return isLoginPage(landed) && !url.startsWith(origin)
        ? { reply: undefined }
        : failed(status, text, headers);
    const cookies = await browser.jar.getCookies(origin);
    const session = cookies.find(({ key }) => key === 'session' || key === 'sid');
    return session ? { cookie: session.cookieString() } : failed(0, 'Signed in without a cookie');
  } catch (error) {
    return failed('broken', error instanceof Error ? error.message : 'unknown');
  }
}

async function passLogin(browser: Browser, origin: string, user: EmulatorUser): Promise<BrowserResponse> {
  const page = await browser.get(`${origin}/api/auth/login?tenant_name=${user.tenant}`);
  return isLoginPage(page) ? submitPassword(browser, page, user) : page;
}

function isLoginPage({ status, text }: BrowserResponse): boolean {
  return status === 200 && text.includes('<form');
}
