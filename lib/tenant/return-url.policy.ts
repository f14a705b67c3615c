import { Inject, Injectable } from '@nestjs/common';
import type { ApplicationConfig } from '../config/application-config.js';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { isAllowedReturnUrl } from './return-url.js';
import type { Tenant } from './tenant-host.js';

/** Where a return URL can come from. */
export interface ReturnUrlSources {
  /** Asked for by the application or by `return_url`. */
  readonly requested: string | undefined;
  /** `state` on the Login Endpoint: our own return URL after tenant discovery, or what a logout left there. */
  readonly echoed?: string | undefined;
}

/** Applies the return URL rule to this application; used when a sign-in begins and again when it ends. */
@Injectable()
export class ReturnUrlPolicy {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly events: WristbandEvents,
  ) {}

  choose(
    { requested, echoed }: ReturnUrlSources,
    config: ApplicationConfig,
    tenant: Tenant,
  ): string | undefined {
    if (requested !== undefined && requested !== '') {
      if (this.#isAllowed(requested, config, tenant)) return requested;
      this.events.emit({ type: 'return_url.rejected', reason: 'not_allowed' });
      return undefined;
    }
    // A state such as `user_initiated_logout` reads as a relative path too: only a clear one is ours.
    const isUrl = echoed !== undefined && /^(\/|https?:\/\/)/i.test(echoed);
    return isUrl && this.#isAllowed(echoed, config, tenant) ? echoed : undefined;
  }

  #isAllowed(url: string, { loginUrl, redirectUri }: ApplicationConfig, tenant: Tenant): boolean {
    return isAllowedReturnUrl(url, {
      applicationUrls: [loginUrl, redirectUri],
      trustedOrigins: this.options.trustedOrigins,
      tenantName: tenant.name,
    });
  }
}
