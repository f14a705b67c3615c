import { type Abstract, Inject, type Type } from '@nestjs/common';
import { getWristbandOptionsToken, getWristbandToken } from '../wristband.tokens.js';

/**
 * Injects what the Wristband application of a name provides.
 *
 * @param name of the application; none for the one without a name
 * @param type for example `WristbandSessions`. Default `WristbandAuthService`
 * @example
 * ```ts
 * constructor(@InjectWristband('staff') private readonly wristband: WristbandAuthService) {}
 * ```
 */
export function InjectWristband(
  name?: string,
  type?: Type | Abstract<unknown>,
): PropertyDecorator & ParameterDecorator {
  return Inject(getWristbandToken(name, type));
}

/**
 * Injects the `WristbandOptions` of a Wristband application, as they were given.
 *
 * @param name of the application; none for the one without a name
 */
export function InjectWristbandOptions(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getWristbandOptionsToken(name));
}
