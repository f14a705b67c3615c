import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedJwtOptions, ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException, wristbandUnavailable } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { WristbandClient } from '../wristband-api/wristband-client.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { parsePublicKeys, type PublicKeys } from './public-keys.js';

/** After this part of `jwksCacheTtl` the keys are fetched in the background, so that no request has to wait. */
const REFRESH_AT = 0.75;
/** Milliseconds beyond `jwksCacheTtl` for which old keys are used while Wristband cannot be reached. */
const MAX_OVERDUE = 60 * 60_000;
/**
 * Milliseconds between two fetches for bearer tokens with unknown key IDs. Anybody can make those up; and who does so all the
 * time delays the tokens of a new key by as much.
 */
const LOOK_PAUSE = 10_000;
/** Milliseconds after a failed fetch in which bearer tokens cause no further one. */
const RETRY_PAUSE = 5000;
/** Milliseconds after a failed fetch in which requests with overdue keys do not wait for the next one. */
const FAILURE_MEMORY = 60_000;

/**
 * Wristband's public keys. Fetched on first use, once for all who ask at the same time, and again within
 * `jwksCacheTtl`. Every method throws `wristband_unavailable` when there are no keys that may be used.
 */
@Injectable()
export class RemoteKeySet {
  readonly #limits: ResolvedJwtOptions;
  #keys?: { readonly keys: PublicKeys; readonly fetchedAt: number };
  #fetching?: Promise<PublicKeys> | undefined;
  #failure?: { readonly cause: unknown; readonly at: number } | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    @Inject(RESOLVED_OPTIONS) { jwt }: ResolvedOptions,
    private readonly client: WristbandClient,
    private readonly events: WristbandEvents,
  ) {
    this.#limits = jwt;
  }

  /** The keys of today; the same object as long as they do not change. Waits only when they are overdue. */
  current(): Promise<PublicKeys> {
    return this.#current(false);
  }

  /**
   * The keys for a token that Wristband itself just handed over: there an unknown key ID means that the keys were
   * rotated, so they are fetched again at once.
   */
  forIdToken(kid: string | undefined): Promise<PublicKeys> {
    return this.#having(kid, true);
  }

  /** The keys for a token that anybody may have written: unknown key IDs cause a fetch only now and then. */
  forBearerToken(kid: string | undefined): Promise<PublicKeys> {
    return this.#having(kid, false);
  }

  async #having(kid: string | undefined, isTrusted: boolean): Promise<PublicKeys> {
    const before = this.#keys;
    const keys = await this.#current(isTrusted);
    const isNew = before !== this.#keys;
    // Among keys without IDs a new one is not noticed: they are fetched for each sign-in, and used all the same.
    if (keys.hasUnnamed && isTrusted && !isNew) return this.#fetch(true).catch(() => keys);
    if (kid === undefined || keys.kids.has(kid) || isNew || keys.hasUnnamed) return keys;
    return isTrusted || this.#mayLookAgain() ? this.#fetch(isTrusted) : keys;
  }

  /** The first unknown key ID finds the new key of a rotation at once; then they have to wait. */
  #mayLookAgain(): boolean {
    // Nobody is told that a key is unknown while the answer is on its way, or cannot be had.
    if (this.#fetching || this.#failure) return true;
    if (isWithin(LOOK_PAUSE, this.#lookedAt)) return false;
    this.#lookedAt = Date.now();
    return true;
  }

  async #current(isTrusted: boolean): Promise<PublicKeys> {
    const known = this.#keys;
    const ttl = this.#limits.jwksCacheTtl;
    if (!known || !isWithin(ttl + MAX_OVERDUE, known.fetchedAt)) return this.#fetch(isTrusted);
    if (isWithin(ttl * REFRESH_AT, known.fetchedAt)) return known.keys;
    const fetched = this.#fetch(false).catch(() => known.keys);
    const isWaitPointless = this.#failure && isWithin(FAILURE_MEMORY, this.#failure.at);
    return isWaitPointless || isWithin(ttl, known.fetchedAt) ? known.keys : fetched;
  }

  async #fetch(isTrusted: boolean): Promise<PublicKeys> {
    if (this.#failure && !isTrusted && isWithin(RETRY_PAUSE, this.#failure.at)) {
      throw unavailable(this.#failure.cause);
    }
    this.#fetching ??= this.#ask().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #ask(): Promise<PublicKeys> {
    try {
      const fetched = parsePublicKeys(await this.client.keySet(), this.#limits.jwksCacheMaxSize);
      // Taken at its word, an empty set would turn every token into a forgery.
      if (fetched.size === 0) throw new Error("Wristband's key set holds no key that can be used");
      this.#failure = undefined;
      return this.#keep(fetched);
    } catch (cause) {
      this.#failure = { cause, at: Date.now() };
      this.events.emit({ type: 'jwks.unavailable', hasKeys: this.#keys !== undefined });
      throw unavailable(cause);
    }
  }

  #keep(fetched: PublicKeys): PublicKeys {
    const known = this.#keys?.keys;
    const keys = known?.fingerprint === fetched.fingerprint ? known : fetched;
    if (keys !== known && keys.leftOut > 0) {
      const { size } = keys;
      this.events.warn(
        `Wristband's key set has ${size + keys.leftOut} keys, of which jwt.jwksCacheMaxSize keeps the first ${size}`,
      );
    }
    this.#keys = { keys, fetchedAt: Date.now() };
    this.events.emit({ type: 'jwks.fetched', keys: keys.size, isChanged: keys !== known });
    return keys;
  }
}

/** Whether a time is at most so many milliseconds ago. A clock that was set back makes everything long ago. */
function isWithin(milliseconds: number, since: number): boolean {
  const age = Date.now() - since;
  return age >= 0 && age < milliseconds;
}

function unavailable(cause: unknown): WristbandException {
  if (cause instanceof WristbandException) return cause;
  return wristbandUnavailable("Wristband's keys cannot be read at the moment", { cause });
}
