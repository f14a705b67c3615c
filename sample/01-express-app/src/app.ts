import 'reflect-metadata';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
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
  app.useStaticAssets(join(import.meta.dirname, '../public'), { prefix: '/assets' });
  return app;
}
