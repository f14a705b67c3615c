import {
  type ArgumentsHost,
  BadRequestException,
  Catch,
  Controller,
  type ExceptionFilter,
  ForbiddenException,
  Get,
  HttpException,
  InternalServerErrorException,
  Post,
  ServiceUnavailableException,
  type Type,
  UnauthorizedException,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SessionAuthGuard, WristbandException, type WristbandErrorCode } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import { describePlatforms, startTestApp, type TestApp } from '../support/test-app.js';

const CLASSES = [
  BadRequestException,
  UnauthorizedException,
  ForbiddenException,
  InternalServerErrorException,
  ServiceUnavailableException,
];

/** A filter for one class of Nest, as applications write it. */
function filterFor(type: Type<HttpException>): Type<ExceptionFilter> {
  @Catch(type)
  class Filter extends BaseExceptionFilter {
    override catch(exception: HttpException, host: ArgumentsHost): void {
      const [, response] = host.getArgs<[unknown, object]>();
      const body = { caughtBy: type.name, body: exception.getResponse() };
      const adapter = this.applicationRef ?? this.httpAdapterHost!.httpAdapter;
      adapter.reply(response, body, exception.getStatus());
    }
  }
  return Filter;
}

@Controller('filtered')
@UseGuards(SessionAuthGuard)
class FilteredController {
  @Get()
  get() {
    return {};
  }

  @Post()
  post() {
    return {};
  }

  @Get('by-handler')
  @UseFilters(filterFor(UnauthorizedException))
  byHandler() {
    return {};
  }
}

describe('WristbandException', () => {
  it.each<[WristbandErrorCode, Type<HttpException>]>([
    ['invalid_request', BadRequestException],
    ['not_authenticated', UnauthorizedException],
    ['csrf_failed', ForbiddenException],
    ['session_too_large', InternalServerErrorException],
    ['wristband_unavailable', ServiceUnavailableException],
  ])('%s is an instance of %o and of no other class of Nest', (code, type) => {
    const cause = new Error('why');
    const error = new WristbandException(code, 'Something went wrong', { cause, retryAfter: 3 });

    expect(CLASSES.filter((one) => error instanceof one)).toEqual([type]);
    expect(error).toBeInstanceOf(HttpException);
    expect(error).toBeInstanceOf(WristbandException);
    expect(error.constructor).toBe(WristbandException);
    expect(error).toMatchObject({ name: 'WristbandException', code, cause, retryAfter: 3 });
    expect(error.extensions.code).toBe(code);
    expect(error.getResponse()).toEqual({
      statusCode: error.getStatus(),
      error: expect.any(String),
      message: 'Something went wrong',
      code,
    });
  });

  it('is not what an exception of Nest is', () => {
    for (const type of CLASSES) expect(new type('no')).not.toBeInstanceOf(WristbandException);
    for (const value of [null, undefined, 'text', {}, new Error('no')])
      expect((value as unknown) instanceof WristbandException).toBe(false);
  });

  it('can be subclassed', () => {
    class OwnException extends WristbandException {}
    const own = new OwnException('forbidden', 'no');

    expect(own).toBeInstanceOf(OwnException);
    expect(own).toBeInstanceOf(WristbandException);
    expect(new WristbandException('forbidden', 'no')).not.toBeInstanceOf(OwnException);
  });
});

describePlatforms('exception filters for a class of Nest', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({
      emulator,
      platform,
      controllers: [FilteredController],
      configure: (nest) => {
        const { httpAdapter } = nest.get(HttpAdapterHost);
        const filters = [UnauthorizedException, ForbiddenException, ServiceUnavailableException].map(
          filterFor,
        );
        nest.useGlobalFilters(...filters.map((filter) => new filter(httpAdapter)));
      },
    });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  it('catch a 401', async () => {
    expect((await new Browser().get(`${app.origin}/filtered`)).json()).toEqual({
      caughtBy: 'UnauthorizedException',
      body: { statusCode: 401, error: 'Unauthorized', message: 'Sign in first', code: 'not_authenticated' },
    });
    expect((await new Browser().get(`${app.origin}/filtered/by-handler`)).status).toBe(401);
  });

  it('catch a 403', async () => {
    const browser = new Browser();
    const grace = emulator.users.find(({ email }) => email === 'grace@acme.example')!;
    await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, grace);

    const foreign = await browser.post(`${app.origin}/filtered`, {
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    const session = await browser.get(`${app.origin}/filtered`);

    expect(session.status).toBe(200);
    expect(foreign.json()).toMatchObject({ caughtBy: 'ForbiddenException', body: { code: 'csrf_failed' } });
  });

  it('catch a 503', async () => {
    emulator.fail('token', { kind: 'status', status: 503 });
    const browser = new Browser();
    const grace = emulator.users.find(({ email }) => email === 'grace@acme.example')!;
    const landed = await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, grace);
    emulator.heal();

    expect(landed.json()).toMatchObject({
      caughtBy: 'ServiceUnavailableException',
      body: { code: 'wristband_unavailable' },
    });
  });
});
