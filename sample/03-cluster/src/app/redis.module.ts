import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { ProcessBoard } from './process-board.js';
import { connectRedis, REDIS } from './redis.js';

/** Redis, and what is in it beside the sessions. */
@Module({
  providers: [{ provide: REDIS, inject: [ConfigService], useFactory: connectRedis }, ProcessBoard],
  exports: [REDIS, ProcessBoard],
})
export class RedisModule {}
