import type { ModulesContainer } from '@nestjs/core';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';

/** The options of every Wristband application that a Nest application imports. */
export function applicationsIn(modules: ModulesContainer): ResolvedOptions[] {
  return [...modules.values()].flatMap(({ providers }) => {
    const options = providers.get(RESOLVED_OPTIONS)?.instance as ResolvedOptions | undefined;
    return options ?? [];
  });
}
