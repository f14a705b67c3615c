import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module';

async function bootstrap() {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: ['error', 'warn'] });
  app.disable('x-powered-by');
  app.enableCors({ origin: ['http://localhost:5173'], credentials: true });
  await app.listen(process.env.PORT || 3001);
}
bootstrap();
