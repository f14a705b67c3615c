import { Controller, Get, Req, Res } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  type HttpRequest,
  type HttpResponse,
  WristbandAuthService,
  WristbandException,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { describePlatforms, startTestApp, type TestApp } from '../support/test-app.js';

/** Shows what an application can find out about a refused sign-in. */
@Controller('probe')
class ProbeController {
  constructor(private readonly wristband: WristbandAuthService) {}

  @Get('callback')
  async callback(@Req() req: HttpRequest, @Res({ passthrough: true }) res: HttpResponse) {
    try {
      return await this.wristband.callback(req, res);
    } catch (error) {
      if (!(error instanceof WristbandException)) throw error;
      return { code: error.code, oauthError: error.oauthError };
    }
  }
}

describePlatforms('what Wristband said about a refusal', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    app = await startTestApp({ emulator, platform, controllers: [ProbeController] });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });
  afterEach(() => emulator.heal());

  const callback = async (answer: Record<string, string>) => {
    const browser = new Browser();
    const url = `${app.origin}/api/auth/login?tenant_name=acme`;
    const { location } = await browser.get(url, { redirect: 'manual' });
    const state = location.searchParams.get('state')!;
    const query = new URLSearchParams({ state, tenant_name: 'acme', ...answer });
    return (await browser.get(`${app.origin}/probe/callback?${query}`)).json();
  };

  it.each([
    ['access_denied', 'authorization_failed'],
    ['invalid_scope', 'authorization_failed'],
    ['temporarily_unavailable', 'wristband_unavailable'],
  ])('is kept when the callback comes with %s', async (error, code) => {
    const answer = await callback({ error, error_description: 'The reason why' });

    expect(answer).toEqual({ code, oauthError: { error, errorDescription: 'The reason why' } });
  });

  it.each([
    ['invalid_request', 400, 'authorization_failed'],
    ['invalid_client', 401, 'configuration_rejected'],
  ])('is kept when the code exchange is refused with %s', async (error, status, code) => {
    const body = { error, error_description: 'The reason why' };
    emulator.fail('token', { kind: 'status', status, body });

    const answer = await callback({ code: 'a-code' });

    expect(answer).toEqual({ code, oauthError: { error, errorDescription: 'The reason why' } });
  });
});
