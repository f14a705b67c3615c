// What a session with refresh tokens looks like when it is written down in an hour: each request that finds its access token
// expired renews it, and knows nothing of the others. Here to show that the tests of refreshes can fail.
import { Controller, Get, Req, UnauthorizedException, UseGuards } from '@nestjs/common';
import { getIronSession } from 'iron-session';
import { route } from './route.mjs';

const { env } = process;
const options = {
  password: env.SESSION_SECRET,
  cookieName: 'session',
  cookieOptions: { secure: false },
};
const tokenEndpoint = `http://${env.APPLICATION_VANITY_DOMAIN}/api/v1/oauth2/token`;

export async function keepTokensInIronSession(
  { accessToken, refreshToken, expiresAt, userInfo },
  _session,
  req,
  res,
) {
  const session = await getIronSession(req, res, options);
  Object.assign(session, { accessToken, refreshToken, expiresAt, userId: userInfo.userId });
  await session.save();
}

async function refresh(session) {
  const credentials = Buffer.from(`${env.CLIENT_ID}:${env.CLIENT_SECRET}`).toString('base64');
  const answer = await fetch(tokenEndpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: session.refreshToken }),
  });
  if (!answer.ok) {
    session.destroy();
    throw new UnauthorizedException();
  }
  const { access_token, refresh_token, expires_in } = await answer.json();
  session.accessToken = access_token;
  session.refreshToken = refresh_token;
  session.expiresAt = Date.now() + expires_in * 1000;
  await session.save();
}

class IsSignedIn {
  async canActivate(context) {
    const http = context.switchToHttp();
    const request = http.getRequest();
    request.iron = await getIronSession(request, http.getResponse(), options);
    if (!request.iron.accessToken) throw new UnauthorizedException();
    if (Date.now() >= request.iron.expiresAt) await refresh(request.iron);
    return true;
  }
}

export function uncoordinatedController() {
  class UncoordinatedController {
    me({ iron }) {
      return { userId: iron.userId };
    }
  }
  Controller()(UncoordinatedController);
  UseGuards(IsSignedIn)(UncoordinatedController);
  route(UncoordinatedController, 'me', [Get('me')], [Req()]);
  return UncoordinatedController;
}
