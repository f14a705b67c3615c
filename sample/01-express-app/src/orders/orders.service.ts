import { Injectable } from '@nestjs/common';
import type { Order } from './order.interface.js';
import { ORDERS, STARTER_ORDERS } from './orders.data.js';

/** Every question to it names the tenant, so no handler can forget to ask for only its own orders. */
@Injectable()
export class OrdersService {
  list(tenantId: string): Order[] {
    const orders = ORDERS.filter((order) => order.tenantId === tenantId);
    return orders.length > 0 ? orders : STARTER_ORDERS.map((order) => ({ ...order, tenantId }));
  }

  find(tenantId: string, id: string): Order | undefined {
    return this.list(tenantId).find((order) => order.id === id);
  }
}
