// One process of an application that runs in several. The environment says which application and where its Wristband is;
// the parent is told the port. Plain JavaScript that imports the built package, as an application would.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createClient } from 'redis';
import { RedisSessionStore, WristbandModule } from '../../dist/index.js';
import { authController, pagesController } from './controllers.mjs';
import { keepTokensInIronSession, uncoordinatedController } from './uncoordinated.mjs';

const { env } = process;
/** The option that has the store of Redis. */
const STORE_OPTIONS = { store: 'store', 'shared-cookie': 'coordinationStore' };
const storeOption = STORE_OPTIONS[env.CLUSTER_MODE];

async function redisStore() {
  const client = createClient({ url: env.REDIS_URL });
  await client.on('error', () => undefined).connect();
  return new RedisSessionStore({ client, prefix: env.REDIS_PREFIX });
}

/** So that the log of the emulator tells which process called. */
const namedFetch = (url, init) =>
  fetch(url, { ...init, headers: { ...init.headers, 'user-agent': `${env.WORKER_NAME}/${process.pid}` } });

const wristband = WristbandModule.forRoot({
  clientId: env.CLIENT_ID,
  clientSecret: env.CLIENT_SECRET,
  wristbandApplicationVanityDomain: env.APPLICATION_VANITY_DOMAIN,
  // Tests may have several applications at one emulator, which knows but one at a time.
  autoConfigureEnabled: false,
  isApplicationCustomDomainActive: true,
  loginUrl: env.LOGIN_URL,
  redirectUri: env.REDIRECT_URI,
  dangerouslyAllowInsecureRequests: true,
  dangerouslyDisableSecureCookies: true,
  http: { fetch: namedFetch },
  session: {
    secrets: env.SESSION_SECRET,
    secure: false,
    ...JSON.parse(env.SESSION_OPTIONS),
    ...(storeOption && { [storeOption]: await redisStore() }),
  },
});

const controllers =
  env.CLUSTER_MODE === 'uncoordinated'
    ? [authController(keepTokensInIronSession), uncoordinatedController()]
    : [authController(), pagesController()];

class AppModule {}
Module({ imports: [wristband], controllers })(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['error'] });
await app.init();
const server = app.getHttpServer();
// A proxy that keeps connections must not find one closed at the moment it sends a request.
server.keepAliveTimeout = 120_000;
// Node's queue of 511 connections is too short for a thousand at once: the rest would come a second late.
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  process.send({ port: server.address().port });
});
// Nobody is left behind when the tests end in the middle.
process.on('disconnect', () => process.exit());
