import { isJsonObject, type JsonObject } from '../../json/json.js';
import type { TimeLimit } from './time-limit.js';

/** What is used of a session store of express-session. */
export interface ExpressSessionStore {
  get(id: string, callback: (error?: unknown, session?: object | null) => void): unknown;
  set(id: string, session: object, callback: (error?: unknown) => void): unknown;
  destroy(id: string, callback: (error?: unknown) => void): unknown;
  touch?(id: string, session: object, callback: (error?: unknown) => void): unknown;
  all?(callback: (error?: unknown, sessions?: object | null) => void): unknown;
}

type Callback<T> = (error?: unknown, result?: T) => void;

/**
 * Calls a function that answers by a callback. Its first answer counts; throwing is one, and so is rejecting a promise.
 *
 * @param limit ends the waiting for a callback that does not come
 */
export function callbackAnswer<T>(
  limit: TimeLimit,
  call: (callback: Callback<T>) => unknown,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    limit.assertNotOver();
    const { signal } = limit;
    const giveUp = () => reject(signal.reason);
    const answer: Callback<T> = (error, result) => {
      signal.removeEventListener('abort', giveUp);
      // express-session takes every truthy first argument for an error.
      if (error) reject(error);
      else resolve(result);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    // Stores that are written with promises may reject one instead of calling back.
    Promise.resolve(call(answer)).catch(answer);
  });
}

/** Whether an error says that there is no such session; stores that keep files do it like that. */
export function isMissing(error: unknown): boolean {
  return isJsonObject(error) && error.code === 'ENOENT';
}

/** The time to live, in the form in which express-session tells it its stores. */
export function cookieOf(milliseconds: number): JsonObject {
  const expires = new Date(Date.now() + milliseconds);
  return { originalMaxAge: milliseconds, maxAge: milliseconds, expires, httpOnly: true, path: '/' };
}
