/** More than any header that Node accepts by default. */
export const MAX_TOKEN_LENGTH = 16 * 1024;

/** What `Authorization` holds: no bearer token, something that only looks like one, or one that is worth a check. */
export type BearerTokenResult =
  | { readonly type: 'absent' }
  | { readonly type: 'malformed' }
  | { readonly type: 'token'; readonly token: string };

const ABSENT: BearerTokenResult = { type: 'absent' };
const MALFORMED: BearerTokenResult = { type: 'malformed' };

/** The scheme in any case, as a whole word (RFC 9110 section 11.1). */
const BEARER_SCHEME = /^bearer(?![\w!#$%&'*+.^`|~-])/i;
/** Exactly one token (RFC 6750 section 2.1). */
const CREDENTIALS = /^bearer +([\w\-.~+/]+=*)$/i;

/**
 * Reads the bearer token of a request.
 *
 * @param headers every `Authorization` header of the request: which of several counts is not for us to guess
 */
export function bearerToken(headers: readonly string[]): BearerTokenResult {
  const [header = '', ...others] = headers;
  if (others.length > 0) return MALFORMED;
  if (!BEARER_SCHEME.test(header)) return ABSENT;
  if (header.length > MAX_TOKEN_LENGTH) return MALFORMED;
  const token = CREDENTIALS.exec(header)?.[1];
  return token === undefined ? MALFORMED : { type: 'token', token };
}
