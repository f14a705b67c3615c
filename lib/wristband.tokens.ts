import type { Abstract, Type } from '@nestjs/common';
import { WristbandAuthService } from './auth/wristband-auth.service.js';
import { tokenOf } from './wristband.constants.js';

/**
 * Token of what a Wristband application provides.
 *
 * @param name of the application; none for the one without a name
 * @param type for example `WristbandSessions`. Default `WristbandAuthService`
 */
export function getWristbandToken(
  name?: string,
  type: Type | Abstract<unknown> = WristbandAuthService,
): string {
  return tokenOf(type, name);
}

/**
 * Token of the options of a Wristband application as they were given, for tests that take others.
 *
 * @param name of the application; none for the one without a name
 * @example
 * ```ts
 * Test.createTestingModule({ imports: [AppModule] })
 *   .overrideProvider(getWristbandOptionsToken())
 *   .useValue(options);
 * ```
 */
export function getWristbandOptionsToken(name = ''): string {
  return `wristband:${name}:options`;
}
