import { Injectable } from '@nestjs/common';
import { WristbandException, type WristbandErrorCode } from '../errors/wristband.exception.js';
import { SessionManager } from '../session/session.manager.js';
import { SharedAnswers } from '../wristband-api/shared-answers.js';
import { OAuthResponseError } from '../wristband-api/oauth-response.error.js';
import { WristbandClient } from '../wristband-api/wristband-client.js';

/** Milliseconds for which an answer counts, so that many probes are one call. */
const REMEMBERED = 5000;

/** How something is that the sign-in depends on. */
export interface WristbandHealth {
  readonly status: 'up' | 'down';
  /** Why it is down. */
  readonly reason?: WristbandErrorCode | 'refused' | 'unexpected';
}

/** The answer of a health indicator, in the shape of `@nestjs/terminus`. */
export type WristbandHealthResult<Key extends string = string> = Record<Key, WristbandHealth>;

/**
 * Health checks for Wristband and for the session store, for `@nestjs/terminus` or an endpoint of your own. An answer counts
 * for five seconds, whoever asks.
 *
 * While Wristband is down signed-in users go on: let it be seen in monitoring, but do not restart processes, or take them
 * out of service, because of it.
 *
 * @example
 * ```ts
 * this.health.check([() => this.wristband.checkWristband(), () => this.wristband.checkSessionStore()]);
 * ```
 */
@Injectable()
export class WristbandHealthIndicator {
  readonly #answers = new SharedAnswers<WristbandHealth>({ max: 2, ttl: REMEMBERED });

  constructor(
    private readonly client: WristbandClient,
    private readonly sessions: SessionManager,
  ) {}

  /**
   * Whether Wristband answers: asks for its public keys. Ends within the option `http.timeout`; never throws.
   *
   * @param key name of the answer
   */
  async checkWristband<Key extends string = 'wristband'>(
    key: Key = 'wristband' as Key,
  ): Promise<WristbandHealthResult<Key>> {
    const health = await this.#answers.get('wristband', () => healthOf(this.client.keySet()));
    return named(key, health);
  }

  /**
   * Whether the store of the sessions, or the one that coordinates processes, answers. `up` where there is none. Ends
   * within 5 seconds; never throws.
   *
   * @param key name of the answer
   */
  async checkSessionStore<Key extends string = 'sessionStore'>(
    key: Key = 'sessionStore' as Key,
  ): Promise<WristbandHealthResult<Key>> {
    const health = await this.#answers.get('store', () => healthOf(this.sessions.store?.read(['health'])));
    return named(key, health);
  }
}

async function healthOf(call: Promise<unknown> | undefined): Promise<WristbandHealth> {
  try {
    await call;
    return { status: 'up' };
  } catch (error) {
    if (error instanceof WristbandException) return { status: 'down', reason: error.code };
    return { status: 'down', reason: error instanceof OAuthResponseError ? 'refused' : 'unexpected' };
  }
}

function named<Key extends string>(key: Key, health: WristbandHealth): WristbandHealthResult<Key> {
  return { [key]: health } as WristbandHealthResult<Key>;
}
