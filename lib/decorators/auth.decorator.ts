import { applyDecorators, UseGuards } from '@nestjs/common';
import { WristbandAuthGuard } from '../guards/wristband-auth.guard.js';
import type { AuthStrategy } from '../interfaces/authentication.interface.js';
import { AuthStrategies } from './auth-strategies.decorator.js';
import { Public } from './public.decorator.js';

/**
 * Protects a handler or a controller: `WristbandAuthGuard` with these strategies, or with those of the option
 * `authStrategies` when none is given.
 *
 * @example
 * ```ts
 * @Auth('SESSION', 'JWT')
 * @Controller('orders')
 * export class OrdersController {}
 * ```
 */
export function Auth(...strategies: AuthStrategy[]): ClassDecorator & MethodDecorator {
  const order = strategies.length > 0 ? [AuthStrategies(...strategies)] : [];
  return applyDecorators(...order, Public(false), UseGuards(WristbandAuthGuard));
}
