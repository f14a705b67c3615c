export interface Order {
  readonly id: string;
  readonly tenantId: string;
  readonly customer: string;
  readonly item: string;
  readonly quantity: number;
  /** In dollars. */
  readonly total: number;
  readonly status: 'open' | 'shipped' | 'paid';
}
