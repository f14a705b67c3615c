import { WristbandException } from '../../errors/wristband.exception.js';

/** Stores are near: those that are back are back soon. */
const RETRY_AFTER = 1;

/**
 * Asks the store. Whatever goes wrong is an outage for the request: it is answered by 503, and nobody is signed out.
 *
 * @throws {WristbandException} `session_store_unavailable`
 */
export async function whenStoreAnswers<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const message = 'Sessions cannot be read or written at the moment; try again soon';
    throw new WristbandException('session_store_unavailable', message, { cause, retryAfter: RETRY_AFTER });
  }
}
