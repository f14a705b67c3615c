import fastifyCookie from '@fastify/cookie';
import { Controller, Get, Req, Res } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Response } from 'express';
import type { FastifyReply } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpRequest, type HttpResponse, Session, WristbandAuthService } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import { type Platform, startTestApp, type TestApp } from '../support/test-app.js';

type ReplyWithCookies = FastifyReply & { setCookie(name: string, value: string): void };

@Controller('neighbours')
class NeighbourController {
  constructor(private readonly wristband: WristbandAuthService) {}

  @Get('express')
  express(@Session() session: Session<{ count: number }>, @Res({ passthrough: true }) res: Response) {
    res.cookie('theirs', '1');
    session.count = session.get('count', 0) + 1;
    res.cookie('theirs-too', '2');
    return { count: session.count };
  }

  @Get('fastify')
  fastify(@Session() session: Session<{ count: number }>, @Res({ passthrough: true }) res: ReplyWithCookies) {
    res.setCookie('theirs', '1');
    session.count = session.get('count', 0) + 1;
    res.setCookie('theirs-too', '2');
    return { count: session.count };
  }

  @Get('login/express')
  async loginExpress(@Req() req: HttpRequest, @Res({ passthrough: true }) res: Response) {
    res.cookie('theirs', '1');
    return this.wristband.login(req, res as HttpResponse, { defaultTenantName: 'acme' });
  }

  @Get('login/fastify')
  async loginFastify(@Req() req: HttpRequest, @Res({ passthrough: true }) res: ReplyWithCookies) {
    res.setCookie('theirs', '1');
    return this.wristband.login(req, res, { defaultTenantName: 'acme' });
  }
}

describe.each<[platform: Platform, neighbour: string]>([
  ['express', 'its own res.cookie'],
  ['fastify', '@fastify/cookie'],
])('on %s beside %s', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({
      emulator,
      platform,
      controllers: [NeighbourController],
      configure: async (nest) => {
        if (platform === 'fastify') await (nest as NestFastifyApplication).register(fastifyCookie);
      },
    });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  it('the cookies of both arrive, and are read again', async () => {
    const browser = new Browser();

    await browser.get(`${app.origin}/neighbours/${platform}`);
    const { setCookies } = await browser.get(`${app.origin}/neighbours/${platform}`);

    expect(setCookies.map((line) => String(line.split('=')[0])).toSorted()).toEqual([
      'session',
      'theirs',
      'theirs-too',
    ]);
    expect((await browser.get(`${app.origin}/neighbours/${platform}`)).json()).toEqual({ count: 3 });
  });

  it('a login state and a foreign cookie arrive together', async () => {
    const { setCookies } = await new Browser().get(`${app.origin}/neighbours/login/${platform}`);

    expect(setCookies.map((line) => String(line.split(/[=#]/)[0])).toSorted()).toEqual(['login', 'theirs']);
  });

  it('a whole sign-in works', async () => {
    const browser = new Browser();
    const grace = emulator.users.find(({ email }) => email === 'grace@acme.example')!;

    const landed = await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, grace);

    expect(landed.json()).toMatchObject({ tenantId: 'tenant-acme' });
  });
});
