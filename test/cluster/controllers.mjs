// What the processes of a cluster serve.
import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Get, Inject, Param, Post, Query, Redirect, Req, Res, UseGuards } from '@nestjs/common';
import { CurrentUser, JwtAuthGuard, Session, SessionAuthGuard, WristbandAuthService } from 'nestjs-wristband';
import { route } from './route.mjs';

const response = Res({ passthrough: true });

/** @param keep puts the result of a sign-in where it belongs; by default into our session */
export function authController(keep = (data, session) => session.fromCallback(data)) {
  class AuthController {
    constructor(wristband) {
      this.wristband = wristband;
    }
    login(req, res) {
      return this.wristband.login(req, res);
    }
    async callback(req, res, session) {
      const result = await this.wristband.callback(req, res);
      if (result.type !== 'completed')
        return this.wristband.createCallbackResponse(req, res, result.redirectUrl);
      await keep(result.callbackData, session, req, res);
      return this.wristband.createCallbackResponse(req, res, '/api/auth/done');
    }
    /** Public, so that a sign-in is over without another look at the session. */
    done() {
      return {};
    }
    logout(req, res, session) {
      const { refreshToken, tenantName } = session;
      session.clear();
      return this.wristband.logout(req, res, { refreshToken, tenantName });
    }
  }
  Inject(WristbandAuthService)(AuthController, undefined, 0);
  Controller('api/auth')(AuthController);
  route(AuthController, 'login', [Get('login'), Redirect()], [Req(), response]);
  route(AuthController, 'callback', [Get('callback'), Redirect()], [Req(), response, Session()]);
  route(AuthController, 'done', [Get('done')]);
  route(AuthController, 'logout', [Get('logout'), Redirect()], [Req(), response, Session()]);
  return AuthController;
}

/** Everything here needs a session. */
export function pagesController() {
  class PagesController {
    me(session) {
      return { userId: session.userId, tenantId: session.tenantId };
    }
    token(session) {
      return session.getTokenResponse();
    }
    /** All of the session, for tests that look for it elsewhere. */
    fields(session) {
      return { id: session.id, fields: session.toJSON() };
    }
    set(session, key, json) {
      session.set(key, json === undefined ? key : JSON.parse(json));
      return { ok: true };
    }
    /** Counts on from what the newest version of the session holds. */
    async count(session, key) {
      await session.update((fields) => {
        fields[key] = (fields[key] ?? 0) + 1;
      });
      return { ok: true };
    }
    /** Waits, and then changes the session when it is told a key. */
    async slow(session, ms, key) {
      await delay(Number(ms));
      if (key !== undefined) session.set(key, key);
      return { userId: session.userId };
    }
  }
  Controller()(PagesController);
  UseGuards(SessionAuthGuard)(PagesController);
  route(PagesController, 'me', [Get('me')], [Session()]);
  route(PagesController, 'token', [Get('token')], [Session()]);
  route(PagesController, 'fields', [Get('fields')], [Session()]);
  route(PagesController, 'set', [Post('set/:key')], [Session(), Param('key'), Query('json')]);
  route(PagesController, 'count', [Post('count/:key')], [Session(), Param('key')]);
  route(PagesController, 'slow', [Get('slow/:ms')], [Session(), Param('ms'), Query('set')]);
  return PagesController;
}

/** For those who bring an access token. */
export function bearerController() {
  class BearerController {
    who(userId) {
      return { userId };
    }
  }
  Controller('bearer')(BearerController);
  UseGuards(JwtAuthGuard)(BearerController);
  route(BearerController, 'who', [Get()], [CurrentUser('userId')]);
  return BearerController;
}
