import { readFileSync } from 'node:fs';
import { Controller, Get, Header, Post, UseGuards } from '@nestjs/common';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SessionAuthGuard } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { launchChromium } from '../support/chromium.js';
import { SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const snippet = /```js\n\/\/ csrf-fetch\.js\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';

@Controller()
class FrontEndController {
  @Get('page')
  @Header('Content-Type', 'text/html')
  page() {
    return '<!doctype html><title>page</title><script type="module">import { csrfFetch } from "/csrf-fetch.js"; window.csrfFetch = csrfFetch;</script>';
  }

  @Get('csrf-fetch.js')
  @Header('Content-Type', 'text/javascript')
  script() {
    return snippet;
  }

  @Post('thing')
  @UseGuards(SessionAuthGuard)
  change() {
    return { ok: true };
  }
}

let chromium: Browser;
let emulator: WristbandEmulator;
let app: TestApp;

beforeAll(async () => {
  chromium = await launchChromium();
  emulator = await startWristbandEmulator();
  const session = { secrets: SESSION_SECRET, secure: false, enableCsrfProtection: true };
  app = await startTestApp({ emulator, options: { session }, controllers: [FrontEndController] });
});
afterAll(async () => {
  await chromium.close();
  await app.close();
  await emulator.close();
});

it("lets the README's snippet through, and nothing without the token", async () => {
  const page = await chromium.newPage();
  await page.goto(`${app.origin}/api/auth/login?tenant_name=acme&return_url=/page`);
  await page.locator('input[name=email]').fill('grace@acme.example');
  await page.locator('input[name=password]').fill('password');
  await page.locator('button[type=submit]').first().click();
  await page.waitForFunction('typeof window.csrfFetch === "function"');

  const withToken = await page.evaluate(
    'window.csrfFetch("/thing", { method: "POST" }).then((r) => r.status)',
  );
  const without = await page.evaluate('fetch("/thing", { method: "POST" }).then((r) => r.json())');

  expect(withToken).toBe(201);
  expect(without).toMatchObject({ statusCode: 403, code: 'csrf_failed' });
});
