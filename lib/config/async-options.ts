import { type ConfigProblem, WristbandConfigError } from '../errors/wristband-config.error.js';
import type { WristbandAsyncOptions } from '../interfaces/wristband-options.interface.js';
import { unknownOptionMessage } from './option-names.js';
import { OPTION_NAMES } from './options-validator.js';

const SOURCES = ['useFactory', 'useClass', 'useExisting'] as const;
const NAMES: Readonly<Record<keyof WristbandAsyncOptions, true>> = {
  name: true,
  isGlobal: true,
  globalGuard: true,
  routes: true,
  imports: true,
  inject: true,
  useFactory: true,
  useClass: true,
  useExisting: true,
  extraProviders: true,
};

/**
 * Checks what `forRootAsync()` is given: what it does not know would silently do nothing, a guard included.
 *
 * @throws {WristbandConfigError} with every problem that was found
 */
export function checkAsyncOptions(given: WristbandAsyncOptions): void {
  const problems: ConfigProblem[] = Object.keys(given)
    .filter((name) => !Object.hasOwn(NAMES, name))
    .map((option) => ({
      option,
      message: OPTION_NAMES['']?.includes(option)
        ? 'belongs into what useFactory returns'
        : unknownOptionMessage(option, '', { '': Object.keys(NAMES) }),
    }));
  if (SOURCES.filter((source) => given[source] !== undefined).length !== 1) {
    problems.push({ option: 'useFactory', message: 'give one of useFactory, useClass and useExisting' });
  }
  if (problems.length > 0) throw new WristbandConfigError(problems);
}
