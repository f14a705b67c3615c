import { Reflector } from '@nestjs/core';
import type { AuthStrategy } from '../interfaces/authentication.interface.js';
import { checkedStrategies } from '../strategies/strategy-list.js';

/** Where {@link AuthStrategies} keeps its list. */
export const AuthStrategiesMetadata = Reflector.createDecorator<readonly AuthStrategy[]>({
  key: 'wristband:strategies',
});

/**
 * Makes strategies alternatives, in this order: the first that succeeds decides. On a handler it takes the place of that
 * on its controller. Without it, guards that are listed together must all let the request pass.
 *
 * @example
 * ```ts
 * @UseGuards(SessionAuthGuard, JwtAuthGuard)
 * @AuthStrategies('SESSION', 'JWT')
 * ```
 * @throws {TypeError} when the list is empty, names one twice, or one that there is not
 */
export function AuthStrategies(...strategies: AuthStrategy[]): ClassDecorator & MethodDecorator {
  return AuthStrategiesMetadata(checkedStrategies(strategies, '@AuthStrategies()'));
}
