import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { AuthenticatedUser } from '../interfaces/authentication.interface.js';
import { authenticationOf } from '../session/request-identity.js';

/**
 * Injects the {@link AuthenticatedUser} that a guard found, or one property; `undefined` on public handlers.
 *
 * @example
 * ```ts
 * list(@CurrentUser('tenantId') tenantId: string) { … }
 * ```
 */
export const CurrentUser: (property?: keyof AuthenticatedUser) => ParameterDecorator = createParamDecorator(
  (property: keyof AuthenticatedUser | undefined, context: ExecutionContext): unknown => {
    const user = authenticationOf(context)?.user;
    return property === undefined ? user : user?.[property];
  },
);
