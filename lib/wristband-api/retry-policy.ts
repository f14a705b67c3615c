/** Failures that happen before a byte of the request is sent, so the other side cannot have acted on it. */
const UNSENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const FIRST_PAUSE = 100;
/** A `Retry-After` up to this many seconds is waited for; a longer one is passed on to the user's client. */
const LONGEST_WAIT = 1;

/** Whether a failed `fetch` provably never reached the other side. */
export function isUnsent(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const causes = cause instanceof AggregateError ? cause.errors : [cause];
  return (
    causes.length > 0 &&
    causes.every((one) => UNSENT.has(String((one as { code?: unknown } | undefined)?.code)))
  );
}

/** Milliseconds to wait before a try, with jitter; `undefined` when the other side asks for more patience than a request has. */
export function pauseBefore(attempt: number, retryAfter?: number): number | undefined {
  if (retryAfter !== undefined && retryAfter > LONGEST_WAIT) return undefined;
  const backoff = FIRST_PAUSE * 2 ** (attempt - 2);
  return Math.max((retryAfter ?? 0) * 1000, backoff / 2 + Math.random() * backoff);
}

/** Seconds from a `Retry-After` header, which holds seconds or a date (RFC 9110 section 10.2.3). */
export function parseRetryAfter(header: string | null, now = Date.now()): number | undefined {
  const value = header?.trim() ?? '';
  if (!/^\d+$|GMT$/.test(value)) return undefined;
  const seconds = value.endsWith('GMT') ? (Date.parse(value) - now) / 1000 : Number(value);
  return Number.isFinite(seconds) ? Math.min(Math.max(Math.ceil(seconds), 0), 3600) : undefined;
}
