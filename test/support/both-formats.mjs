// An application that loads this package as ES modules and as CommonJS. Prints what came of it, in JSON.
// node both-formats.mjs <format of the module> <format of its library> <format of its tests>
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { Catch, Controller, Get, Inject, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

const load = { commonjs: createRequire(import.meta.url), module: (name) => import(name) };
const [ofModule, ofLibrary, ofTests] = process.argv.slice(2);
const application = await load[ofModule]('nestjs-wristband');
const library = await load[ofLibrary]('nestjs-wristband');
const testing = await load[ofTests]('nestjs-wristband/testing');

class OrdersController {
  constructor(auth, sessions) {
    Object.assign(this, { auth, sessions });
  }

  list(session, userId, signedInUser) {
    session.visits = (session.visits ?? 0) + 1;
    return { userId, isSameUser: userId === signedInUser.userId, visits: session.visits };
  }

  manage() {
    return 'managed';
  }

  fail() {
    throw new library.WristbandException('forbidden', 'No');
  }
}
for (const name of ['list', 'manage', 'fail']) {
  Get(name)(
    OrdersController.prototype,
    name,
    Object.getOwnPropertyDescriptor(OrdersController.prototype, name),
  );
}
library.Session()(OrdersController.prototype, 'list', 0);
application.CurrentUser('userId')(OrdersController.prototype, 'list', 1);
library.CurrentUser()(OrdersController.prototype, 'list', 2);
library.Roles(['owner'])(
  OrdersController.prototype,
  'manage',
  Object.getOwnPropertyDescriptor(OrdersController.prototype, 'manage'),
);
Controller('orders')(OrdersController);
UseGuards(library.SessionAuthGuard, application.RolesGuard)(OrdersController);
Inject(library.WristbandAuthService)(OrdersController, undefined, 0);
Inject(library.WristbandSessions)(OrdersController, undefined, 1);

class ApplicationFilter {
  catch(error, host) {
    host.switchToHttp().getResponse().status(418).json({ code: error.code });
  }
}
Catch(application.WristbandException)(ApplicationFilter);

const wristband = await testing.startWristbandEmulator();
class AppModule {}
Module({
  imports: [
    application.WristbandModule.forRoot({
      clientId: wristband.clientId,
      clientSecret: wristband.clientSecret,
      wristbandApplicationVanityDomain: wristband.vanityDomain,
      scopes: ['openid', 'offline_access', 'email', 'roles'],
      session: { secrets: 'a-session-secret-of-both-formats-32', secure: false },
      dangerouslyAllowInsecureRequests: true,
      dangerouslyDisableSecureCookies: true,
    }),
  ],
  controllers: [OrdersController],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.useGlobalFilters(new ApplicationFilter());
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address();
const ada = await testing.signInAs(app, { user: 'ada@example.com', tenant: 'acme', expiresIn: 0 });
const get = async (path, headers) => {
  const response = await fetch(`http://127.0.0.1:${port}/orders/${path}`, { headers });
  return { status: response.status, body: await response.json() };
};
const outcome = {
  list: await get('list', ada.headers),
  renewals: wristband.callsTo('token').length,
  visitor: await get('list', {}),
  manage: await get('manage', ada.headers),
  fail: await get('fail', ada.headers),
  classes: Object.keys(library).filter((name) => library[name] !== application[name]),
};
await app.close();
await wristband.close();
process.stdout.write(JSON.stringify(outcome));
