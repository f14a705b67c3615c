import { Controller, Get, Scope } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { describePlatforms, startTestApp, type TestApp } from '../support/test-app.js';

type Counter = Session<{ count: number }>;

/** A decorator that puts another function in the place of the handler, as those for transactions and tracing do. */
const Wrapped = (): MethodDecorator => (_target, _key, descriptor) => {
  const original = descriptor.value as (this: unknown, ...parameters: unknown[]) => unknown;
  descriptor.value = function (this: unknown, ...parameters: unknown[]) {
    return original.apply(this, parameters);
  } as typeof descriptor.value;
};

abstract class BaseController {
  @Get('inherited')
  inherited(@Session() session: Counter) {
    session.count = session.get('count', 0) + 1;
    return { count: session.count };
  }
}

@Controller('derived')
class DerivedController extends BaseController {
  @Get('wrapped')
  @Wrapped()
  wrapped(@Session() session: Counter) {
    session.count = session.get('count', 0) + 1;
    return { count: session.count };
  }

  @Get('twice')
  twice(@Session() session: Counter, @Session('count') count: number | undefined) {
    return { isSame: session.count === count };
  }
}

@Controller({ path: 'scoped', scope: Scope.REQUEST })
class ScopedController {
  @Get()
  scoped(@Session() session: Counter) {
    session.count = session.get('count', 0) + 1;
    return { count: session.count };
  }
}

describePlatforms('@Session()', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({ emulator, platform, controllers: [DerivedController, ScopedController] });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  it.each(['derived/inherited', 'derived/wrapped', 'scoped'])(
    'works in %s, and what changed is written',
    async (path) => {
      const browser = new Browser();

      await browser.get(`${app.origin}/${path}`);

      expect((await browser.get(`${app.origin}/${path}`)).json()).toEqual({ count: 2 });
    },
  );

  it('gives the same session to several parameters', async () => {
    expect((await new Browser().get(`${app.origin}/derived/twice`)).json()).toEqual({ isSame: true });
  });
});

describe('onEvent', () => {
  it.each<[how: string, onEvent: () => void]>([
    [
      'throws',
      () => {
        throw new Error('listener failed');
      },
    ],
    [
      'answers a promise that fails',
      () => Promise.reject(new Error('listener failed')) as unknown as undefined,
    ],
  ])('is an onlooker: a request goes on when it %s', async (_, onEvent) => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const emulator = await startWristbandEmulator();
    const app = await startTestApp({ emulator, options: { onEvent } });

    const url = `${app.origin}/api/auth/login?tenant_name=acme&return_url=https://evil.example`;
    const { status } = await new Browser().get(url, { redirect: 'manual' });
    await new Promise((resolve) => setImmediate(resolve));

    expect(status).toBe(302);
    expect(app.logs).toContain('onEvent threw on return_url.rejected: listener failed');
    expect(unhandled).toEqual([]);
    process.off('unhandledRejection', note);
    await app.close();
    await emulator.close();
  });
});
