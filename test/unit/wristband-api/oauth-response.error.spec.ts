import { describe, expect, it } from 'vitest';
import { oauthErrorDetails, OAuthResponseError } from '../../../lib/wristband-api/oauth-response.error.js';

describe('OAuthResponseError', () => {
  it('keeps what the endpoint said', () => {
    const error = new OAuthResponseError('/oauth2/token', 400, {
      error: 'invalid_grant',
      error_description: 'The code is spent.',
    });

    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'OAuthResponseError',
      path: '/oauth2/token',
      status: 400,
      details: { error: 'invalid_grant', errorDescription: 'The code is spent.' },
      message: 'Wristband refused /oauth2/token with 400 invalid_grant',
    });
  });

  it('leaves the description out of its message, because it may repeat what was sent', () => {
    const error = new OAuthResponseError('/oauth2/token', 400, {
      error: 'invalid_grant',
      error_description: 'code abc123 unknown',
    });

    expect(error.message).not.toContain('abc123');
  });

  it.each([
    ['no body', undefined],
    ['null', null],
    ['a text', 'Bad Request'],
    ['a list', ['invalid_grant']],
    ['an object without an error', { title: 'client_not_found' }],
    ['an empty error', { error: '' }],
    ['an error that is an object', { error: { code: 'invalid_grant' } }],
    ['an error that is a number', { error: 400 }],
  ])('names the status when the answer is %s', (_title, json) => {
    expect(new OAuthResponseError('/oauth2/token', 404, json).details).toEqual({ error: 'http_404' });
  });

  it('does not take a fault of another kind for a refused grant', () => {
    const error = new OAuthResponseError('/oauth2/token', 400, { title: 'invalid_grant' });

    expect(error.details.error).not.toBe('invalid_grant');
  });
});

describe('oauthErrorDetails', () => {
  it.each([undefined, null, '', 5, {}, ['access_denied']])('makes nothing of the error %j', (error) => {
    expect(oauthErrorDetails(error, 'a description')).toBeUndefined();
  });

  it.each([undefined, null, '', 5, {}])('leaves out the description %j', (description) => {
    expect(oauthErrorDetails('access_denied', description)).toEqual({ error: 'access_denied' });
  });

  it('keeps line breaks, quotes and other alphabets out of log lines', () => {
    const details = oauthErrorDetails('access_denied', 'first\nfake "log" line \\ \u001b[31mé\u2028');

    expect(details).toEqual({
      error: 'access_denied',
      errorDescription: 'first?fake ?log? line ? ?[31m??',
    });
  });

  it('cuts what is endless', () => {
    const details = oauthErrorDetails('invalid_scope', 'd'.repeat(10_000));

    expect(details).toEqual({ error: 'invalid_scope', errorDescription: 'd'.repeat(500) });
  });

  it.each(['access\r\ndenied', '<img src=x onerror=alert(1)>', 'e'.repeat(101), 'a b', 'é'])(
    'does not repeat the error code %j, which anybody can send',
    (error) => {
      expect(oauthErrorDetails(error, undefined)).toEqual({ error: 'unknown_error' });
    },
  );
});
