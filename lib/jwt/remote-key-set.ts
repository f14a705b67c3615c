import { Inject, Injectable } from '@nestjs/common';
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { WristbandClient } from '../wristband-api/wristband-client.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';

/** Wristband's public keys, fetched when needed. */
@Injectable()
export class RemoteKeySet {
  /**
   * Finds the key for a token that Wristband itself just handed over: there an unknown key ID means that the keys were
   * rotated, so they are fetched again at once. Throws `wristband_unavailable` when the keys cannot be had.
   */
  readonly getKey: JWTVerifyGetKey;

  constructor(@Inject(RESOLVED_OPTIONS) { http }: ResolvedOptions, client: WristbandClient) {
    // The URL is only a name here: the client knows where the keys are and how to ask for them.
    const keys = createRemoteJWKSet(new URL('https://wristband.invalid/jwks'), {
      timeoutDuration: http.timeout + 1000,
      [customFetch]: async () => Response.json(await client.keySet()),
    });
    this.getKey = async (header, token) => {
      const wasFetchedLately = keys.coolingDown;
      try {
        return await keys(header, token).catch(async (error: unknown) => {
          if (!(error instanceof errors.JWKSNoMatchingKey && wasFetchedLately)) throw error;
          await keys.reload();
          return keys(header, token);
        });
      } catch (cause) {
        if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JOSENotSupported)
          throw cause;
        if (cause instanceof WristbandException) throw cause;
        const message = "Wristband's keys cannot be read at the moment; try again soon";
        throw new WristbandException('wristband_unavailable', message, { cause, retryAfter: 5 });
      }
    };
  }
}
