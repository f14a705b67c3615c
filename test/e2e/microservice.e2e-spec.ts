import type { AddressInfo, Server } from 'node:net';
import { Controller, Get, UseGuards, UseInterceptors } from '@nestjs/common';
import {
  ClientProxy,
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Transport,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  AccessToken,
  CurrentUser,
  Jwt,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  Roles,
  RolesGuard,
  Session,
  SessionAuthGuard,
  SessionInterceptor,
  WristbandAuthGuard,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import { describePlatforms, startTestApp, type TestApp } from '../support/test-app.js';

const handled: string[] = [];

/** Answers HTTP requests and messages alike, as hybrid applications do. */
@Controller('orders')
@UseGuards(SessionAuthGuard)
@UseInterceptors(SessionInterceptor)
class OrdersController {
  @Get()
  @MessagePattern('list')
  list(@CurrentUser('userId') userId: string | undefined) {
    return { userId: userId ?? null };
  }

  @Public()
  @MessagePattern('open')
  open(@CurrentUser() user: unknown, @Jwt() claims: unknown, @AccessToken() token: unknown) {
    return { strangers: [user, claims, token].every((one) => one === undefined) };
  }

  @OptionalAuth()
  @MessagePattern('optional')
  optional() {
    return {};
  }

  @Public()
  @MessagePattern('session')
  session(@Session() session: Session) {
    return { size: session.size };
  }

  @EventPattern('created')
  created(_data: unknown) {
    handled.push('created');
  }

  @Public()
  @EventPattern('published')
  published(_data: unknown) {
    handled.push('published');
  }
}

@Controller()
class OtherGuardsController {
  @UseGuards(JwtAuthGuard)
  @MessagePattern('jwt')
  jwt() {
    return {};
  }

  @UseGuards(WristbandAuthGuard)
  @MessagePattern('any')
  any() {
    return {};
  }

  @UseGuards(WristbandAuthGuard, RolesGuard)
  @Roles(['app:billing:admin'])
  @MessagePattern('roles')
  roles() {
    return {};
  }
}

describePlatforms('a hybrid application', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  let client: ClientProxy;
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => void unhandled.push(reason);

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    let address: AddressInfo | undefined;
    app = await startTestApp({
      emulator,
      platform,
      controllers: [OrdersController, OtherGuardsController],
      async configure(nest) {
        const options = { host: '127.0.0.1', port: 0 };
        const microservice = nest.connectMicroservice({ transport: Transport.TCP, options });
        await nest.startAllMicroservices();
        address = microservice.unwrap<Server>().address() as AddressInfo;
      },
    });
    const options = { host: '127.0.0.1', port: address?.port ?? 0 };
    client = ClientProxyFactory.create({ transport: Transport.TCP, options });
    process.on('unhandledRejection', onUnhandled);
  });
  afterEach(() => {
    handled.length = 0;
  });
  afterAll(async () => {
    process.off('unhandledRejection', onUnhandled);
    await client.close();
    await app.close();
    await emulator.close();
  });

  const send = (pattern: string) => firstValueFrom(client.send<unknown>(pattern, {}));

  it.each(['list', 'optional', 'jwt', 'any', 'roles'])(
    'refuses the message of a guarded handler, whoever sends it: %s',
    async (pattern) => {
      await expect(send(pattern)).rejects.toEqual({
        statusCode: 401,
        error: 'Unauthorized',
        message: 'A handler for rpc has no HTTP request, so nobody can be signed in: make it @Public()',
        code: 'not_authenticated',
      });
    },
  );

  it('lets messages pass where that is said, without a user', async () => {
    await expect(send('open')).resolves.toEqual({ strangers: true });
  });

  it('has no session for a message', async () => {
    await expect(send('session')).rejects.toEqual({ status: 'error', message: 'Internal server error' });
  });

  it('drops guarded events, and nothing else goes wrong', async () => {
    client.emit('created', {});
    await firstValueFrom(client.emit('published', {}), { defaultValue: undefined });
    // Answered after the events were, since all come over one connection.
    await send('open');

    expect(handled).toEqual(['published']);
    expect(unhandled).toEqual([]);
  });

  it('guards the HTTP route of the same handler as ever', async () => {
    const browser = new Browser();
    expect((await browser.get(`${app.origin}/orders`)).status).toBe(401);
    const [user] = emulator.users;

    await signIn(browser, `${app.origin}/api/auth/login?tenant_name=${user!.tenant}`, user!);

    expect((await browser.get(`${app.origin}/orders`)).json()).toEqual({ userId: user!.id });
  });
});
