import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { APP_FILTER } from '@nestjs/core';
import { WristbandModule } from 'nestjs-wristband';
import { AccessController } from './access/access.controller.js';
import { AuthController } from './auth/auth.controller.js';
import { SESSION_MAX_AGE } from './auth/session.constants.js';
import { OrdersController } from './orders/orders.controller.js';
import { OrdersService } from './orders/orders.service.js';
import { ErrorPageFilter } from './pages/error-page.filter.js';
import { PagesController } from './pages/pages.controller.js';
import { PreferencesController } from './preferences/preferences.controller.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true }),
    WristbandModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => {
        // Chrome and Firefox send Secure cookies to http://localhost, Safari does not.
        const secure = config.get('NODE_ENV') === 'production';
        return {
          clientId: config.getOrThrow('CLIENT_ID'),
          clientSecret: config.getOrThrow('CLIENT_SECRET'),
          wristbandApplicationVanityDomain: config.getOrThrow('APPLICATION_VANITY_DOMAIN'),
          // `profile` is what tells the user's name, `roles` what RolesGuard asks for.
          scopes: ['openid', 'offline_access', 'email', 'profile', 'roles'],
          loginStateSecret: config.getOrThrow('SESSION_SECRET'),
          session: { secrets: config.getOrThrow('SESSION_SECRET'), maxAge: SESSION_MAX_AGE, secure },
          dangerouslyDisableSecureCookies: !secure,
        };
      },
    }),
  ],
  controllers: [AccessController, AuthController, OrdersController, PagesController, PreferencesController],
  providers: [OrdersService, { provide: APP_FILTER, useClass: ErrorPageFilter }],
})
export class AppModule {}
