// The application whose memory is measured. Its Wristband is a function that answers at once.
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Controller, Get, Module, Post, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createClient } from 'redis';
import {
  CurrentUser,
  JwtAuthGuard,
  RedisSessionStore,
  Session,
  SessionAuthGuard,
  WristbandModule,
} from 'nestjs-wristband';
import { callbackData } from '../bench/session-data.mjs';
import { KEY_SET, VANITY_DOMAIN } from '../bench/token-data.mjs';
import { route } from '../cluster/route.mjs';

const { MODE, REDIS_URL } = process.env;
const STORE_OPTIONS = { store: 'store', 'shared-cookie': 'coordinationStore' };

async function storeOption() {
  const name = STORE_OPTIONS[MODE];
  if (name === undefined) return {};
  const client = await createClient({ url: REDIS_URL }).connect();
  return { [name]: new RedisSessionStore({ client }) };
}

async function answer(url) {
  if (String(url).endsWith('/jwks')) return Response.json(KEY_SET);
  const tokens = { access_token: randomUUID(), refresh_token: randomUUID(), expires_in: 1800 };
  return Response.json({ ...tokens, token_type: 'Bearer' });
}

class VisitController {
  signIn(session) {
    const ids = { userId: randomUUID(), tenantId: randomUUID(), identityProviderName: 'wristband' };
    // The access token has expired: the next request renews it.
    const tokens = { accessToken: randomUUID(), refreshToken: randomUUID(), expiresAt: Date.now() - 1000 };
    session.fromCallback({ ...callbackData, ...tokens, userInfo: ids });
    return {};
  }
  me(session) {
    session.visits = (session.visits ?? 0) + 1;
    return { userId: session.userId };
  }
  signOut(session) {
    session.clear();
    return {};
  }
  token(userId) {
    return { userId };
  }
}
Controller()(VisitController);
route(VisitController, 'signIn', [Post('sign-in')], [Session()]);
route(VisitController, 'me', [Get('me'), UseGuards(SessionAuthGuard)], [Session()]);
route(VisitController, 'signOut', [Post('sign-out')], [Session()]);
route(VisitController, 'token', [Get('token'), UseGuards(JwtAuthGuard)], [CurrentUser('userId')]);

class AppModule {}
Module({
  imports: [
    WristbandModule.forRoot({
      clientId: 'memory',
      clientSecret: 'a-client-secret-of-32-characters',
      wristbandApplicationVanityDomain: VANITY_DOMAIN,
      autoConfigureEnabled: false,
      loginUrl: 'https://memory.example/login',
      redirectUri: 'https://memory.example/callback',
      http: { fetch: answer },
      // What a store keeps of those who never sign out is its own affair, and over soon.
      session: { secrets: 'a-session-secret-of-32-characters', maxAge: 60, ...(await storeOption()) },
    }),
  ],
  controllers: [VisitController],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['error'] });
await app.listen(0, '127.0.0.1');
process.on('message', () => {
  globalThis.gc();
  const { heapUsed: heap, rss: resident } = process.memoryUsage();
  process.send({ heap, resident, handles: process.getActiveResourcesInfo().length });
});
process.on('disconnect', () => process.exit());
process.send({ port: app.getHttpServer().address().port });
