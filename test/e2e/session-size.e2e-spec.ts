import { Controller, Get, Param, Query } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Session, type SessionOptions } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { CounterController } from '../support/counter.controller.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

const circular: Record<string, unknown> = {};
circular.self = circular;

const VALUES: Readonly<Record<string, unknown>> = {
  bigint: { a: [1, { b: 1n }] },
  function: { callback: () => undefined },
  symbol: { s: Symbol('s') },
  map: { m: new Map() },
  nan: [1, Number.NaN],
  circular,
  regexp: /x/,
};

@Controller('values')
class ValuesController {
  @Get('set/:kind')
  set(@Session() session: Session<{ value: unknown }>, @Param('kind') kind: string) {
    session.value = VALUES[kind];
    return { ok: true };
  }

  @Get('save')
  save(@Session() session: Session<{ value: unknown }>) {
    try {
      session.value = { b: 1n };
      session.save();
    } catch (error) {
      session.value = 'kept after all';
      return { code: (error as { code: string }).code };
    }
    return {};
  }

  @Get('reserved')
  reserved(@Session() session: Record<string, unknown>, @Query('name') name: string) {
    session[name] = 'hidden method';
    return { ok: true };
  }

  @Get('date')
  date(@Session() session: Session<{ at: Date | string }>) {
    session.at ??= new Date(0);
    return { at: session.at };
  }
}

describePlatforms('what fits into a session', (platform) => {
  let emulator: WristbandEmulator;
  const apps = new Map<number, TestApp>();
  let browser: Browser;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    for (const maxCookies of [1, 3]) {
      const session: SessionOptions = { secrets: SESSION_SECRET, secure: false, maxCookies };
      const controllers = [CounterController, ValuesController];
      apps.set(maxCookies, await startTestApp({ emulator, platform, options: { session }, controllers }));
    }
  });
  afterAll(async () => {
    for (const app of apps.values()) await app.close();
    await emulator.close();
  });
  beforeEach(() => {
    browser = new Browser();
  });
  const get = (path: string, { maxCookies = 1, headers = {} } = {}) =>
    browser.get(`${apps.get(maxCookies)!.origin}/${path}`, { headers });
  const names = async (maxCookies: number) =>
    (await browser.cookies(apps.get(maxCookies)!.origin)).toSorted();

  it('never sends a cookie line that browsers drop, and says so at the byte where it would', async () => {
    let largest = 0;
    for (let bytes = 2650; bytes <= 2900; bytes += 2) {
      const { status, setCookies } = await get(`counter/blob/${bytes}`);
      expect([200, 500]).toContain(status);
      if (status === 200) {
        largest = Math.max(largest, setCookies[0]!.length);
        expect((await get('counter/read')).json()).toEqual({ blob: 'x'.repeat(bytes) });
      } else {
        expect(setCookies).toEqual([]);
      }
    }

    expect(largest).toBeGreaterThan(4085);
    expect(largest).toBeLessThanOrEqual(4096);
  });

  it('names the largest fields of a session that is too large', async () => {
    await get('counter/set/other?value=' + 'y'.repeat(500));

    const response = await get('counter/blob/5000');

    expect(response.status).toBe(500);
    expect(response.json()).toMatchObject({
      code: 'session_too_large',
      message: expect.stringMatching(/largest fields are blob \(5002 bytes\), other \(502 bytes\)$/),
    });
    expect((await get('counter/read')).json()).toEqual({ other: 'y'.repeat(500) });
  });

  it('spreads a session over several cookies and cleans up when it grows, shrinks and ends', async () => {
    const at = { maxCookies: 3 };
    const steps: [path: string, expected: string[]][] = [
      ['counter/blob/500', ['session']],
      ['counter/blob/8500', ['session.0', 'session.1', 'session.2']],
      ['counter/blob/5000', ['session.0', 'session.1']],
      ['counter/blob/1000', ['session']],
      ['counter/blob/6000', ['session.0', 'session.1', 'session.2']],
      ['counter/clear', []],
    ];

    for (const [path, expected] of steps) {
      const { status, setCookies } = await get(path, at);

      expect(status, path).toBe(200);
      expect(await names(3), path).toEqual(expected);
      for (const line of setCookies) expect(line.length).toBeLessThanOrEqual(4096);
      const bytes = Number(/blob\/(\d+)/.exec(path)?.[1] ?? 0);
      expect((await get('counter/read', at)).json()).toEqual(bytes ? { blob: 'x'.repeat(bytes) } : {});
    }
  });

  it('still has a limit with several cookies', async () => {
    expect((await get('counter/blob/9500', { maxCookies: 3 })).json()).toMatchObject({
      code: 'session_too_large',
    });
  });

  it('treats parts that do not belong together as no session', async () => {
    const at = { maxCookies: 3 };
    const origin = apps.get(3)!.origin;
    await get('counter/blob/5000', at);
    const [first] = (await browser.jar.getCookieString(origin)).split('; ');
    await get('counter/blob/5001', at);
    const [, second] = (await browser.jar.getCookieString(origin)).split('; ');
    browser = new Browser();

    const mixed = await get('counter/read', { ...at, headers: { cookie: `${first}; ${second}` } });
    const incomplete = await get('counter/read', { ...at, headers: { cookie: first! } });

    expect(mixed.status).toBe(200);
    expect(mixed.json()).toEqual({});
    expect(incomplete.json()).toEqual({});
  });

  it('reads a session that was written before it could be spread, and after', async () => {
    await get('counter/blob/500');
    const cookie = await browser.jar.getCookieString(apps.get(1)!.origin);

    const response = await get('counter/read', { maxCookies: 3, headers: { cookie } });

    expect(response.json()).toEqual({ blob: 'x'.repeat(500) });
  });

  it.each([
    ['bigint', 'value.a[1].b: a bigint'],
    ['function', 'value.callback: a function'],
    ['symbol', 'value.s: a symbol'],
    ['map', 'value.m: a Map'],
    ['nan', 'value[1]: NaN'],
    ['circular', 'value.self: a reference to something that holds it'],
    ['regexp', 'value: a RegExp'],
  ])('names the path of a %s, which JSON cannot carry', async (kind, path) => {
    const response = await get(`values/set/${kind}`);

    expect(response.status).toBe(500);
    expect(response.json()).toMatchObject({
      code: 'session_not_serializable',
      message: expect.stringContaining(path),
    });
    expect(response.setCookies).toEqual([]);
  });

  it('says so at save(), where the application can still do something about it', async () => {
    const response = await get('values/save');

    expect(response.json()).toEqual({ code: 'session_not_serializable' });
    expect((await get('counter/read')).json()).toEqual({ value: 'kept after all' });
  });

  it.each([['save'], ['toJSON'], ['constructor'], ['id'], ['size'], ['__proto__']])(
    'refuses a field with the name of %s',
    async (name) => {
      const response = await get(`values/reserved?name=${name}`);

      expect(response.status).toBe(400);
      expect(response.json()).toMatchObject({
        code: 'invalid_session_field',
        message: expect.stringContaining(name),
      });
    },
  );

  it('keeps what says itself how it is written, such as a date, as a text', async () => {
    await get('values/date');

    expect((await get('values/date')).json()).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  });
});
