import { Reflector } from '@nestjs/core';

/** Where {@link Public} keeps its answer. */
export const PublicMetadata = Reflector.createDecorator<boolean>({ key: 'wristband:public' });

/**
 * Lets every request pass, without a look at who sends it.
 *
 * @param on `false` takes back what the controller says
 */
export function Public(on = true): ClassDecorator & MethodDecorator {
  return PublicMetadata(on);
}
