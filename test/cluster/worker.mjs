// One process of an application that runs in several. The environment says which application and where its Wristband is;
// the parent is told the port. Plain JavaScript that imports the built package, as an application would.
import 'reflect-metadata';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createClient } from 'redis';
import { RedisSessionStore, WristbandModule } from 'nestjs-wristband';
import { authController, bearerController, pagesController } from './controllers.mjs';
import { keepTokensInIronSession, uncoordinatedController } from './uncoordinated.mjs';

const { env } = process;
/** The option that has the store of Redis. */
const STORE_OPTIONS = { store: 'store', 'shared-cookie': 'coordinationStore' };
const storeOption = STORE_OPTIONS[env.CLUSTER_MODE];

/** So that the log of the emulator tells which process called. */
const namedFetch = (url, init) =>
  fetch(url, { ...init, headers: { ...init.headers, 'user-agent': `${env.WORKER_NAME}/${process.pid}` } });

const client = storeOption && createClient({ url: env.REDIS_URL });
await client?.on('error', () => undefined).connect();

/** The application, with secrets of which the first one seals. */
async function serve(secrets) {
  const store = client && { [storeOption]: new RedisSessionStore({ client, prefix: env.REDIS_PREFIX }) };
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
    session: { secrets, secure: false, ...JSON.parse(env.SESSION_OPTIONS), ...store },
  });
  const controllers =
    env.CLUSTER_MODE === 'uncoordinated'
      ? [authController(keepTokensInIronSession), uncoordinatedController()]
      : [authController(), pagesController(), bearerController()];
  class AppModule {}
  Module({ imports: [wristband], controllers })(AppModule);

  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  await app.init();
  const server = app.getHttpServer();
  // A proxy that keeps connections must not find one closed at the moment it sends a request.
  server.keepAliveTimeout = 120_000;
  // Node's queue of 511 connections is too short for a thousand at once: the rest would come a second late.
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  return app;
}

/** Connections that are busy now would stay open for as long as they are kept. */
async function retire(old) {
  const closing = setInterval(() => old.getHttpServer().closeIdleConnections(), 200);
  await old.close();
  clearInterval(closing);
}

const portOf = (app) => ({ port: app.getHttpServer().address().port });

let app = await serve([env.SESSION_SECRET]);
process.send(portOf(app));

const loopDelay = monitorEventLoopDelay({ resolution: 5 });
loopDelay.enable();

const orders = {
  /** The next release of the application takes over; this one finishes what it has begun. */
  async replace({ secrets }) {
    const before = app;
    app = await serve(secrets);
    // When the proxy has heard of it.
    setTimeout(() => void retire(before), 1000);
    return portOf(app);
  },
  /** How large the process is, and what its event loop did since the last time. Milliseconds and bytes. */
  gauge() {
    const delays = { middle: loopDelay.percentile(50) / 1e6, long: loopDelay.percentile(99) / 1e6 };
    globalThis.gc();
    loopDelay.reset();
    const { heapUsed: heap, rss: resident } = process.memoryUsage();
    return { heap, resident, handles: process.getActiveResourcesInfo().length, ...delays };
  },
};
async function obey({ order, ...details }) {
  process.send({ order, ...(await orders[order](details)) });
}

process.on('message', (message) => void obey(message));
// Nobody is left behind when the tests end in the middle.
process.on('disconnect', () => process.exit());
