// The servers that are compared: each does the same job, one route that answers who the user is. Decorators are applied
// by hand, since plain JavaScript runs without a build step and so measures nothing but the packages.
import 'reflect-metadata';
import { Controller, Get, Module, Req, Res, UnauthorizedException, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import cookieSession from 'cookie-session';
import expressSession from 'express-session';
import { createVerifier } from 'fast-jwt';
import { getIronSession } from 'iron-session';
import { passportJwtSecret } from 'jwks-rsa';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { CurrentUser, JwtAuthGuard, Session, SessionAuthGuard, WristbandModule } from 'nestjs-wristband';
import { byHandController, NEST_ONLY } from './floor.mjs';
import { BENCH_SECRET, callbackData, sessionFields } from './session-data.mjs';
import { ISSUER, KEY_SET, PUBLIC_KEY_PEM, VANITY_DOMAIN } from './token-data.mjs';

const HOUR = 3600;

/** Decorates a controller's method and its parameters, in the order TypeScript would. */
function route(controller, method, path, parameters = [], decorators = []) {
  parameters.forEach((decorate, index) => decorate(controller.prototype, method, index));
  const descriptor = Object.getOwnPropertyDescriptor(controller.prototype, method);
  for (const decorate of [...decorators, Get(path)]) decorate(controller.prototype, method, descriptor);
}

async function listen(controllers, { imports = [], middleware = [], providers = [] } = {}) {
  class AppModule {}
  for (const controller of controllers) Controller()(controller);
  Module({ imports, controllers, providers })(AppModule);
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  for (const use of middleware) app.use(use);
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer();
  // On a busy machine it may take long until it is a server's turn again.
  server.keepAliveTimeout = 600_000;
  return server.address().port;
}

/** A route that needs nobody to be signed in. @param around decorators of the route */
function publicController(around = []) {
  class PublicController {
    me() {
      return { userId: sessionFields.userId };
    }
    signIn() {
      return {};
    }
  }
  route(PublicController, 'me', 'me', [], around);
  route(PublicController, 'signIn', 'sign-in');
  return PublicController;
}

const wristband = (session = {}) =>
  WristbandModule.forRoot({
    clientId: 'bench',
    clientSecret: BENCH_SECRET,
    wristbandApplicationVanityDomain: VANITY_DOMAIN,
    autoConfigureEnabled: false,
    loginUrl: 'https://bench.example/login',
    redirectUri: 'https://bench.example/callback',
    session: { secrets: BENCH_SECRET, ...session },
    // The only call to Wristband here is for its public keys.
    http: { fetch: async () => Response.json(KEY_SET) },
  });

function wristbandController({ readsSession }) {
  class WristbandController {
    me(session) {
      return { userId: session?.userId ?? sessionFields.userId };
    }
    signIn(session) {
      session.fromCallback(callbackData, { note: sessionFields.note });
      return {};
    }
  }
  route(WristbandController, 'me', 'me', readsSession ? [Session()] : [], [UseGuards(SessionAuthGuard)]);
  route(WristbandController, 'signIn', 'sign-in', [Session()]);
  return WristbandController;
}

/** A controller for libraries that put the session on the request by a middleware. */
function requestSessionController() {
  class IsSignedIn {
    canActivate(context) {
      return context.switchToHttp().getRequest().session.isAuthenticated === true;
    }
  }
  class RequestSessionController {
    me(req) {
      return { userId: req.session.userId };
    }
    signIn(req) {
      Object.assign(req.session, sessionFields);
      return {};
    }
  }
  route(RequestSessionController, 'me', 'me', [Req()], [UseGuards(IsSignedIn)]);
  route(RequestSessionController, 'signIn', 'sign-in', [Req()]);
  return RequestSessionController;
}

function ironController() {
  const options = { password: BENCH_SECRET, cookieName: 'session', ttl: HOUR };
  class IsSignedIn {
    async canActivate(context) {
      const http = context.switchToHttp();
      const req = http.getRequest();
      req.session = await getIronSession(req, http.getResponse(), options);
      return req.session.isAuthenticated === true;
    }
  }
  class IronController {
    me(req) {
      return { userId: req.session.userId };
    }
    async signIn(req, res) {
      const session = await getIronSession(req, res, options);
      Object.assign(session, sessionFields);
      await session.save();
      return {};
    }
  }
  route(IronController, 'me', 'me', [Req()], [UseGuards(IsSignedIn)]);
  route(IronController, 'signIn', 'sign-in', [Req(), Res({ passthrough: true })]);
  return IronController;
}

function jwtController() {
  class JwtController {
    me(userId) {
      return { userId };
    }
  }
  route(JwtController, 'me', 'me', [CurrentUser('userId')], [UseGuards(JwtAuthGuard)]);
  return JwtController;
}

function passportController() {
  class PassportController {
    me(req) {
      return { userId: req.user.sub };
    }
  }
  route(PassportController, 'me', 'me', [Req()], [UseGuards(AuthGuard('jwt'))]);
  return PassportController;
}

/** The set-up that the documentation of jwks-rsa shows. */
class PassportJwt extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      issuer: ISSUER,
      algorithms: ['RS256'],
      secretOrKeyProvider: passportJwtSecret({
        cache: true,
        rateLimit: true,
        jwksUri: `${ISSUER}/api/v1/oauth2/jwks`,
        fetcher: async () => KEY_SET,
      }),
    });
  }

  validate(claims) {
    return claims;
  }
}

