import { HttpException } from '@nestjs/common';
import { WristbandException } from '../errors/wristband.exception.js';
import { isPageNavigation } from '../http/http-request.js';
import { escaped, type Page, replaceByPage } from '../http/page.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';

/** Where a person can go from a failure. */
export interface WayOn {
  readonly href: string;
  readonly label: string;
}

/** Seconds of `Retry-After` up to which the page loads itself again. */
const MAX_REFRESH = 60;

interface Words {
  readonly title: string;
  readonly text: string;
}

const NOT_SIGNED_IN = 'You could not be signed in';
const UNFINISHED: Words = {
  title: 'This sign-in could not be finished',
  text: 'The address is incomplete, too old, or was opened before. Start the sign-in again.',
};
const NO_TENANT: Words = {
  title: NOT_SIGNED_IN,
  text: 'The address names an organization that cannot exist. Check the address, or sign in again.',
};
const AWAY: Words = {
  title: 'One moment, please',
  text: 'The sign-in service does not respond at the moment. Nothing is lost.',
};
const BROKEN: Words = {
  title: 'Something is wrong with this site',
  text: 'Signing in and out does not work until the people who run this site have repaired it.',
};
const SIGNED_OUT: Words = { title: 'You are not signed in', text: 'Sign in to go on.' };

/** In the words of a person who does not know how a sign-in works. */
const WORDS: Readonly<Record<string, Words>> = {
  invalid_request: UNFINISHED,
  login_not_started: UNFINISHED,
  tenant_mismatch: UNFINISHED,
  identity_not_verified: UNFINISHED,
  invalid_tenant: NO_TENANT,
  wristband_unavailable: AWAY,
  session_store_unavailable: AWAY,
  not_authenticated: SIGNED_OUT,
  token_refresh_failed: { title: 'Your sign-in has ended', text: 'Sign in again to go on.' },
  logout_not_started: {
    title: 'You are still signed in',
    text: 'Another site tried to sign you out. To sign out, use the link of this site.',
  },
};

/** What people read in the place of the JSON of an error. */
export function failurePage(error: HttpException, wayOn: WayOn): Page {
  const { title, text } = wordsFor(error);
  const isLoop = codeOf(error) === 'sign_in_loop';
  const retryAfter = error instanceof WristbandException ? error.retryAfter : undefined;
  const refreshes = retryAfter !== undefined && retryAfter <= MAX_REFRESH;
  const seconds = refreshes ? Math.max(1, Math.ceil(retryAfter)) : 0;
  const waiting = refreshes ? ` This page tries again by itself in ${seconds} seconds.` : '';
  const name = codeOf(error) ?? String(error.getStatus());
  return {
    title,
    body: `<p>${escaped(text)}${waiting}</p>
${isLoop ? LOOP_HELP : ''}<p><a href="${escaped(wayOn.href)}">${escaped(wayOn.label)}</a></p>
<p><small>If that does not help, tell the people who run this site what you read here: <code>${escaped(name)}</code></small></p>`,
    ...(refreshes && { refresh: { seconds } }),
  };
}

const LOOP_HELP = `<ul>
<li>Allow cookies for this site. A privacy setting or a browser extension may block them.</li>
<li>Make sure that the address begins with https.</li>
</ul>
`;

function wordsFor(error: HttpException): Words {
  const code = codeOf(error);
  const status = error.getStatus();
  const known = WORDS[code ?? ''];
  if (known) return known;
  if (code === 'sign_in_loop') {
    const text =
      'You were sent to sign in and came back several times, but your browser did not bring back what this site remembers you by. That would go on for ever, so it was stopped here.';
    return { title: NOT_SIGNED_IN, text };
  }
  if (code === 'authorization_failed') {
    const isCancelled = (error as WristbandException).oauthError?.error === 'access_denied';
    const text = isCancelled
      ? 'The sign-in was cancelled, or you have no access.'
      : 'The sign-in was refused.';
    return { title: NOT_SIGNED_IN, text };
  }
  if (status === 429) return { title: 'Too many tries', text: 'Wait a little, then try again.' };
  if (status >= 500) return BROKEN;
  // A refusal of the application itself, which was written for the user.
  const text = code === undefined ? error.message : 'The request was refused.';
  return { title: NOT_SIGNED_IN, text };
}

function codeOf(error: HttpException): string | undefined {
  return error instanceof WristbandException ? error.code : undefined;
}

/**
 * Shows a page to a person where the response would be the JSON of an error. Scripts get the JSON, and a page that the
 * application makes of the error stays.
 */
export function showToPeople(
  request: HttpRequest,
  response: HttpResponse,
  error: HttpException,
  wayOn: WayOn,
): void {
  if (!isPageNavigation(request)) return;
  const page = failurePage(error, wayOn);
  replaceByPage(response, (open) => {
    const isJson = String(open.getHeader('Content-Type')).startsWith('application/json');
    return isJson ? { page, statusCode: open.statusCode } : undefined;
  });
}
