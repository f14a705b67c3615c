import 'reflect-metadata';
import { join } from 'node:path';
import { ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import cookieParser from 'cookie-parser';
import { AppModule } from './app.module.js';

export async function createApp(): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    // What keeps it from starting is told in one place, by start.ts.
    abortOnError: false,
    logger: false,
    // Browsers keep connections open; without this close() would wait for them.
    forceCloseConnections: true,
  });
  app.disable('x-powered-by');
  // For the application's own cookies. Sessions need none: they are read from the `Cookie` header.
  app.use(cookieParser(app.get(ConfigService).getOrThrow<string>('COOKIE_SECRET')));
  app.useStaticAssets(join(import.meta.dirname, '../public'), { prefix: '/assets' });
  return app;
}
