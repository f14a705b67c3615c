import { WristbandException } from '../errors/wristband.exception.js';
import type { HttpResponse } from '../interfaces/http.interface.js';
import { setHeader } from './http-response.js';

/** Runs `work`; when it fails with an error that knows when to try again, the response says so in `Retry-After`. */
export async function withRetryAfter<T>(response: HttpResponse, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WristbandException && error.retryAfter !== undefined) {
      setHeader(response, 'Retry-After', String(error.retryAfter));
    }
    throw error;
  }
}
