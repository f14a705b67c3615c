import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Sealer } from '../../lib/crypto/sealer.js';
import {
  MemorySessionStore,
  OptionalAuth,
  Session,
  SessionAuthGuard,
  type SessionOptions,
} from '../../lib/index.js';
import { parseJson } from '../../lib/json/json.js';
import { keyOf } from '../../lib/session/keepers/session-records.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

interface Fields {
  written?: boolean;
  updated?: boolean;
}

@Controller('damaged')
@UseGuards(SessionAuthGuard)
class DamagedController {
  @Get('guarded')
  guarded(@Session() session: Session<Fields>): unknown {
    return session.toJSON();
  }

  @Get('open')
  @OptionalAuth()
  open(@Session() session: Session<Fields>): unknown {
    return { fields: session.size };
  }

  @Post('write')
  write(@Session() session: Session<Fields>): unknown {
    session.written = true;
    return session.toJSON();
  }

  @Post('update')
  async update(@Session() session: Session<Fields>): Promise<unknown> {
    await session.update((fields) => void (fields.updated = true));
    return session.toJSON();
  }

  @Post('clear')
  @OptionalAuth()
  clear(@Session() session: Session<Fields>): unknown {
    session.clear();
    return {};
  }
}

const SIGNED_IN =
  '"isAuthenticated":true,"accessToken":"a.b.c","expiresAt":9000000000000000,"userId":"u","tenantId":"t","tenantName":"acme"';
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

/** JSON of sessions that cannot be written as they were read. */
const UNREADABLE: Readonly<Record<string, string>> = {
  'a number that is too large': `{"id":"ID","createdAt":NOW,"fields":{${SIGNED_IN},"roles":1e999}}`,
  'a number that is too small': `{"id":"ID","createdAt":NOW,"fields":{${SIGNED_IN},"n":-1e999}}`,
  'such a number in a list': `{"id":"ID","createdAt":NOW,"fields":{${SIGNED_IN},"list":[{"n":[1,1e400]}]}}`,
  'such a number in the place of a token’s end': `{"id":"ID","createdAt":NOW,"fields":{${SIGNED_IN},"expiresAt":1e999}}`,
  'a start that is too large': `{"id":"ID","createdAt":1e999,"fields":{${SIGNED_IN}}}`,
  'such a number outside its fields': `{"id":"ID","createdAt":NOW,"fields":{${SIGNED_IN}},"more":1e999}`,
  '101 levels': `{"id":"ID","createdAt":NOW,"fields":{${SIGNED_IN},"deep":${nested(101)}}}`,
  'thousands of levels': `{"id":"ID","createdAt":NOW,"fields":{${SIGNED_IN},"deep":${nested(1200)}}}`,
  'no fields': `{"id":"ID","createdAt":NOW}`,
  'a list of fields': `{"id":"ID","createdAt":NOW,"fields":[]}`,
  'a start that is a text': `{"id":"ID","createdAt":"NOW","fields":{${SIGNED_IN}}}`,
};

/** JSON fields that come back as they are, and what the session then has. */
const READABLE: readonly (readonly [name: string, json: string, fields: object])[] = [
  ['a negative zero', '"n":-0', { n: 0 }],
  ['half of a surrogate pair', String.raw`"text":"\ud800"`, { text: '\ud800' }],
  ['a name with half of a surrogate pair', String.raw`"\udc00":1`, { '\udc00': 1 }],
  ['a name twice', '"a":1,"a":2', { a: 2 }],
  ['a number with more digits than there are', '"n":9007199254740993,"m":1e-999', { n: 2 ** 53, m: 0 }],
  ['a prototype', '"__proto__":{"isAdmin":true}', {}],
  ['a prototype inside', '"a":{"b":{"__proto__":[1]}}', { a: { b: JSON.parse('{"__proto__":[1]}') } }],
  ['names of methods', '"save":1,"id":"x","toJSON":{},"constructor":[]', {}],
  ['names of methods inside', '"a":{"toJSON":1,"constructor":2}', { a: { toJSON: 1, constructor: 2 } }],
  ['98 levels in a list', `"deep":${nested(98)}`, { deep: JSON.parse(nested(98)) }],
];

const MODES: Readonly<Record<string, () => Partial<SessionOptions>>> = {
  'a cookie': () => ({}),
  'a coordinated cookie': () => ({ coordinationStore: new MemorySessionStore() }),
  'a store': () => ({ store: new MemorySessionStore() }),
};

