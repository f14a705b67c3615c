import { WristbandException } from '../errors/wristband.exception.js';
import { requestQuery } from '../http/http-request.js';
import type { RedirectReason } from '../interfaces/auth-flow.interface.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import { ATTEMPT_PARAMETER } from '../tenant/application-urls.js';

/** How often a sign-in is tried. A browser that keeps no cookies would go on for ever: Wristband signs it in silently. */
export const MAX_ATTEMPTS = 2;

/** Which try of the same sign-in a request to the Login Endpoint is; a callback that failed counts. */
export function attemptOf(request: HttpRequest): number {
  const attempt = Number(requestQuery(request).get(ATTEMPT_PARAMETER));
  return Number.isInteger(attempt) && attempt > 1 ? attempt : 1;
}

/** What a developer looks for when sign-ins go in a circle. */
export const LOOP_HINTS: Readonly<Record<RedirectReason, string>> = {
  missing_login_state:
    'the browser did not bring the login state cookie back. It blocks cookies, the cookie is Secure but the page is http, or the callback is on another host than the login',
  invalid_login_state:
    'the login state cookie cannot be opened. Do all processes have the same loginStateSecret (or clientSecret), and clocks that agree?',
  login_required: 'Wristband answers login_required',
  invalid_grant: 'Wristband refuses its own codes with invalid_grant. Is redirectUri the registered one?',
};

export function signInLoop(): WristbandException {
  const message = 'The sign-in failed twice in a row: allow cookies for this site and sign in again';
  return new WristbandException('sign_in_loop', message);
}

/** What people read, with a link that starts a sign-in from the beginning. */
export function signInLoopPage(request: HttpRequest): string {
  const query = requestQuery(request);
  query.delete(ATTEMPT_PARAMETER);
  // Relative to the Login Endpoint, whatever its URL is in front of a proxy. Its values are percent-encoded.
  const again = `?${query.toString()}`.replaceAll('&', '&amp;');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>You could not be signed in</title>
<style>body { font: 1.1em/1.5 system-ui, sans-serif; max-width: 36em; margin: 4em auto; padding: 0 1em }</style>
<h1>You could not be signed in</h1>
<p>You were sent to sign in and came back twice, but your browser did not bring back what this site remembers you by.
That would go on for ever, so it was stopped here.</p>
<ul>
<li>Allow cookies for this site. A privacy setting or a browser extension may block them.</li>
<li>Make sure that the address begins with https.</li>
</ul>
<p><a href="${again}">Sign in again</a></p>
<p>If that does not help, tell the people who run this site what you read here: <code>sign_in_loop</code></p>
</html>
`;
}
