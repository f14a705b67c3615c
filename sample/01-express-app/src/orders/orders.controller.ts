import { Controller, Get, UseGuards } from '@nestjs/common';
import { AuthStrategies, CurrentUser, JwtAuthGuard, SessionAuthGuard } from 'nestjs-wristband';
import type { Order } from './order.interface.js';
import { OrdersService } from './orders.service.js';

/** For the pages of this application, and for programs that bring an access token. */
@Controller('api/orders')
@UseGuards(SessionAuthGuard, JwtAuthGuard)
@AuthStrategies('SESSION', 'JWT')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Get()
  list(@CurrentUser('tenantId') tenantId: string): Order[] {
    return this.orders.list(tenantId);
  }
}
