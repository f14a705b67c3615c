import { WristbandException } from '../errors/wristband.exception.js';
import type { HttpResponse } from '../interfaces/http.interface.js';
import { rawResponse, setHeader } from './http-response.js';

/** Runs `work`; when it fails with an error that knows when to try again, the response says so in `Retry-After`. */
export async function withRetryAfter<T>(response: HttpResponse, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    tellRetryAfter(response, error);
    throw error;
  }
}

/** Has the response say when to try again, if an error knows that. */
export function tellRetryAfter(response: HttpResponse, error: unknown): void {
  const isKnown = error instanceof WristbandException && error.retryAfter !== undefined;
  // Events that a stream sends may fail long after the headers.
  if (isKnown && !rawResponse(response).headersSent)
    setHeader(response, 'Retry-After', String(error.retryAfter));
}
