import { Reflector } from '@nestjs/core';

/** Which roles a handler asks for. */
export interface RequiredRoles {
  readonly roles: readonly string[];
  readonly match: 'any' | 'all';
}

/** Where {@link Roles} keeps its list. */
export const RolesMetadata = Reflector.createDecorator<RequiredRoles>({ key: 'wristband:roles' });

/**
 * Asks for roles; `RolesGuard` looks at it and has to be listed after the guard that authenticates. On a handler it takes
 * the place of that on its controller.
 *
 * @param options `match: 'any'` (default) asks for one of them, `'all'` for all
 * @example
 * ```ts
 * @UseGuards(SessionAuthGuard, RolesGuard)
 * @Roles(['app:invoices:admin'])
 * ```
 * @throws {TypeError} when the list is empty
 */
export function Roles(
  roles: readonly string[],
  { match = 'any' }: { readonly match?: 'any' | 'all' } = {},
): ClassDecorator & MethodDecorator {
  if (!Array.isArray(roles) || roles.length === 0)
    throw new TypeError('@Roles() needs a list with at least one role');
  return RolesMetadata({ roles, match });
}
