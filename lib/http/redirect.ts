import type { HttpRedirectResponse } from '../interfaces/http.interface.js';

/** A redirect whose URL is safe in a `Location` header: everything outside printable ASCII is percent-encoded. */
export function redirectTo(url: string): HttpRedirectResponse {
  const location = url.replace(/[^\u0021-\u007e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
  return { url: location, statusCode: 302 };
}

/** A URL with query parameters added, correctly encoded; absent values add nothing. */
export function withQuery(url: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const result = new URL(url);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) result.searchParams.set(name, value);
  }
  return result.href;
}
