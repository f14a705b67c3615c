import type { SessionStore } from '../../session/stores/session-store.interface.js';

/** What is tested, and how. */
export interface SessionStoreConformanceOptions {
  /** The store, new or shared by all tests: each uses keys and tags of its own. */
  readonly create: () => SessionStore | Promise<SessionStore>;
  /**
   * Lets milliseconds pass; for a store with a clock of its own, on that clock.
   * @default waits
   */
  readonly wait?: (milliseconds: number) => Promise<void>;
  /**
   * false for a store that cannot list, as some of express-session's: tests of tags are left out.
   * @default true
   */
  readonly lists?: boolean;
}

/** A test for any test runner. */
export interface SessionStoreConformanceTest {
  readonly name: string;
  /** Rejects with an `AssertionError` when the store is not as it should be. */
  readonly run: () => Promise<void>;
}

/** What a test works with. */
export interface ConformanceContext {
  readonly store: SessionStore;
  readonly wait: (milliseconds: number) => Promise<void>;
  /** A name that no other test uses. */
  readonly unique: (name: string) => string;
}

/** Tests of one topic by their names. */
export type ConformanceTests = Readonly<Record<string, (context: ConformanceContext) => Promise<void>>>;
