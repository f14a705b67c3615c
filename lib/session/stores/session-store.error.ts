import type { SessionStore } from './session-store.interface.js';

/** What a store was asked to do. */
export type SessionStoreOperation = keyof SessionStore;

/**
 * Thrown by a session store that is in trouble: it cannot be reached, did not answer in time, or refused. The message
 * holds no key and no value; what the store's client threw is `cause`.
 */
export class SessionStoreError extends Error {
  override readonly name = 'SessionStoreError';

  constructor(
    readonly operation: SessionStoreOperation,
    trouble: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(`The session store could not do ${operation}(): ${trouble}`, options);
  }
}
