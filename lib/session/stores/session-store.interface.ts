/** What a store keeps under a key. */
export interface SessionRecord {
  /** The text that was written, unchanged. */
  readonly value: string;
  /** Another number after every write, also when a key was deleted and written anew. Good for comparing, not for counting. */
  readonly version: number;
}

/** How a record is written. */
export interface SessionWriteOptions {
  /** The version that the record must still have; `undefined` when there must be none. */
  readonly expected: number | undefined;
  /** Seconds until the record expires; above 0, and stores may round up to whole ones. */
  readonly ttl: number;
  /**
   * All tags that the record carries from now on, for {@link SessionStore.list}.
   * @default []
   */
  readonly tags?: readonly string[];
  /**
   * Whether the record belongs to a user, and not to a visitor. A store with room for a limited number of records removes
   * none of a user to make room for one of a visitor.
   * @default false
   */
  readonly isOfUser?: boolean;
}

/**
 * Keeps sessions on the server. Keys, values and tags are opaque: the library hashes and seals before it calls, so a
 * store never sees a session id, a token or a user's name.
 *
 * Everything rejects with `SessionStoreError` when the store is in trouble; it is then unknown whether a change was made.
 * `sessionStoreConformance` of `nestjs-wristband/testing` checks a store of your own against all that is said here.
 */
export interface SessionStore {
  /** The records of keys, in their order; `undefined` where there is none any more. At best one round trip. */
  read(keys: readonly string[]): Promise<(SessionRecord | undefined)[]>;
  /**
   * Writes a record if nobody else did since it was read.
   *
   * @returns the new version, or `undefined` when the record is not as expected
   * @throws {RangeError} when `ttl` is not above 0
   */
  write(key: string, value: string, options: SessionWriteOptions): Promise<number | undefined>;
  /**
   * Sets the time until a record expires, without a new version.
   *
   * @param ttl seconds, above 0
   * @returns false when there is no such record
   * @throws {RangeError} when `ttl` is not above 0
   */
  touch(key: string, ttl: number): Promise<boolean>;
  /**
   * Removes records, whatever their version.
   *
   * @returns how many there were
   */
  delete(keys: readonly string[]): Promise<number>;
  /** Keys of the records that carry a tag and have not expired, in any order. */
  list(tag: string): Promise<string[]>;
  /**
   * Takes the lease of a key, which need not have a record.
   *
   * @param lease milliseconds after which it ends by itself, above 0
   * @returns a token that proves it, or `undefined` while somebody else holds it
   * @throws {RangeError} when `lease` is not above 0
   */
  lock(key: string, lease: number): Promise<string | undefined>;
  /**
   * Lets a lease end later.
   *
   * @param lease milliseconds from now, above 0
   * @returns false when it has ended, whether or not somebody else holds it now
   * @throws {RangeError} when `lease` is not above 0
   */
  renewLock(key: string, token: string, lease: number): Promise<boolean>;
  /** Gives a lease back; one that has ended is left to its new holder. */
  unlock(key: string, token: string): Promise<void>;
}
