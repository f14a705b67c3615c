import { Sealer } from '../../crypto/sealer.js';

/** The ID of a session, as a cookie brought it. */
export interface ReceivedId {
  readonly id: string;
  /** Seconds since the epoch at which the cookie was written. */
  readonly issuedAt: number;
}

/** Seals the IDs of sessions that are kept in a store into cookie values, and opens them. */
export class SealedSessionIds {
  readonly #sealer: Sealer;

  constructor(secrets: readonly string[]) {
    this.#sealer = new Sealer('session-id', secrets);
  }

  seal(id: string): string {
    return this.#sealer.seal(JSON.stringify(id));
  }

  /** Those of the values that are genuine: a store is not asked about any other. */
  open(values: readonly string[]): ReceivedId[] {
    return values.flatMap((value) => {
      const unsealed = this.#sealer.open(value);
      return typeof unsealed?.data === 'string' ? [{ id: unsealed.data, issuedAt: unsealed.issuedAt }] : [];
    });
  }
}
