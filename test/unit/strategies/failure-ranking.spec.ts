import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ERROR_STATUS,
  type WristbandErrorCode,
  WristbandException,
} from '../../../lib/errors/wristband.exception.js';
import { bearerChallenge } from '../../../lib/strategies/bearer-challenge.js';
import { mostTelling } from '../../../lib/strategies/failure-ranking.js';

const CODES = Object.keys(ERROR_STATUS) as WristbandErrorCode[];
const failure = (code: WristbandErrorCode) => new WristbandException(code, `It is ${code}`);

describe('of several failures', () => {
  it.each<[WristbandErrorCode, WristbandErrorCode]>([
    ['csrf_failed', 'wristband_unavailable'],
    ['csrf_failed', 'not_authenticated'],
    ['wristband_unavailable', 'token_refresh_failed'],
    ['wristband_unavailable', 'invalid_token'],
    ['token_refresh_failed', 'invalid_token'],
    ['token_refresh_failed', 'not_authenticated'],
    ['invalid_token', 'not_authenticated'],
    ['session_not_configured', 'csrf_failed'],
  ])('%s says more than %s, in either order', (more, less) => {
    const [a, b] = [failure(more), failure(less)];

    expect(mostTelling([a, b])).toBe(a);
    expect(mostTelling([b, a])).toBe(a);
  });

  it('one that nobody expected comes first', () => {
    const bug = new TypeError('a mistake');

    for (const code of ['csrf_failed', 'wristband_unavailable', 'not_authenticated'] as const) {
      expect(mostTelling([bug, failure(code)])).toBe(bug);
      expect(mostTelling([failure(code), bug])).toBe(bug);
    }
  });

  it('one is always among them', () => {
    const failures = fc.array(fc.constantFrom(...CODES).map(failure), { minLength: 1, maxLength: 4 });

    fc.assert(fc.property(failures, (given) => given.includes(mostTelling(given) as WristbandException)));
  });
});

describe('the bearer challenge', () => {
  it('is there for every 401 of a guard, and for a missing role', () => {
    const challenges = CODES.flatMap((code) => {
      const challenge = bearerChallenge(failure(code));
      return challenge === undefined ? [] : [[code, challenge]];
    });

    expect(Object.fromEntries(challenges)).toEqual({
      not_authenticated: 'Bearer',
      token_refresh_failed: 'Bearer',
      invalid_token: 'Bearer error="invalid_token", error_description="It is invalid_token"',
      insufficient_role: 'Bearer error="insufficient_scope"',
    });
  });
});