/** Values that the fields of a sign-in never have. */
const ODD = ['null', 'true', '7', '""', '[]', '["acme"]', '{"toJSON":{"x":1}}', '{"toLowerCase":1}'];

describePlatforms('a session that another program wrote', (platform) => {
  describe.each(Object.keys(MODES))('into %s', (mode) => {
    let emulator: WristbandEmulator;
    let app: TestApp;
    let options: Partial<SessionOptions>;
    let count = 0;

    beforeAll(async () => {
      emulator = await startWristbandEmulator();
      options = MODES[mode]!();
      app = await startTestApp({
        emulator,
        platform,
        controllers: [DamagedController],
        options: {
          routes: { path: 'api/auth' },
          session: { secrets: SESSION_SECRET, secure: false, ...options },
        },
      });
    });
    afterAll(async () => {
      await app.close();
      await emulator.close();
    });

    /** The cookie of a session with that JSON. */
    async function cookieOf(template: string): Promise<string> {
      const id = `id-${mode}-${(count += 1)}`;
      const json = template.replaceAll('ID', id).replace('NOW', String(Math.floor(Date.now() / 1000)));
      const secrets = [SESSION_SECRET];
      if (!options.store) return `session=${new Sealer('session', secrets).seal(json)}`;
      const value = new Sealer('session-record', secrets).seal(json);
      await options.store.write(keyOf(id), value, { expected: undefined, ttl: 60 });
      return `sid=${new Sealer('session-id', secrets).seal(JSON.stringify(id))}`;
    }

    async function send(method: string, path: string, cookie: string) {
      const response = await fetch(`${app.origin}${path}`, {
        method,
        headers: { cookie },
        redirect: 'manual',
      });
      const text = await response.text();
      return { status: response.status, json: parseJson(text), response };
    }

    it.each(Object.keys(UNREADABLE))('is no session when it holds %s', async (name) => {
      const cookie = await cookieOf(UNREADABLE[name]!);

      expect(await send('GET', '/damaged/guarded', cookie)).toMatchObject({
        status: 401,
        json: { code: 'not_authenticated' },
      });
      for (const path of ['write', 'update'])
        expect((await send('POST', `/damaged/${path}`, cookie)).status).toBe(401);
      expect(await send('GET', '/damaged/open', cookie)).toMatchObject({ status: 200, json: { fields: 0 } });
      expect((await send('GET', '/api/auth/session', cookie)).status).toBe(401);
      expect((await send('GET', '/api/auth/token', cookie)).status).toBe(401);
      const logout = await send('GET', '/api/auth/logout', cookie);
      expect([302, 303]).toContain(logout.status);
      expect((await send('POST', '/damaged/clear', cookie)).status).toBe(201);
    });

    it.each(
      'isAuthenticated accessToken expiresAt userId tenantId tenantName tenantCustomDomain refreshToken csrfToken roles'.split(
        ' ',
      ),
    )('is refused or used, and can be ended, with odd values of %s', async (field) => {
      for (const value of ODD) {
        const cookie = await cookieOf(
          `{"id":"ID","createdAt":NOW,"fields":{${SIGNED_IN},"${field}":${value}}}`,
        );

        for (const path of ['/damaged/guarded', '/damaged/open', '/api/auth/session', '/api/auth/token'])
          expect([200, 401], `${path} with ${value}`).toContain((await send('GET', path, cookie)).status);
        const { status } = await send('GET', '/api/auth/logout', cookie);
        expect([302, 303], `logout with ${value}`).toContain(status);
      }
    });

    it.each(READABLE)('is read and can be changed when it holds %s', async (_, json, fields) => {
      const cookie = await cookieOf(`{"id":"ID","createdAt":NOW,"fields":{${SIGNED_IN},${json}}}`);
      const expected = { ...(JSON.parse(`{${SIGNED_IN}}`) as object), ...fields };
      const same = (given: unknown, more: object) =>
        expect(JSON.parse(JSON.stringify(given))).toEqual({ ...expected, ...more });

      const read = await send('GET', '/damaged/guarded', cookie);
      expect(read.status).toBe(200);
      same(read.json, {});
      const updated = await send('POST', '/damaged/update', cookie);
      expect(updated.status).toBe(201);
      same(updated.json, { updated: true });
      const latest = updated.response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie;
      const written = await send('POST', '/damaged/write', latest);
      expect(written.status).toBe(201);
      same(written.json, { updated: true, written: true });
      const again = written.response.headers.getSetCookie()[0]?.split(';')[0] ?? latest;
      same((await send('GET', '/damaged/guarded', again)).json, { updated: true, written: true });
    });
  });
});
