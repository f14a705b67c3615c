import { LRUCache } from 'lru-cache';

/** How many sessions are kept, each about 100 bytes. */
const MAX_ENTRIES = 10_000;

/**
 * A logical clock of the writes to each session: a response that only renews a session must not undo what another response
 * has written since the request of the first one came.
 *
 * When the list is full, a session that is not on it counts as written since the oldest write that was forgotten: a renewal
 * is left out, which the next request makes up for.
 */
export class RecentChanges {
  readonly #last: LRUCache<string, number>;
  #count = 0;
  #forgottenUpTo = 0;

  constructor(max = MAX_ENTRIES) {
    this.#last = new LRUCache({
      max,
      dispose: (count, _id, reason) => {
        if (reason === 'evict') this.#forgottenUpTo = count;
      },
    });
  }

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
    return (this.#last.peek(id) ?? this.#forgottenUpTo) > count;
  }
}
