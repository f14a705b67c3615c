import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { WristbandModule } from 'nestjs-wristband';
import { startWristbandEmulator, type WristbandEmulator } from 'nestjs-wristband/testing';
import { MeController } from './me.controller.js';

@Module({})
class AppModule {
  static with(emulator: WristbandEmulator): DynamicModule {
    const wristband = WristbandModule.forRoot({
      clientId: emulator.clientId,
      clientSecret: emulator.clientSecret,
      wristbandApplicationVanityDomain: emulator.vanityDomain,
      // Both for http on this machine only.
      dangerouslyAllowInsecureRequests: true,
      dangerouslyDisableSecureCookies: true,
      session: { secrets: randomBytes(32).toString('base64url'), secure: false },
      routes: { path: 'api/auth' },
    });
    return { module: AppModule, imports: [wristband], controllers: [MeController] };
  }
}

const port = Number(process.env.PORT ?? 3000);
const origin = `http://localhost:${port}`;
const emulator = await startWristbandEmulator({
  application: { loginUrl: `${origin}/api/auth/login`, redirectUris: [`${origin}/api/auth/callback`] },
});
const app = await NestFactory.create(AppModule.with(emulator), new FastifyAdapter(), {
  logger: ['error', 'warn'],
  forceCloseConnections: true,
});
await app.listen(port);
process.stdout.write(
  `\n  Open  ${origin}/api/auth/login?tenant_name=acme\n  and sign in as grace@acme.example, password: password\n\n`,
);

const stop = (): void => {
  Promise.all([app.close(), emulator.close()]).then(
    () => process.exit(0),
    () => process.exit(1),
  );
};
process.once('SIGINT', stop).once('SIGTERM', stop);
