import { WristbandException } from '../../errors/wristband.exception.js';
import type { WristbandEvents } from '../../events/wristband-events.js';
import { isJsonObject } from '../../json/json.js';
import type { Spans } from '../../telemetry/spans.js';
import { SessionStoreError, type SessionStoreOperation } from '../stores/session-store.error.js';
import type { SessionRecord, SessionStore, SessionWriteOptions } from '../stores/session-store.interface.js';
import { withinTime } from '../stores/time-limit.js';

/** Stores are near: those that are back are back soon. */
const RETRY_AFTER = 1;
/** Milliseconds that any store may take. The stores of this library give up long before. */
const TIMEOUT = 5000;

/**
 * The store of the application. Whatever goes wrong in it is an outage for the request: it is answered by 503
 * `session_store_unavailable`, and nobody is signed out. Log and events tell when an outage begins, why, and when it is over.
 */
export class WatchedStore implements SessionStore {
  #isDown = false;

  constructor(
    private readonly store: SessionStore,
    private readonly events: Pick<WristbandEvents, 'emit' | 'error' | 'warn'>,
    private readonly spans: Pick<Spans, 'around'>,
  ) {}

  read(keys: readonly string[]) {
    return this.#ask('read', async () => {
      const records: unknown = await this.store.read(keys);
      // It may be anybody's, and a wrong answer must not sign anybody out.
      if (!Array.isArray(records) || records.length !== keys.length || !records.every(isRecordOrNone))
        throw new SessionStoreError('read', 'it did not answer with a list of as many records as keys');
      return records as (SessionRecord | undefined)[];
    });
  }

  write(key: string, value: string, options: SessionWriteOptions) {
    return this.#ask('write', () => this.store.write(key, value, options));
  }

  touch(key: string, ttl: number) {
    return this.#ask('touch', () => this.store.touch(key, ttl));
  }

  delete(keys: readonly string[]) {
    return this.#ask('delete', () => this.store.delete(keys));
  }

  list(tag: string) {
    return this.#ask('list', () => this.store.list(tag));
  }

  lock(key: string, lease: number) {
    return this.#ask('lock', () => this.store.lock(key, lease));
  }

  renewLock(key: string, token: string, lease: number) {
    return this.#ask('renewLock', () => this.store.renewLock(key, token, lease));
  }

  unlock(key: string, token: string) {
    return this.#ask('unlock', () => this.store.unlock(key, token));
  }

  async #ask<T>(operation: SessionStoreOperation, call: () => Promise<T>): Promise<T> {
    try {
      // A store may also throw at once.
      const answer = await this.spans.around(
        `session_store ${operation}`,
        { 'db.operation.name': operation },
        () => withinTime(operation, TIMEOUT, async () => call()),
      );
      if (this.#isDown) this.#tellRecovery();
      this.#isDown = false;
      return answer;
    } catch (cause) {
      if (!this.#isDown) this.#tellOutage(operation, cause);
      this.#isDown = true;
      throw storeUnavailable(cause);
    }
  }

  #tellRecovery(): void {
    this.events.warn('The session store answers again');
    this.events.emit({ type: 'store.recovered' });
  }

  #tellOutage(operation: SessionStoreOperation, cause: unknown): void {
    this.events.error(describe(cause));
    // Only what we say ourselves: what a client throws may quote what it was given.
    const reason = cause instanceof SessionStoreError ? cause.message : 'an unexpected error';
    this.events.emit({ type: 'store.unavailable', operation, reason });
  }
}

/** What is no text cannot be opened; versions are only compared. */
function isRecordOrNone(record: unknown): boolean {
  return (
    record === undefined || record === null || (isJsonObject(record) && typeof record.value === 'string')
  );
}

export function storeUnavailable(cause: unknown): WristbandException {
  const message = 'Sessions cannot be read or written at the moment; try again soon';
  return new WristbandException('session_store_unavailable', message, { cause, retryAfter: RETRY_AFTER });
}

/** The error and what caused it: stores say only that they failed. */
function describe(error: unknown): string {
  // Also what cannot become a text.
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error;
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}