function fastJwtController() {
  const verify = createVerifier({
    key: PUBLIC_KEY_PEM,
    algorithms: ['RS256'],
    allowedIss: ISSUER,
    cache: 1000,
  });
  class HasToken {
    canActivate(context) {
      const req = context.switchToHttp().getRequest();
      const [, token] = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '') ?? [];
      if (token === undefined) throw new UnauthorizedException();
      req.user = verify(token);
      return true;
    }
  }
  class FastJwtController {
    me(req) {
      return { userId: req.user.sub };
    }
  }
  route(FastJwtController, 'me', 'me', [Req()], [UseGuards(HasToken)]);
  return FastJwtController;
}

const rollEveryMinute = (req, _res, next) => {
  // What cookie-session's documentation advises to make a session last while it is used.
  if (req.session.isAuthenticated) req.session.nowInMinutes = Math.floor(Date.now() / 60_000);
  next();
};

/** Every variant, in the order of the table. */
export const VARIANTS = {
  'bare Nest': { start: () => listen([publicController()]) },
  'bare Nest, again': { start: () => listen([publicController()]) },
  'floor: cookie sent': {
    credentials: 'a cookie nobody reads',
    start: () => listen([publicController()]),
  },
  'floor: guard': { start: () => listen([publicController(NEST_ONLY.guard)]) },
  'floor: guard and interceptor': {
    start: () => listen([publicController(NEST_ONLY['guard and interceptor'])]),
  },
  'floor: session by hand': {
    credentials: 'a session',
    start: () => listen([byHandController(route)]),
  },
  'floor: session by hand, guard': {
    credentials: 'a session',
    start: () => listen([byHandController(route, { around: 'guard' })]),
  },
  'floor: session by hand, guard and interceptor': {
    credentials: 'a session',
    start: () => listen([byHandController(route, { around: 'guard and interceptor' })]),
  },
  'floor: renewed by hand, guard': {
    credentials: 'a session',
    start: () => listen([byHandController(route, { around: 'guard', isRenewed: true })]),
  },
  'floor: renewed by hand, guard and interceptor': {
    credentials: 'a session',
    start: () => listen([byHandController(route, { around: 'guard and interceptor', isRenewed: true })]),
  },
  'ours: public route, cookie sent': {
    target: 1.03,
    credentials: 'a cookie nobody reads',
    start: () => listen([publicController()], { imports: [wristband()] }),
  },
  'ours: session': {
    target: 1.35,
    credentials: 'a session',
    start: () => listen([wristbandController({ readsSession: true })], { imports: [wristband()] }),
  },
  'ours: session, each cookie seen once': {
    credentials: 'a new session each',
    start: () => listen([wristbandController({ readsSession: true })], { imports: [wristband()] }),
  },
  'ours: session, guard only': {
    target: 1.35,
    credentials: 'a session',
    start: () => listen([wristbandController({ readsSession: false })], { imports: [wristband()] }),
  },
  'ours: session, touchAfter 0': {
    target: 1.65,
    credentials: 'a session',
    start: () =>
      listen([wristbandController({ readsSession: true })], { imports: [wristband({ touchAfter: 0 })] }),
  },
  'ours: session, touchAfter 0, guard only': {
    target: 1.65,
    credentials: 'a session',
    start: () =>
      listen([wristbandController({ readsSession: false })], { imports: [wristband({ touchAfter: 0 })] }),
  },
  'express-session, in memory': {
    credentials: 'a session',
    start: () =>
      listen([requestSessionController()], {
        middleware: [
          expressSession({
            secret: BENCH_SECRET,
            resave: false,
            saveUninitialized: false,
            rolling: true,
            cookie: { maxAge: HOUR * 1000 },
          }),
        ],
      }),
  },
  'cookie-session, signed only': {
    credentials: 'a session',
    start: () =>
      listen([requestSessionController()], {
        middleware: [
          cookieSession({ name: 'session', keys: [BENCH_SECRET], maxAge: HOUR * 1000 }),
          rollEveryMinute,
        ],
      }),
  },
  'iron-session, never renewed': {
    credentials: 'a session',
    start: () => listen([ironController()]),
  },
  'ours: JWT': {
    target: 1.15,
    credentials: 'a token',
    start: () => listen([jwtController()], { imports: [wristband()] }),
  },
  'ours: JWT, each token seen once': {
    credentials: 'a new token each',
    start: () => listen([jwtController()], { imports: [wristband()] }),
  },
  'fast-jwt with its cache': {
    credentials: 'a token',
    start: () => listen([fastJwtController()]),
  },
  'fast-jwt, each token seen once': {
    credentials: 'a new token each',
    start: () => listen([fastJwtController()]),
  },
  'passport-jwt with jwks-rsa': {
    credentials: 'a token',
    start: () => listen([passportController()], { providers: [PassportJwt] }),
  },
};

if (process.send) {
  const port = await VARIANTS[process.argv[2]].start();
  process.on('message', () => process.send({ cpu: process.cpuUsage() }));
  process.send({ port });
}
