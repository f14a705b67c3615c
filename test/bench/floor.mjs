// What is left when everything is left out that can be: the same routes with nothing but Nest's own guard and interceptor,
// and the session opened, checked and written by hand, in the handler. Nobody can be faster and do the same.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Req, Res, UseGuards, UseInterceptors } from '@nestjs/common';
import { sessionFields } from './session-data.mjs';

const KEY = randomBytes(32);
const HEADER = Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM' })).toString('base64url');
const AAD = Buffer.from(HEADER);
const MAX_AGE = 3600;

class DoNothingGuard {
  canActivate() {
    return true;
  }
}

class DoNothingInterceptor {
  intercept(_context, next) {
    return next.handle();
  }
}

/** What a route of this library has around its handler: a guard, and where `@Session()` is, an interceptor. */
export const NEST_ONLY = {
  none: [],
  guard: [UseGuards(DoNothingGuard)],
  'guard and interceptor': [UseGuards(DoNothingGuard), UseInterceptors(DoNothingInterceptor)],
};

/**
 * A session by hand, for {@link ../servers.mjs}' `route`.
 *
 * @param route decorates a method of a controller
 * @param around what stands around the handler, of {@link NEST_ONLY}
 * @param isRenewed whether each response writes the cookie anew
 */
export function byHandController(route, { around = 'none', isRenewed = false } = {}) {
  class ByHandController {
    me(req, res) {
      const session = open(req.headers.cookie);
      if (!session?.data.isAuthenticated || Date.now() / 1000 > session.iat + MAX_AGE) throw new Error();
      markAsPersonal(res);
      if (isRenewed) setCookie(res, JSON.stringify(session.data));
      return { userId: session.data.userId };
    }
    signIn(_req, res) {
      setCookie(res, JSON.stringify(sessionFields));
      return {};
    }
  }
  const parameters = [Req(), Res({ passthrough: true })];
  route(ByHandController, 'me', 'me', parameters, NEST_ONLY[around]);
  route(ByHandController, 'signIn', 'sign-in', parameters);
  return ByHandController;
}

function markAsPersonal(res) {
  res.setHeader('Cache-Control', 'private, no-store');
  res.setHeader('Vary', 'Cookie');
}

function setCookie(res, json) {
  res.setHeader(
    'Set-Cookie',
    `session=${seal(json)}; Max-Age=${MAX_AGE}; Path=/; HttpOnly; Secure; SameSite=Lax`,
  );
}

function seal(json) {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', KEY, iv);
  cipher.setAAD(AAD);
  const text = `{"iat":${Math.floor(Date.now() / 1000)},"data":${json}}`;
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return `${HEADER}..${iv.toString('base64url')}.${sealed.toString('base64url')}.${cipher.getAuthTag().toString('base64url')}`;
}

function open(cookie) {
  const [, , iv, sealed, tag] = cookie.slice(cookie.indexOf('=') + 1).split('.');
  const decipher = createDecipheriv('aes-256-gcm', KEY, Buffer.from(iv, 'base64url'));
  decipher.setAAD(AAD);
  decipher.setAuthTag(Buffer.from(tag, 'base64url'));
  return JSON.parse(
    decipher.update(Buffer.from(sealed, 'base64url'), undefined, 'utf8') + decipher.final('utf8'),
  );
}
