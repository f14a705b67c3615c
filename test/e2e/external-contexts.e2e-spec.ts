import { Injectable, UseGuards } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AccessToken,
  CurrentUser,
  Jwt,
  Public,
  Roles,
  RolesGuard,
  Session,
  SessionAuthGuard,
  WristbandAuthGuard,
  WristbandException,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** As applications have them for queues, jobs and commands. */
@Injectable()
class Consumer {
  @UseGuards(WristbandAuthGuard)
  guarded() {
    return 'ran';
  }

  @UseGuards(RolesGuard)
  @Roles(['admin'])
  forAdmins() {
    return 'ran';
  }

  @UseGuards(SessionAuthGuard)
  @Public()
  open() {
    return 'ran';
  }

  injected(@CurrentUser() user: unknown, @Jwt() claims: unknown, @AccessToken() token: unknown) {
    return { user, claims, token };
  }

  session(@Session() session: Session) {
    return session.size;
  }
}

const noResponse = { getHeader: () => undefined };
const messages: [title: string, values: unknown[]][] = [
  ['nothing', []],
  ['undefined', [undefined]],
  ['null', [null, null]],
  ['a text', ['text', 'more']],
  ['a number', [7]],
  ['an object', [{ id: 1 }]],
  ['an object whose raw is a text', [{ raw: 'text' }, { raw: 'text' }]],
  ['an object whose raw is null', [{ raw: null }, { raw: null }]],
  ['a message with headers', [{ headers: { authorization: 'Bearer x', cookie: 'session=x' } }]],
  ['a message with headers, and its properties', [{ headers: {} }, noResponse, {}]],
];

describe.each(['http', 'rmq', 'commander'])(
  'a handler that is called with a message (context %s)',
  (type) => {
    let emulator: WristbandEmulator;
    let app: TestApp;
    beforeAll(async () => {
      emulator = await startWristbandEmulator();
      app = await startTestApp({ emulator, providers: [Consumer] });
    });
    afterAll(async () => {
      await app.close();
      await emulator.close();
    });

    const call = (method: keyof Consumer, values: unknown[]): Promise<unknown> => {
      const consumer = app.app.get(Consumer);
      // Another kind of paramsFactory than that of HTTP is what such libraries have.
      const handler = app.app
        .get(ExternalContextCreator)
        .create(
          consumer,
          consumer[method] as (...args: unknown[]) => unknown,
          method,
          ROUTE_ARGS_METADATA,
          { exchangeKeyForValue: () => null },
          undefined,
          undefined,
          { guards: true, filters: false, interceptors: true },
          type,
        );
      return handler(...values);
    };
    const refusal = async (method: keyof Consumer, values: unknown[]) => {
      const error = await call(method, values).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(WristbandException);
      return error as WristbandException;
    };

    it.each(messages)('is refused with what helps, for %s', async (_, values) => {
      for (const method of ['guarded', 'forAdmins'] as const) {
        const { code, message } = await refusal(method, values);
        expect(code).toBe('not_authenticated');
        expect(message).toMatch(/without an HTTP request|no HTTP request/);
        expect(message).toContain('make it @Public()');
      }
      expect((await refusal('session', values)).code).toBe('not_authenticated');
    });

    it.each(messages)('runs when it is public, and injects nobody, for %s', async (_, values) => {
      expect(await call('open', values)).toBe('ran');
      expect(await call('injected', values)).toEqual({
        user: undefined,
        claims: undefined,
        token: undefined,
      });
    });
  },
);

describe('a global guard above a consumer', () => {
  it('refuses every message', async () => {
    const emulator = await startWristbandEmulator();
    const started = await startTestApp({
      emulator,
      providers: [Consumer],
      options: { globalGuard: true },
    });
    const consumer = started.app.get(Consumer);
    const creator = started.app.get(ExternalContextCreator);
    const handler = creator.create(consumer, () => consumer.open(), 'injected');

    await expect(handler({ id: 1 })).rejects.toMatchObject({ code: 'not_authenticated' });
    await started.close();
    await emulator.close();
  });
});
