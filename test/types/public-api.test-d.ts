import type { Request, Response } from 'express';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RedisStore } from 'connect-redis';
import type { MemoryStore } from 'express-session';
import type { Cluster, Redis } from 'ioredis';
import type { createClient, createClientPool, createCluster, createSentinel } from 'redis';
import { expectTypeOf } from 'vitest';
import type {
  AccessTokenClaims,
  CallbackResult,
  ExpressSessionStore,
  HttpRedirectResponse,
  LogoutConfig,
  RedirectReason,
  RedisClient,
  Session,
  SessionResponse,
  TokenData,
  WristbandAuthService,
  WristbandErrorCode,
  WristbandEvent,
  WristbandOptions,
} from '../../lib/index.js';

interface MySession {
  theme: 'light' | 'dark';
  cart: { items: string[] };
}

declare const wristband: WristbandAuthService;
declare const session: Session<MySession>;
declare const plainSession: Session;
declare const result: CallbackResult;
declare const event: WristbandEvent;
declare const claims: AccessTokenClaims;

// Requests and responses of both platforms, and those of Node itself, without a cast.
declare const express: [Request, Response];
declare const fastify: [FastifyRequest, FastifyReply];
declare const node: [IncomingMessage, ServerResponse];
expectTypeOf(wristband.login(...express)).resolves.toEqualTypeOf<HttpRedirectResponse>();
expectTypeOf(wristband.login(...fastify)).resolves.toEqualTypeOf<HttpRedirectResponse>();
expectTypeOf(
  wristband.login(...node, { defaultTenantName: 'acme' }),
).resolves.toEqualTypeOf<HttpRedirectResponse>();
expectTypeOf(wristband.callback(...fastify)).resolves.toEqualTypeOf<CallbackResult>();
expectTypeOf(wristband.backChannelLogout(...express)).resolves.toEqualTypeOf<void>();
expectTypeOf(wristband.backChannelLogout(...fastify)).resolves.toEqualTypeOf<void>();
expectTypeOf(wristband.refreshTokenIfExpired('rt', 1)).resolves.toEqualTypeOf<TokenData | null>();
// @ts-expect-error -- a request is no text
void wristband.login('/login', express[1]);
// @ts-expect-error -- no such option
void wristband.login(...express, { tenant: 'acme' });

// The type of a result narrows the rest of it, also after destructuring.
if (result.type === 'completed') {
  expectTypeOf(result.callbackData.userInfo.userId).toEqualTypeOf<string>();
  expectTypeOf(result.redirectUrl).toEqualTypeOf<undefined>();
  expectTypeOf(result.reason).toEqualTypeOf<undefined>();
} else {
  expectTypeOf(result.redirectUrl).toEqualTypeOf<string>();
  expectTypeOf(result.callbackData).toEqualTypeOf<undefined>();
}
const { type, callbackData, redirectUrl, reason } = result;
if (type === 'redirect_required') {
  expectTypeOf(redirectUrl).toEqualTypeOf<string>();
  expectTypeOf(reason).toEqualTypeOf<RedirectReason>();
} else {
  expectTypeOf(callbackData.userInfo.userId).toEqualTypeOf<string>();
}
// @ts-expect-error -- before `type` was looked at, there may be none
void callbackData.userInfo;
// @ts-expect-error -- before `type` was looked at, there may be none
void new URL(redirectUrl);
if (event.type === 'return_url.rejected')
  expectTypeOf(event.reason).toEqualTypeOf<'not_allowed' | 'too_long'>();

// Claims are what was checked, and nobody may change them.
expectTypeOf(claims.sub).toEqualTypeOf<string>();
expectTypeOf(claims.exp).toEqualTypeOf<number>();
expectTypeOf(claims.scope).toEqualTypeOf<unknown>();
// @ts-expect-error -- shared by all requests with this token
claims.sub = 'user-eve';

// A session may be empty: every field may be absent, and it has its type.
expectTypeOf(session.theme).toEqualTypeOf<'light' | 'dark' | undefined>();
expectTypeOf(session.userId).toEqualTypeOf<string | undefined>();
void session.update((fields) => {
  expectTypeOf(fields.cart).toEqualTypeOf<{ items: string[] } | undefined>();
  fields.theme = 'dark';
  // @ts-expect-error -- no such theme
  fields.theme = 'blue';
});
expectTypeOf(session.expiresAt).toEqualTypeOf<number | undefined>();
expectTypeOf(session.toJSON().cart).toEqualTypeOf<{ items: string[] } | undefined>();
expectTypeOf(session.getSessionResponse({ a: 1 })).toEqualTypeOf<SessionResponse<{ a: number }>>();
expectTypeOf(session.get('theme')).toEqualTypeOf<'light' | 'dark' | undefined>();
expectTypeOf(session.get('theme', 'dark')).toEqualTypeOf<'light' | 'dark'>();
expectTypeOf(session.get('userId')).toEqualTypeOf<string | undefined>();
expectTypeOf(session.set('theme', 'dark').set('cart', { items: [] })).toEqualTypeOf<typeof session>();
expectTypeOf([...session]).toEqualTypeOf<[string, unknown][]>();
expectTypeOf(session.size).toEqualTypeOf<number>();
delete session.theme;
// @ts-expect-error -- no such theme
session.set('theme', 'pink');
// @ts-expect-error -- no such field
void session.get('colour');
// @ts-expect-error -- no such field
session.delete('colour');
// @ts-expect-error -- a default of another type
void session.get('theme', 1);
// @ts-expect-error -- no such theme
session.theme = 'pink';
// @ts-expect-error -- no such field
void session.colour;
// @ts-expect-error -- no such field without a type parameter
void plainSession.theme;
// @ts-expect-error -- a custom field of the wrong type
if (result.type === 'completed') session.fromCallback(result.callbackData, { theme: 1 });
// @ts-expect-error -- the ID is given
session.id = 'mine';

expectTypeOf<WristbandErrorCode>()
  .extract<'wristband_unavailable'>()
  .toEqualTypeOf<'wristband_unavailable'>();
expectTypeOf<{ refreshToken: string | undefined }>().toExtend<LogoutConfig>();
// @ts-expect-error -- the secret is missing
const incomplete: WristbandOptions = { clientId: 'a', wristbandApplicationVanityDomain: 'b' };
void incomplete;

declare module '../../lib/index.js' {
  interface SessionData {
    merged?: 'by declaration';
  }
}
expectTypeOf(plainSession.merged).toEqualTypeOf<'by declaration' | undefined>();

// Every kind of client and store, without a cast.
expectTypeOf<ReturnType<typeof createClient>>().toExtend<RedisClient>();
expectTypeOf<ReturnType<typeof createCluster>>().toExtend<RedisClient>();
expectTypeOf<ReturnType<typeof createClientPool>>().toExtend<RedisClient>();
expectTypeOf<ReturnType<typeof createSentinel>>().toExtend<RedisClient>();
expectTypeOf<Redis | Cluster>().toExtend<RedisClient>();
expectTypeOf<MemoryStore | RedisStore>().toExtend<ExpressSessionStore>();
