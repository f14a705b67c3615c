import net from 'node:net';
import { Controller, Get } from '@nestjs/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Auth } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { describePlatforms, startTestApp, type TestApp } from '../support/test-app.js';

@Controller('things')
class ThingsController {
  @Get()
  @Auth('JWT', 'SESSION')
  list() {
    return {};
  }
}

/** Node refuses requests with more than 16 kB of headers. */
const LENGTH = 14_000;
/** Milliseconds of the CPU. Such inputs cost a few, and seconds or hours where a pattern goes over them again and again. */
const BOUND = 500;
const PARTS = ['a', 'a-', 'a.', '/', '\\', '%', '%25', '%09', '&', '=', ';', ':', '[', '#', '?a='];
const IN_HEADERS = [
  'session=a;',
  'login#a#1=b;',
  'session=a.b.c.d.e;',
  'session.1=a;',
  ' ',
  '\t',
  'cross-site,',
];

describePlatforms('14 kB of input', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    const session = { secrets: 'a-session-secret-for-tests-of-32-or-more', secure: false, maxCookies: 3 };
    app = await startTestApp({ emulator, platform, controllers: [ThingsController], options: { session } });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });

  /** Sends a request as it stands, and answers its status and what it cost. */
  function send(target: string, ...lines: string[]): Promise<{ status: number; cost: number; text: string }> {
    const before = process.cpuUsage();
    return new Promise((resolve, reject) => {
      const socket = net.connect(app.port, '127.0.0.1');
      let text = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
      socket.on('error', reject).on('close', () => {
        resolve({ status: Number(text.slice(9, 12)), cost: process.cpuUsage(before).user / 1000, text });
      });
      const head = [`GET ${target} HTTP/1.1`, `Host: localhost:${app.port}`, ...lines, 'Connection: close'];
      socket.write([...head, '', ''].join('\r\n'));
    });
  }
  const repeated = (part: string) => part.repeat(LENGTH / part.length);

  it.each(['tenant_name', 'tenant_custom_domain', 'return_url', 'state', 'sign_in_attempt'])(
    'in %s costs no time and is no 500',
    async (name) => {
      for (const part of PARTS) {
        for (const path of ['login?', 'callback?code=a&', 'logout?']) {
          const { status, cost, text } = await send(`/api/auth/${path}${name}=${repeated(part)}`);

          expect([302, 400], `${part}: ${text}`).toContain(status);
          expect(cost, part).toBeLessThan(BOUND);
        }
      }
    },
  );

  it.each([
    'Cookie: ',
    'Cookie: session=',
    'Cookie: login#',
    'Authorization: ',
    'Authorization: Bearer ',
    'Origin: ',
    'Sec-Fetch-Site: ',
    'Sec-Purpose: ',
  ])('after "%s" costs no time and lets nobody in', async (start) => {
    for (const part of [...PARTS, ...IN_HEADERS]) {
      const { status, cost } = await send('/things', start + repeated(part));

      expect(status, part).toBe(401);
      expect(cost, part).toBeLessThan(BOUND);
    }
  });
});
