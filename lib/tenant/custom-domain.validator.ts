import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { wristbandUnavailable } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { OAuthResponseError } from '../wristband-api/oauth-response.error.js';
import { SharedAnswers } from '../wristband-api/shared-answers.js';
import { WristbandClient } from '../wristband-api/wristband-client.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';

/** Tells whether a tenant custom domain that came with a request may be used, by the option `tenantCustomDomains`. */
@Injectable()
export class CustomDomainValidator {
  /** Wristband's verdicts, kept for five minutes. */
  readonly #verdicts = new SharedAnswers<boolean>({ max: 1000, ttl: 5 * 60_000 });

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly client: WristbandClient,
    private readonly events: WristbandEvents,
  ) {}

  /** @throws {WristbandException} `wristband_unavailable` when the check cannot be made */
  async isTrusted(domain: string): Promise<boolean> {
    const isTrusted = await this.#decide(domain);
    if (!isTrusted) this.events.emit({ type: 'tenant_custom_domain.rejected', domain });
    return isTrusted;
  }

  async #decide(domain: string): Promise<boolean> {
    const { tenantCustomDomains: policy } = this.options;
    if (policy === 'any') return true;
    if (policy === 'validate') return this.#askWristband(domain);
    if (typeof policy !== 'function') return policy.some((allowed) => allowed.toLowerCase() === domain);
    try {
      return (await policy(domain)) === true;
    } catch (cause) {
      throw wristbandUnavailable('The tenant custom domain cannot be checked at the moment', { cause });
    }
  }

  async #askWristband(domain: string): Promise<boolean> {
    try {
      return await this.#verdicts.get(domain, () => this.client.isCustomDomainValid(domain));
    } catch (error) {
      if (error instanceof OAuthResponseError) return false;
      throw error;
    }
  }
}
