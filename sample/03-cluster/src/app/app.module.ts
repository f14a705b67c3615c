import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { RedisSessionStore, type WristbandEvent, WristbandModule } from 'nestjs-wristband';
import { ActionsController } from './actions.controller.js';
import { AuthController } from './auth.controller.js';
import { PagesController } from './pages.controller.js';
import { ProcessBoard } from './process-board.js';
import { REDIS, type Redis } from './redis.js';
import { RedisModule } from './redis.module.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true }),
    RedisModule,
    WristbandModule.forRootAsync({
      imports: [RedisModule],
      inject: [ConfigService, REDIS, ProcessBoard],
      useFactory: (config: ConfigService, client: Redis, board: ProcessBoard) => {
        const store = new RedisSessionStore({ client });
        return {
          clientId: config.getOrThrow('CLIENT_ID'),
          clientSecret: config.getOrThrow('CLIENT_SECRET'),
          wristbandApplicationVanityDomain: config.getOrThrow('APPLICATION_VANITY_DOMAIN'),
          // `profile` is what tells the user's name.
          scopes: ['openid', 'offline_access', 'email', 'profile'],
          session: {
            secrets: config.getOrThrow('SESSION_SECRET'),
            secure: false,
            // This is all that several processes need.
            ...(config.get('SESSIONS') === 'cookie' ? { coordinationStore: store } : { store }),
          },
          // Only to show which process renews an access token.
          onEvent: async ({ type }: WristbandEvent) => {
            if (type === 'refresh.completed') await board.countRenewal();
          },
          // Both for http on this machine only.
          dangerouslyAllowInsecureRequests: true,
          dangerouslyDisableSecureCookies: true,
        };
      },
    }),
  ],
  controllers: [ActionsController, AuthController, PagesController],
})
export class AppModule {}
