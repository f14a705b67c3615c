import { Logger } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { createClient } from 'redis';

export const REDIS = Symbol('REDIS');
export type Redis = Awaited<ReturnType<typeof connectRedis>>;

/** The one connection of a process; it comes back by itself. */
export async function connectRedis(config: ConfigService) {
  const logger = new Logger('Redis');
  const client = createClient({ url: config.getOrThrow<string>('REDIS_URL') });
  return client.on('error', (error: Error) => logger.error(error.message)).connect();
}
