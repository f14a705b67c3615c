import { Controller, Get, Injectable, Module, UseGuards, UseInterceptors } from '@nestjs/common';
import { ExternalContextCreator, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session, SessionAuthGuard, SessionInterceptor } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { describePlatforms, startTestApp, type TestApp } from '../support/test-app.js';

/** Handlers that no HTTP route leads to. */
@Injectable()
@UseInterceptors(SessionInterceptor)
class Handlers {
  open() {
    return 'answered';
  }

  @UseGuards(SessionAuthGuard)
  guarded() {
    return 'answered';
  }
}

/** A decorator that puts another function in the place of the handler: its interceptors are lost with it. */
const Wrapped = (): MethodDecorator => (_target, _key, descriptor) => {
  const original = descriptor.value as (this: unknown, ...parameters: unknown[]) => unknown;
  descriptor.value = function (this: unknown, ...parameters: unknown[]) {
    return original.apply(this, parameters);
  } as typeof descriptor.value;
};

@Controller()
class WrappedController {
  @Get('whole')
  @Wrapped()
  whole(@Session() session: Session) {
    return { size: session.size };
  }

  @Get('field')
  @Wrapped()
  field(@Session('userId') userId: string | undefined) {
    return { userId };
  }
}

describe.each([
  ['graphql', 'put it there as req'],
  ['ws', 'call authenticateSocket(client, request) in handleConnection'],
  ['rpc', 'make it @Public()'],
])('a handler for %s without a request', (type, hint) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({ emulator, providers: [Handlers] });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  /** Runs a handler as the GraphQL module does, with its guards and interceptors. */
  const run = (name: 'open' | 'guarded'): Promise<unknown> => {
    const handlers = app.app.get(Handlers);
    const none = undefined;
    const call = app.app
      .get(ExternalContextCreator)
      .create(handlers, handlers[name], name, none, none, none, none, none, type);
    return call();
  };

  it('passes the interceptor, which may be one for the whole application', async () => {
    await expect(run('open')).resolves.toBe('answered');
  });

  it('is refused by the guard, which cannot know who is signed in', async () => {
    const body = { code: 'not_authenticated', statusCode: 401, message: expect.stringContaining(hint) };
    const refusal = type === 'graphql' ? { response: body } : { error: body };
    await expect(run('guarded')).rejects.toMatchObject(refusal);
  });
});

describePlatforms('@Session() in an application without WristbandModule', (platform) => {
  it.each(['whole', 'field'])('is a clear error for the developer: %s', async (path) => {
    @Module({ controllers: [WrappedController] })
    class AppModule {}
    const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
    const app = await NestFactory.create(AppModule, adapter, { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as { port: number };

    const response = await new Browser().get(`http://localhost:${port}/${path}`);

    expect(response.status).toBe(500);
    expect(response.json()).toMatchObject({
      code: 'session_not_configured',
      message: 'Import WristbandModule with the option session.secrets to use @Session()',
    });
    await app.close();
  });
});
