import {
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestMiddleware,
  type NestModule,
} from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { DeskController } from './desk/desk.controller';
import { MigratedModule } from './migrated/migrated.module';

/** Reads what is there before any guard: the session is not. */
@Injectable()
class RequestMiddleware implements NestMiddleware {
  use(req: Request, res: Response, next: NextFunction) {
    res.header('X-Session-In-Middleware', String(req.session !== undefined));
    next();
  }
}

const imports = [MigratedModule];

@Module({ imports, controllers: [DeskController] })
export class AppModule implements NestModule {
  configure(consumer: MiddlewareConsumer) {
    consumer.apply(RequestMiddleware).forRoutes('{*splat}');
  }
}
