import type { Order } from './order.interface.js';

const ACME = 'tenant-acme';
const GLOBEX = 'tenant-globex';

/** What a database would hold: the orders of all tenants in one table. */
export const ORDERS: readonly Order[] = [
  {
    id: '1001',
    tenantId: ACME,
    customer: 'Coyote & Sons',
    item: 'Rocket skates',
    quantity: 2,
    total: 398,
    status: 'shipped',
  },
  {
    id: '1002',
    tenantId: ACME,
    customer: 'Road Runner Ltd',
    item: 'Giant magnet',
    quantity: 1,
    total: 1250,
    status: 'open',
  },
  {
    id: '1003',
    tenantId: ACME,
    customer: 'Canyon Supplies',
    item: 'Portable hole',
    quantity: 12,
    total: 2388,
    status: 'paid',
  },
  {
    id: '2001',
    tenantId: GLOBEX,
    customer: 'Cypress Creek',
    item: 'Hammock',
    quantity: 40,
    total: 3960,
    status: 'paid',
  },
  {
    id: '2002',
    tenantId: GLOBEX,
    customer: 'Hank’s Hardware',
    item: 'Weather dial',
    quantity: 1,
    total: 9900,
    status: 'open',
  },
];

/** What a tenant of your own Wristband finds here. */
export const STARTER_ORDERS: readonly Omit<Order, 'tenantId'>[] = [
  { id: '3001', customer: 'First Customer', item: 'Desk lamp', quantity: 3, total: 147, status: 'open' },
  {
    id: '3002',
    customer: 'Second Customer',
    item: 'Office chair',
    quantity: 1,
    total: 289,
    status: 'shipped',
  },
];
