import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { Session, SessionAuthGuard, WristbandModule } from 'nestjs-wristband';

interface AppSession {
  visits: number;
}

@Controller('orders')
@UseGuards(SessionAuthGuard)
class OrdersController {
  @Get()
  list(@Session() session: Session<AppSession>, @Session('tenantId') tenantId: string) {
    session.visits = (session.visits ?? 0) + 1;
    return { tenantId, userId: session.userId, visits: session.visits };
  }
}

@Module({
  imports: [
    WristbandModule.forRootAsync({
      useFactory: () => ({
        clientId: process.env.CLIENT_ID ?? '',
        clientSecret: process.env.CLIENT_SECRET ?? '',
        wristbandApplicationVanityDomain: process.env.APPLICATION_VANITY_DOMAIN ?? '',
        session: { secrets: process.env.SESSION_SECRET ?? '', secure: false },
        dangerouslyAllowInsecureRequests: true,
        dangerouslyDisableSecureCookies: true,
      }),
      routes: { path: 'api/auth' },
    }),
  ],
  controllers: [OrdersController],
})
export class AppModule {}
