import { describe, expect, it } from 'vitest';
import { isUnsent, parseRetryAfter, pauseBefore } from '../../../lib/wristband-api/retry-policy.js';

const NOW = Date.parse('2026-05-04T12:00:00Z');

/** What the global `fetch` throws: the reason is the cause of a TypeError. */
function fetchError(cause: unknown): TypeError {
  return new TypeError('fetch failed', { cause });
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe('isUnsent', () => {
  it.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'UND_ERR_CONNECT_TIMEOUT',
  ])('knows that nothing was sent after %s', (code) => {
    expect(isUnsent(fetchError(systemError(code)))).toBe(true);
  });

  it.each([
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'UND_ERR_SOCKET',
    'UND_ERR_HEADERS_TIMEOUT',
    'UND_ERR_BODY_TIMEOUT',
  ])('cannot know what happened after %s', (code) => {
    expect(isUnsent(fetchError(systemError(code)))).toBe(false);
  });

  it('knows that nothing was sent when every address of a host refused', () => {
    const cause = new AggregateError([systemError('ECONNREFUSED'), systemError('ENETUNREACH')]);

    expect(isUnsent(fetchError(cause))).toBe(true);
  });

  it('cannot know it when only some addresses of a host refused', () => {
    const cause = new AggregateError([systemError('ECONNREFUSED'), systemError('ECONNRESET')]);

    expect(isUnsent(fetchError(cause))).toBe(false);
  });

  it.each([
    ['an error without a cause', new Error('odd')],
    ['a time-out', new DOMException('The operation was aborted due to timeout', 'TimeoutError')],
    ['a cause without a code', fetchError(new Error('other side closed'))],
    ['a cause that is no error', fetchError('ECONNREFUSED')],
    ['several causes of which none is told', fetchError(new AggregateError([]))],
    ['a text', 'ECONNREFUSED'],
    ['nothing', undefined],
  ])('assumes the worst after %s', (_title, error) => {
    expect(isUnsent(error)).toBe(false);
  });
});

describe('pauseBefore', () => {
  it.each([
    { attempt: 2, least: 50, most: 150 },
    { attempt: 3, least: 100, most: 300 },
  ])('waits $least to $most ms before try $attempt', ({ attempt, least, most }) => {
    const pauses = Array.from({ length: 500 }, () => pauseBefore(attempt) ?? NaN);

    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(most);
  });

  it('spreads the tries of many processes', () => {
    const pauses = new Set(Array.from({ length: 100 }, () => pauseBefore(2)));

    expect(pauses.size).toBeGreaterThan(90);
  });

  it('waits as long as a short Retry-After says', () => {
    expect(pauseBefore(2, 1)).toBe(1000);
  });

  it('keeps its own pause when Retry-After says at once', () => {
    expect(pauseBefore(2, 0)).toBeGreaterThanOrEqual(50);
  });

  it.each([2, 30, 3600])('does not wait for a Retry-After of %i s', (retryAfter) => {
    expect(pauseBefore(2, retryAfter)).toBeUndefined();
  });
});

describe('parseRetryAfter', () => {
  it.each([
    { header: '0', seconds: 0 },
    { header: '1', seconds: 1 },
    { header: ' 30 ', seconds: 30 },
    { header: '3600', seconds: 3600 },
    { header: 'Mon, 04 May 2026 12:00:30 GMT', seconds: 30 },
    { header: 'Mon, 04 May 2026 12:00:00 GMT', seconds: 0 },
  ])('reads "$header" as $seconds s', ({ header, seconds }) => {
    expect(parseRetryAfter(header, NOW)).toBe(seconds);
  });

  it('rounds a part of a second up, so that nobody comes back too early', () => {
    expect(parseRetryAfter('Mon, 04 May 2026 12:00:30 GMT', NOW + 400)).toBe(30);
  });

  it('reads a date in the past as at once', () => {
    expect(parseRetryAfter('Mon, 04 May 2026 11:00:00 GMT', NOW)).toBe(0);
  });

  it.each(['86400', '99999999999999999999', 'Tue, 04 May 2027 12:00:00 GMT'])(
    'takes no longer than an hour from "%s"',
    (header) => {
      expect(parseRetryAfter(header, NOW)).toBe(3600);
    },
  );

  it.each([null, '', ' ', 'soon', '-5', '1.5', '1e3', '0x10', '5s', '5, 10', '\u0661'])(
    'makes nothing of %j',
    (header) => {
      expect(parseRetryAfter(header, NOW)).toBeUndefined();
    },
  );
});
