import { Reflector } from '@nestjs/core';

/** Where {@link SkipCsrf} keeps its answer. */
export const SkipCsrfMetadata = Reflector.createDecorator<boolean>({ key: 'wristband:skip-csrf' });

/**
 * Leaves out both CSRF checks. Only for handlers that change nothing, or that prove in another way where a request
 * comes from: any page of any site can call them with the user's cookies.
 *
 * @param on `false` takes back what the controller says
 */
export function SkipCsrf(on = true): ClassDecorator & MethodDecorator {
  return SkipCsrfMetadata(on);
}
