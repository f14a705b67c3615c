import { Controller, HttpCode, Post, Res, UseGuards } from '@nestjs/common';
import type { Response } from 'express';
import { Session, SessionAuthGuard } from 'nestjs-wristband';
import type { AppSession } from './app-session.interface.js';
import { ProcessBoard } from './process-board.js';

/** What the buttons of the page do. */
@Controller('api')
@UseGuards(SessionAuthGuard)
export class ActionsController {
  constructor(private readonly board: ProcessBoard) {}

  /** Counts on the newest version of the session, whatever other processes do to it at this moment. */
  @Post('count')
  @HttpCode(204)
  async count(@Session() session: Session<AppSession>): Promise<void> {
    const { number } = this.board;
    await session.update((fields) => {
      fields.counts = { ...fields.counts, [number]: (fields.counts?.[number] ?? 0) + 1 };
    });
  }

  /** The next guard finds the access token expired, and has it renewed. */
  @Post('expire')
  @HttpCode(204)
  expire(@Session() session: Session<AppSession>): void {
    session.expiresAt = Date.now();
  }

  /** As when a machine fails: nothing is finished, nothing given back. */
  @Post('kill')
  @HttpCode(204)
  async kill(@Res({ passthrough: true }) res: Response): Promise<void> {
    await this.board.leave();
    res.once('finish', () => process.kill(process.pid, 'SIGKILL'));
  }
}
