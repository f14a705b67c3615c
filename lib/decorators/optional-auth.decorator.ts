import { Reflector } from '@nestjs/core';

/** Where {@link OptionalAuth} keeps its answer. */
export const OptionalAuthMetadata = Reflector.createDecorator<boolean>({ key: 'wristband:optional' });

/**
 * Lets a request pass when nobody is signed in: `@CurrentUser()` is then `undefined`. A request that a foreign site
 * made is still refused,
 * and an outage is still 503, so that a signed-in user is never taken for a visitor.
 *
 * @param on `false` takes back what the controller says
 */
export function OptionalAuth(on = true): ClassDecorator & MethodDecorator {
  return OptionalAuthMetadata(on);
}
