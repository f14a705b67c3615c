import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { callbackError, callbackParameters, exchangeError } from '../../../lib/auth/callback-answers.js';
import {
  clearLoginState,
  evictOldestLogins,
  loginStateCookie,
  sealedLoginStates,
} from '../../../lib/auth/login-state-cookies.js';
import { createLoginState, openLoginState } from '../../../lib/auth/login-state.js';
import { failurePage } from '../../../lib/auth/failure-page.js';
import { attemptOf, loginAgain } from '../../../lib/auth/sign-in-loop.js';
import { isLikeState, loginStateId, stateNotes, stateParameter } from '../../../lib/auth/state-parameter.js';
import { isReallyValid, toTokenData } from '../../../lib/tokens/token-data.js';
import { Sealer } from '../../../lib/crypto/sealer.js';
import { failureOf, oauthErrorCode, problemOf, subjectOf } from '../../../lib/events/event-details.js';
import { QueryParameters } from '../../../lib/http/query-parameters.js';
import { WristbandException } from '../../../lib/index.js';
import { rolesFrom } from '../../../lib/strategies/authenticated-user.js';
import { OAuthResponseError, oauthErrorDetails } from '../../../lib/wristband-api/oauth-response.error.js';
import { rule } from '../cases.js';
import { base64url, damaged, distorted, hostileText, json, jsonText } from '../texts.js';

