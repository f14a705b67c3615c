import type { Order } from '../orders/order.interface.js';
import { html } from './html.template.js';
import { layoutPage } from './layout.page.js';

/** One order. */
export function orderPage({ id, customer, item, quantity, total, status }: Order): string {
  return layoutPage(
    `Order ${id}`,
    html`<section class="card">
      <h1 data-testid="order">Order ${id}</h1>
      <dl>
        <dt>Customer</dt>
        <dd>${customer}</dd>
        <dt>Item</dt>
        <dd>${quantity} × ${item}</dd>
        <dt>Total</dt>
        <dd>$${total.toLocaleString('en')}</dd>
        <dt>Status</dt>
        <dd>${status}</dd>
      </dl>
      <p><a href="/">All orders</a></p>
    </section>`,
  );
}
