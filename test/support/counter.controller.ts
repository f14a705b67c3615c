import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import { Session } from '../../lib/index.js';

export interface CounterSession {
  count: number;
  blob: string;
  other: string;
}

/** Reads and changes a session in the ways that tests ask for. */
@Controller('counter')
export class CounterController {
  @Get('read')
  read(@Session() session: Session<CounterSession>) {
    return session.toJSON();
  }

  @Get('id')
  id(@Session() session: Session<CounterSession>) {
    session.save();
    return { id: session.id };
  }

  @Get('up')
  up(@Session() session: Session<CounterSession>) {
    session.count = session.get('count', 0) + 1;
    return { count: session.count };
  }

  @Get('set/:name')
  set(
    @Session() session: Session<CounterSession>,
    @Param('name') name: 'other',
    @Query('value') value: string,
  ) {
    session.set(name, value);
    return { ok: true };
  }

  /** A value that does not get smaller by any trick, of a given size. */
  @Get('blob/:bytes')
  blob(@Session() session: Session<CounterSession>, @Param('bytes') bytes: string) {
    session.blob = 'x'.repeat(Number(bytes));
    return { ok: true };
  }

  @Get('save')
  save(@Session() session: Session<CounterSession>) {
    session.save();
    return { ok: true };
  }

  @Get('clear')
  clear(@Session() session: Session<CounterSession>) {
    session.clear();
    return { ok: true };
  }

  /** Without `@Session()`: the session as a property of the request. */
  @Get('property/:name')
  property(@Req() request: Record<string, Partial<CounterSession> | undefined>, @Param('name') name: string) {
    const session = request[name];
    if (session) session.count = (session.count ?? 0) + 1;
    return { count: session?.count ?? null };
  }
}
