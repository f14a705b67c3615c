import { setTimeout as delay } from 'node:timers/promises';
import type { SessionStore, SessionStoreOperation, SessionWriteOptions } from '../../lib/index.js';

/** A store as seen over a network: every call takes its time, may fail, and is remembered. */
export class ObservedStore implements SessionStore {
  readonly calls: { readonly operation: SessionStoreOperation; readonly values: readonly unknown[] }[] = [];
  /** Operations that fail; what they do to the store is done nevertheless, or not. */
  readonly failing = new Set<SessionStoreOperation>();

  constructor(
    private readonly store: SessionStore,
    public latency = 0,
  ) {}

  operations(): SessionStoreOperation[] {
    return this.calls.map(({ operation }) => operation);
  }

  read(keys: readonly string[]) {
    return this.#call('read', [keys], () => this.store.read(keys));
  }

  write(key: string, value: string, options: SessionWriteOptions) {
    return this.#call('write', [key, value, options], () => this.store.write(key, value, options));
  }

  touch(key: string, ttl: number) {
    return this.#call('touch', [key, ttl], () => this.store.touch(key, ttl));
  }

  delete(keys: readonly string[]) {
    return this.#call('delete', [keys], () => this.store.delete(keys));
  }

  list(tag: string) {
    return this.#call('list', [tag], () => this.store.list(tag));
  }

  lock(key: string, lease: number) {
    return this.#call('lock', [key, lease], () => this.store.lock(key, lease));
  }

  renewLock(key: string, token: string, lease: number) {
    return this.#call('renewLock', [key, token, lease], () => this.store.renewLock(key, token, lease));
  }

  unlock(key: string, token: string) {
    return this.#call('unlock', [key, token], () => this.store.unlock(key, token));
  }

  async #call<T>(operation: SessionStoreOperation, values: unknown[], work: () => Promise<T>): Promise<T> {
    this.calls.push({ operation, values });
    // Half of the way there, half of it back.
    if (this.latency > 0) await delay(this.latency / 2);
    if (this.failing.has(operation)) throw new Error('The connection broke');
    const result = await work();
    if (this.latency > 0) await delay(this.latency / 2);
    return result;
  }
}
