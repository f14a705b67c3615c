import { Controller, Get, NotFoundException, Param, Req, UseGuards } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Request } from 'express';
import { Session, SessionAuthGuard } from 'nestjs-wristband';
import type { AppSession } from '../auth/app-session.interface.js';
import { SESSION_MAX_AGE } from '../auth/session.constants.js';
import { OrdersService } from '../orders/orders.service.js';
import { densityOf } from '../preferences/density.js';
import { accessPage } from './access.page.js';
import { homePage } from './home.page.js';
import { orderPage } from './order.page.js';
import { signInPage } from './sign-in.page.js';

@Controller()
export class PagesController {
  readonly #appUrl: string;
  readonly #demoTenants: readonly string[];

  constructor(
    private readonly orders: OrdersService,
    config: ConfigService,
  ) {
    this.#appUrl = config.get<string>('APP_URL', '');
    this.#demoTenants = config.get<string>('DEMO_TENANTS', '').split(',').filter(Boolean);
  }

  @Get()
  home(@Req() req: Request, @Session() session: Session<AppSession>): string {
    const { isAuthenticated, fullName, email, tenantName, expiresAt = 0 } = session;
    if (!isAuthenticated) {
      return signInPage({
        appUrl: this.#appUrl,
        tenantHost: this.#tenantHost(req),
        demoTenants: this.#demoTenants,
      });
    }
    const sessionExpiry = new Date(Date.now() + SESSION_MAX_AGE * 1000);
    const tokenExpiry = new Date(expiresAt);
    return homePage({ fullName, email, tenantName, sessionExpiry, tokenExpiry, density: densityOf(req) });
  }

  @Get('orders/:id')
  @UseGuards(SessionAuthGuard)
  order(@Param('id') id: string, @Session('tenantId') tenantId: string): string {
    const order = this.orders.find(tenantId, id);
    if (!order) throw new NotFoundException(`Your company has no order ${id}.`);
    return orderPage(order);
  }

  @Get('access')
  @UseGuards(SessionAuthGuard)
  access(@Req() { protocol, host }: Request): string {
    return accessPage(`${protocol}://${host}`);
  }

  /** With tenant subdomains APP_URL is the host above them; without, it is not set. */
  #tenantHost({ host }: Request): string | undefined {
    return this.#appUrl === '' || new URL(this.#appUrl).host === host ? undefined : host;
  }
}
