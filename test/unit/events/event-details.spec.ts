import { describe, expect, it } from 'vitest';
import { WristbandException } from '../../../lib/errors/wristband.exception.js';
import { failureOf, oauthErrorCode, problemOf, subjectOf } from '../../../lib/events/event-details.js';

const ours = new WristbandException('authorization_failed', 'Wristband refused the sign-in', {
  oauthError: { error: 'access_denied', errorDescription: 'of the user' },
});

describe('what an event tells of an error', () => {
  it('is the code of ours, and that of Wristband', () => {
    expect(failureOf(ours)).toEqual({ reason: 'authorization_failed', oauthError: 'access_denied' });
    expect(problemOf(ours)).toBe('Wristband refused the sign-in');
  });

  it.each([new Error('Basic c2VjcmV0'), 'a text', undefined])(
    'is nothing of %s, which may quote a secret',
    (error) => {
      expect(failureOf(error)).toEqual({ reason: 'unexpected' });
      expect(problemOf(error)).toBe('an unexpected error');
    },
  );

  it.each([
    ['invalid_grant', 'invalid_grant'],
    ['http_502', 'http_502'],
    ['eyJhbGciOiJub25lIn0', 'unknown_error'],
    ['a b', 'unknown_error'],
    ['x'.repeat(51), 'unknown_error'],
    ['', 'unknown_error'],
  ])('has %j as %s', (error, told) => {
    expect(oauthErrorCode(error)).toBe(told);
  });
});

it('an event is about a user and a tenant whose IDs are texts', () => {
  expect(subjectOf({ userId: 'u', tenantId: 't', email: 'e' })).toEqual({ userId: 'u', tenantId: 't' });
  expect(subjectOf({ userId: 5, tenantId: { id: 't' } })).toEqual({});
});
