import type { Abstract, Type } from '@nestjs/common';

/** Token of the validated options with all defaults, frozen. */
export const RESOLVED_OPTIONS = Symbol.for('wristband:resolved-options');

/** Under which `ConfigurableModuleBuilder` provides the options; each application has its own token for them. */
export const OPTIONS = Symbol.for('wristband:options');

/** Under which token other modules find what the Wristband application of a name provides. */
export function tokenOf(type: Type | Abstract<unknown>, name = ''): string {
  return `wristband:${name}:${type.name}`;
}
