// Starts one application in a fresh process and tells what that cost: imports, NestFactory.create() and app.init().
import { BENCH_SECRET } from './session-data.mjs';

const before = process.cpuUsage();
await import('reflect-metadata');
const { Module } = await import('@nestjs/common');
const { NestFactory } = await import('@nestjs/core');

/** What each application imports, and uses. */
const APPLICATIONS = {
  async bare() {
    return { imports: [] };
  },
  async ours() {
    const { WristbandModule } = await import('nestjs-wristband');
    const options = {
      clientId: 'bench',
      clientSecret: BENCH_SECRET,
      wristbandApplicationVanityDomain: 'bench.us.wristband.dev',
      session: { secrets: BENCH_SECRET },
    };
    return { imports: [WristbandModule.forRoot(options)] };
  },
  async passport() {
    const { PassportModule } = await import('@nestjs/passport');
    const { default: expressSession } = await import('express-session');
    const { default: passport } = await import('passport');
    const session = expressSession({ secret: BENCH_SECRET, resave: false, saveUninitialized: false });
    return {
      imports: [PassportModule.register({ session: true })],
      middleware: [session, passport.initialize(), passport.session()],
    };
  },
};

class AppModule {}
const { imports, middleware = [] } = await APPLICATIONS[process.argv[2]]();
Module({ imports })(AppModule);
const app = await NestFactory.create(AppModule, { logger: ['error'] });
for (const use of middleware) app.use(use);
await app.init();
const { user, system } = process.cpuUsage(before);
process.send({ cost: (user + system) / 1000 }, () => process.exit());
