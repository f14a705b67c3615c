import { Inject, Injectable } from '@nestjs/common';
import { WristbandConfigError } from '../errors/wristband-config.error.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import type { SdkConfiguration } from '../wristband-api/answer-shapes.js';
import { OAuthResponseError } from '../wristband-api/oauth-response.error.js';
import { WristbandClient } from '../wristband-api/wristband-client.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import {
  type ApplicationConfig,
  configurationProblems,
  mergeConfiguration,
  toApplicationConfig,
} from './application-config.js';
import type { ResolvedOptions } from './resolved-options.js';

/**
 * Completes the configuration from Wristband on first use. Callers at the same time share one fetch; only a
 * configuration that was found valid is kept, so a bad answer is asked for again by the next request.
 */
@Injectable()
export class AutoConfiguration {
  #config: Promise<ApplicationConfig> | undefined;

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly client: WristbandClient,
    private readonly events: WristbandEvents,
  ) {}

  /**
   * The configuration for a request.
   *
   * @throws {WristbandException} `wristband_unavailable`, or `configuration_rejected` when it cannot be used
   */
  async resolve(): Promise<ApplicationConfig> {
    try {
      return await this.#load();
    } catch (cause) {
      if (!(cause instanceof WristbandConfigError)) throw cause;
      this.events.error(cause.message);
      throw new WristbandException('configuration_rejected', 'Sign-in is not configured correctly', {
        cause,
      });
    }
  }

  /**
   * The configuration at start-up, where mistakes are told in full.
   *
   * @throws {WristbandConfigError} with every mistake
   * @throws {WristbandException} `wristband_unavailable`
   */
  async discover(): Promise<void> {
    if (!this.options.autoConfigureEnabled) {
      const message = 'must not be false when discover() is called: there is nothing to fetch';
      throw new WristbandConfigError([{ option: 'autoConfigureEnabled', message }]);
    }
    await this.#load();
  }

  async #load(): Promise<ApplicationConfig> {
    const config = (this.#config ??= this.#fetchAndMerge());
    try {
      return await config;
    } catch (error) {
      // Only its own: a newer one may have taken its place meanwhile.
      if (this.#config === config) this.#config = undefined;
      throw error;
    }
  }

  async #fetchAndMerge(): Promise<ApplicationConfig> {
    const remote = this.options.autoConfigureEnabled ? await this.#fetch() : {};
    const merged = mergeConfiguration(this.options, remote);
    const problems = configurationProblems(this.options, merged);
    if (problems.length > 0) throw new WristbandConfigError(problems);
    return toApplicationConfig(this.options, merged);
  }

  async #fetch(): Promise<SdkConfiguration> {
    try {
      return await this.client.sdkConfiguration();
    } catch (error) {
      if (!(error instanceof OAuthResponseError)) throw error;
      const message = `is not known to Wristband (auto-configuration answered ${error.status}); check it and the vanity domain`;
      throw new WristbandConfigError([{ option: 'clientId', message }]);
    }
  }
}
