import { LRUCache } from 'lru-cache';

/** How many sessions are kept, each about 100 bytes. */
const REMEMBERED = 10_000;

/**
 * Which sessions were changed lately, in order: a response that only prolongs a session must not undo what another
 * response has written since the first one's request came.
 */
export class RecentChanges {
  readonly #last = new LRUCache<string, number>({ max: REMEMBERED });
  #count = 0;

  /** How many changes there were so far. */
  get count(): number {
    return this.#count;
  }

  add(id: string): void {
    this.#count += 1;
    this.#last.set(id, this.#count);
  }

  /** @param count of {@link count}, at the time that is meant */
  isChangedSince(id: string, count: number): boolean {
    return (this.#last.get(id) ?? 0) > count;
  }
}
