import { Controller, Get, UseGuards } from '@nestjs/common';
import { Session, SessionAuthGuard } from 'nestjs-wristband';
import type { Order } from './order.interface.js';
import { OrdersService } from './orders.service.js';

@Controller('api/orders')
@UseGuards(SessionAuthGuard)
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Get()
  list(@Session('tenantId') tenantId: string): Order[] {
    return this.orders.list(tenantId);
  }
}