const SECRET = 'a-login-state-secret-of-32-or-more';
const loginSealer = new Sealer('login-state', [SECRET]);
const notesSealer = new Sealer('state-notes', [SECRET]);
const LOGIN_STATE = {
  ...createLoginState({ redirectUri: 'https://app.example/callback' }),
  tenantName: 'acme',
  tenantCustomDomain: 'login.acme.com',
  returnUrl: '/orders',
  customState: { a: 1 },
};
const { state: ID } = LOGIN_STATE;
const ATTRIBUTES = { prefix: 'login#', secure: true, sameSite: 'lax', partitioned: false } as const;
const SHORT_ASCII = /^[ !#-[\]-~]{1,100}$/;

const cookies = fc.array(
  fc.record({
    name: fc.oneof(
      hostileText,
      fc.integer().map((time) => `login#${ID}#${time}`),
      damaged(`login#${ID}#1700000000000`),
      damaged('b2b-login#abc#5'),
    ),
    value: hostileText,
  }),
  { maxLength: 6 },
);
const state = fc.oneof(hostileText, damaged(ID), fc.constant(ID));

const isLine = (line: string) => /^[!-:<-~]+=[!-:<-~]*(; [ -:<-~]+)*$/.test(line);

function isText(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

export const authRules = [
  rule(
    'auth/login-state',
    'opens nothing that is no whole login state, also when it is sealed with our key',
    4000,
    fc.property(fc.oneof(distorted(LOGIN_STATE), json), (data) => {
      const opened = openLoginState(loginSealer.seal(jsonText(data), 60), ID, loginSealer);
      if (opened === undefined) return true;
      const { tenantName, tenantCustomDomain, returnUrl, customState, ...needed } = opened;
      const { codeVerifier, nonce, redirectUri } = needed;
      return (
        opened.state === ID &&
        [codeVerifier, nonce, redirectUri].every((text) => typeof text === 'string' && text !== '') &&
        [tenantName, tenantCustomDomain, returnUrl].every(isText) &&
        (customState === undefined || (typeof customState === 'object' && customState !== null))
      );
    }),
  ),
  rule(
    'auth/login-state',
    'opens nothing that was changed, or sealed for something else',
    3000,
    fc.property(
      fc.oneof(
        damaged(loginSealer.seal(JSON.stringify(LOGIN_STATE), 60)),
        fc.constantFrom(
          notesSealer.seal(JSON.stringify(LOGIN_STATE)),
          loginSealer.seal(JSON.stringify(LOGIN_STATE), -1),
        ),
      ),
      (sealed) => {
        const opened = openLoginState(sealed, ID, loginSealer);
        return opened === undefined || JSON.stringify(opened) === JSON.stringify(LOGIN_STATE);
      },
    ),
  ),
  rule(
    'auth/login-state-cookies',
    'removes and evicts only what looks like its own cookies, in whole lines',
    3000,
    fc.property(cookies, state, (given, one) => {
      const values = sealedLoginStates(given, one);
      const lines = [...clearLoginState(given, one, ATTRIBUTES), ...evictOldestLogins(given, ATTRIBUTES)];
      return (
        lines.every((line) => isLine(line) && /^(\w+-)?login#[\w-]+#\d+=;/.test(line)) &&
        values.every((value) => given.some((cookie) => cookie.value === value))
      );
    }),
  ),
  rule(
    'auth/login-state-cookies',
    'writes a line that browsers keep, or none',
    1500,
    fc.property(fc.stringMatching(/^[\w-]{1,60}$/), fc.nat(5000), fc.boolean(), (one, length, isShared) => {
      const line = loginStateCookie(one, 'x'.repeat(length), {
        ...ATTRIBUTES,
        domain: isShared ? 'app.example' : undefined,
      });
      return line === undefined ? length > 3500 : isLine(line) && line.length <= 4096;
    }),
  ),
  rule(
    'auth/state-parameter',
    'gives back its notes, as long as they fit',
    2500,
    fc.property(hostileText, fc.boolean(), (returnUrl, isRetry) => {
      const whole = stateParameter(ID, { returnUrl, isRetry }, notesSealer);
      const notes = stateNotes(whole, notesSealer);
      const isBack =
        notes.returnUrl === undefined
          ? returnUrl.length > 40
          : notes.returnUrl.toWellFormed() === returnUrl.toWellFormed();
      return (
        whole.length <= 512 &&
        loginStateId(whole) === ID &&
        isLikeState(whole) &&
        isBack &&
        (notes.isRetry ?? false) === isRetry
      );
    }),
  ),
  rule(
    'auth/state-parameter',
    'reads notes of any content, and none that are not ours',
    3000,
    fc.property(
      fc.oneof(
        distorted({ returnUrl: '/x', isRetry: true }).map(
          (data) => `${ID}.${notesSealer.seal(jsonText(data))}`,
        ),
        json.map((data) => `${ID}.${notesSealer.seal(jsonText(data))}`),
        hostileText,
        damaged(`${ID}.${notesSealer.seal('{}')}`),
      ),
      (text) => {
        const { returnUrl, isRetry } = stateNotes(text, notesSealer);
        return (
          isText(returnUrl) &&
          (isRetry === undefined || typeof isRetry === 'boolean') &&
          text.startsWith(loginStateId(text))
        );
      },
    ),
  ),
  rule(
    'auth/sign-in-loop',
    'counts attempts, and shows no markup of a request',
    2000,
    fc.property(
      fc.oneof(
        hostileText,
        fc
          .tuple(fc.constantFrom('sign_in_attempt', 'return_url', '"><script>'), hostileText)
          .map((pair) => pair.join('=')),
      ),
      (query) => {
        const request = { url: `/login?${query}`, headers: {} } as IncomingMessage;
        const attempt = attemptOf(request);
        const wayOn = loginAgain(request);
        const error = new WristbandException('sign_in_loop', 'It was tried twice');
        const link = /<a href="([^"]*)">Sign in again<\/a>/.exec(failurePage(error, wayOn).body)?.[1];
        return (
          Number.isInteger(attempt) && attempt >= 1 && link !== undefined && /^\?[\w.*+%=&;-]*$/.test(link)
        );
      },
    ),
  ),
  rule(
    'auth/callback-answers',
    'says what an error means, in words that can be shown and logged',
    2500,
    fc.property(
      fc.oneof(hostileText, damaged('access_denied'), fc.constantFrom('login_required', 'server_error')),
      fc.option(hostileText, { nil: undefined }),
      fc.integer({ min: 400, max: 599 }),
      json,
      (error, description, status, answer) => {
        const failures = [
          callbackError(error, description),
          exchangeError(new OAuthResponseError('/oauth2/token', status, answer)),
        ];
        return failures.every(
          (one) =>
            one === 'login_required' ||
            (one instanceof WristbandException &&
              SHORT_ASCII.test(one.oauthError?.error ?? '-') &&
              /^[ -~]{1,200}$/.test(one.message)),
        );
      },
    ),
  ),
  rule(
    'auth/callback-answers',
    'reads the parameters of a callback, or refuses them',
    2000,
    fc.property(
      fc.array(
        fc.tuple(fc.constantFrom('state', 'code', 'error', 'error_description', 'code[]'), hostileText),
        { maxLength: 5 },
      ),
      (pairs) => {
        const url = `/callback?${pairs.map((pair) => pair.join('=')).join('&')}`;
        try {
          const { state: found, ...others } = callbackParameters(
            new QueryParameters({ url, headers: {} } as IncomingMessage),
          );
          return found !== '' && Object.values(others).every(isText);
        } catch (error) {
          return error instanceof WristbandException && error.code === 'invalid_request';
        }
      },
    ),
  ),
  rule(
    'wristband-api/oauth-response.error',
    'answers short printable ASCII only, whatever came',
    3000,
    fc.property(fc.oneof(json, hostileText), fc.oneof(json, hostileText), (error, description) => {
      const details = oauthErrorDetails(error, description);
      return (
        SHORT_ASCII.test(details?.error ?? '-') &&
        /^[ !#-[\]-~]{0,500}$/.test(details?.errorDescription ?? '') &&
        /^([a-z_]{1,50}|http_\d{3})$/.test(oauthErrorCode(details?.error ?? 'unknown'))
      );
    }),
  ),
  rule(
    'events/event-details',
    'tells text about a subject, and a known code of a failure',
    1500,
    fc.property(
      fc.oneof(distorted({ userId: 'u', tenantId: 't' }), distorted({ userId: 'u' })),
      json,
      (fields, thrown) => {
        const refusal = new WristbandException('authorization_failed', 'x', {
          oauthError: { error: jsonText(thrown) },
        });
        return (
          Object.values(subjectOf(fields)).every((one) => typeof one === 'string') &&
          /^[a-z_]{1,50}$|^http_\d{3}$/.test(failureOf(refusal).oauthError ?? '') &&
          failureOf(thrown).reason === 'unexpected' &&
          typeof problemOf(thrown) === 'string'
        );
      },
    ),
  ),
  rule(
    'tokens/token-data',
    'never lets a token live longer than it does, nor less than a second',
    2500,
    fc.property(
      fc
        .oneof(fc.double({ min: Number.MIN_VALUE, max: 1e300, noNaN: true }), fc.nat())
        .filter((seconds) => seconds > 0),
      fc.nat(),
      (expiresIn, buffer) => {
        const tokens = toTokenData({ accessToken: 'a', expiresIn }, buffer, 0);
        return (
          tokens.expiresIn >= 1 &&
          tokens.expiresIn <= Math.max(expiresIn, 1) &&
          tokens.expiresAt === tokens.expiresIn * 1000
        );
      },
    ),
  ),
  rule(
    'tokens/token-data',
    'takes no text for a token that is still good, unless it says so',
    2500,
    fc.property(
      fc.oneof(
        hostileText,
        fc
          .tuple(json, distorted({ exp: 9e9 }), hostileText)
          .map(([header, payload, end]) => `${base64url(header)}.${base64url(payload)}.${end}`),
      ),
      (token) => {
        const isValid = isReallyValid(token);
        return isValid === false || /^[^.]*\.[\w-]+\./.test(token);
      },
    ),
  ),
  rule(
    'strategies/authenticated-user',
    'reads the names of roles, and nothing else',
    2000,
    fc.property(fc.oneof(json, fc.array(fc.oneof(json, distorted({ name: 'admin', id: '1' })))), (roles) => {
      const names = rolesFrom(roles);
      return names === undefined ? !Array.isArray(roles) : names.every((name) => typeof name === 'string');
    }),
  ),
];
