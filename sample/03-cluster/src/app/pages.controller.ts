import { Controller, Get } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Session } from 'nestjs-wristband';
import type { AppSession } from './app-session.interface.js';
import { homePage } from './pages/home.page.js';
import { signInPage } from './pages/sign-in.page.js';
import { ProcessBoard } from './process-board.js';

@Controller()
export class PagesController {
  constructor(
    private readonly board: ProcessBoard,
    private readonly config: ConfigService,
  ) {}

  @Get()
  async home(@Session() session: Session<AppSession>): Promise<string> {
    const { isAuthenticated, fullName, email, tenantName, counts = {}, expiresAt = 0 } = session;
    const { number } = this.board;
    if (!isAuthenticated) return signInPage(number);
    return homePage({
      number,
      user: { fullName, email, tenantName },
      counts,
      tokenExpiry: new Date(expiresAt),
      sessionsAreInCookies: this.config.get('SESSIONS') === 'cookie',
      processes: await this.board.all(),
    });
  }
}
