import type { EmulatorUser } from '../../lib/testing/index.js';
import type { Browser, BrowserResponse } from './browser.js';

/** Follows a sign-in to Wristband's login page, types the user's password and follows the way back. */
export async function signIn(
  browser: Browser,
  loginUrl: string,
  user: EmulatorUser,
): Promise<BrowserResponse> {
  return submitPassword(browser, await browser.get(loginUrl), user);
}

/** Fills in the login page that a response shows. */
export function submitPassword(
  browser: Browser,
  page: BrowserResponse,
  user: EmulatorUser,
): Promise<BrowserResponse> {
  return browser.submit(formAction(page), { email: user.email, password: user.password });
}

/** Answers the emulator's tenant discovery page with an e-mail address. */
export function submitDiscovery(
  browser: Browser,
  page: BrowserResponse,
  email: string,
): Promise<BrowserResponse> {
  return browser.submit(formAction(page), { email });
}

/** Where the first form of a page is sent to: without an action, to the page itself. */
export function formAction(page: BrowserResponse): string {
  const form = /<form[^>]*>/.exec(page.text)?.[0];
  if (form === undefined)
    throw new Error(`no form on ${page.url} (${page.status}): ${page.text.slice(0, 500)}`);
  const action = /\saction="([^"]*)"/.exec(form)?.[1] ?? '';
  return new URL(action.replaceAll('&amp;', '&'), page.url).href;
}
