import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Get, Res, StreamableFile } from '@nestjs/common';
import expressSession from 'express-session';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HttpResponse, MemorySessionStore, Session } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { compression } from '../support/compression.js';
import { CounterController } from '../support/counter.controller.js';
import { ObservedStore } from '../support/observed-store.js';
import {
  describePlatforms,
  type Platform,
  SESSION_SECRET,
  startTestApp,
  type TestApp,
} from '../support/test-app.js';

interface Answering {
  status(code: number): { send(body: object): unknown };
}

const CHUNK = Buffer.alloc(16_000, 'a');
const rawOf = (response: HttpResponse): ServerResponse => ('raw' in response ? response.raw : response);
const change = (session: Session<{ count: number }>) => (session.count = (session.count ?? 0) + 1);

/** Handlers that do to a response what they should not, while their session is being written. */
@Controller('clumsy')
class ClumsyController {
  @Get('twice')
  twice(@Session() session: Session<{ count: number }>, @Res() response: Answering) {
    change(session);
    response.status(200).send({ answer: 'first' });
    response.status(500).send({ error: 'somebody forgot to return, and this one is longer' });
  }

  @Get('raw-twice')
  rawTwice(@Session() session: Session<{ count: number }>, @Res() response: HttpResponse) {
    change(session);
    const target = rawOf(response);
    const failures: unknown[] = [];
    const attempt = (work: () => unknown) => {
      try {
        work();
      } catch (error) {
        failures.push((error as { code?: unknown }).code);
      }
    };
    target.writeHead(201, { 'X-Kind': 'first', 'Content-Type': 'text/plain' });
    target.write('first ');
    attempt(() => target.writeHead(500));
    attempt(() => target.setHeader('X-Kind', 'second'));
    attempt(() => target.appendHeader('X-Kind', 'second'));
    attempt(() => target.removeHeader('X-Kind'));
    target.statusCode = 500;
    target.end(JSON.stringify(failures));
  }

  @Get('no-text')
  noText(@Session() session: Session<{ count: number }>, @Res() response: HttpResponse) {
    change(session);
    rawOf(response).end({ not: 'a text' });
  }

  @Get('no-text-late')
  noTextLate(@Session() session: Session<{ count: number }>, @Res() response: HttpResponse) {
    change(session);
    rawOf(response).write('some');
    rawOf(response).end(42);
  }

  @Get('stream')
  stream(@Session() session: Session<{ count: number }>) {
    change(session);
    return new StreamableFile(Readable.from(Array.from({ length: 100 }, () => CHUNK)));
  }

  @Get('piped')
  piped(@Session() session: Session<{ count: number }>, @Res() response: HttpResponse) {
    change(session);
    rawOf(response).setHeader('Content-Type', 'text/plain');
    Readable.from(Array.from({ length: 100 }, () => CHUNK)).pipe(rawOf(response));
  }
}

let emulator: WristbandEmulator;
let app: TestApp;
let store: ObservedStore;
const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);
beforeAll(async () => {
  emulator = await startWristbandEmulator();
  process.on('uncaughtException', note).on('unhandledRejection', note);
});
afterAll(async () => {
  process.off('uncaughtException', note).off('unhandledRejection', note);
  await emulator.close();
});
beforeEach(() => {
  unhandled.length = 0;
  store = new ObservedStore(new MemorySessionStore(), 20);
});
afterEach(() => app.close());

const start = async (platform: Platform, middleware: readonly unknown[] = []) => {
  app = await startTestApp({
    emulator,
    platform,
    controllers: [ClumsyController, CounterController],
    configure: (nest) => {
      for (const one of middleware) nest.use(one as never);
    },
    options: {
      session: { secrets: SESSION_SECRET, secure: false, store, requestProperty: 'wristband' },
    },
  });
};
const get = (path: string) => fetch(`${app.origin}${path}`, { signal: AbortSignal.timeout(5000) });

describePlatforms('a response that waits for its session', (platform) => {
  beforeEach(() => start(platform));
  afterEach(() => expect(unhandled).toEqual([]));

  it('is the first of two', async () => {
    const response = await get('/clumsy/twice');

    expect([response.status, await response.json()]).toEqual([200, { answer: 'first' }]);
    expect(response.headers.getSetCookie()).toHaveLength(1);
  });

  it('cannot be changed any more, as one whose headers were sent', async () => {
    const response = await get('/clumsy/raw-twice');

    expect([response.status, response.headers.get('x-kind')]).toEqual([201, 'first']);
    expect(await response.text()).toBe(`first ${JSON.stringify(Array(4).fill('ERR_HTTP_HEADERS_SENT'))}`);
  });

  it('becomes 500 when it cannot be sent, and the log says why', async () => {
    const response = await get('/clumsy/no-text');

    expect(response.status).toBe(500);
    const told = app.logs.filter((line) => line.includes('could not be sent'));
    expect(told).toEqual([expect.stringContaining('must be of type string')]);
  });

  it('breaks off when its rest cannot be sent', async () => {
    await expect(get('/clumsy/no-text-late').then((response) => response.text())).rejects.toThrow();

    const told = app.logs.filter((line) => line.includes('could not be sent'));
    expect(told).toEqual([expect.stringContaining('must be of type string')]);
  });

  it.each(['/clumsy/stream', '/counter/up'])('is written although the client hung up: %s', async (path) => {
    const socket = connect(app.port, '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    while (!store.operations().includes('write')) await delay(1);
    socket.destroy();
    await delay(100);

    expect((await get('/counter/up')).status).toBe(200);
  });

  it.each([
    ['HTTP/1.0', 'GET', ''],
    ['HTTP/1.1', 'HEAD', ''],
    ['HTTP/1.1', 'GET', 'Expect: 100-continue\r\nContent-Length: 0\r\n'],
  ])('ends for %s %s %s', async (version, method, headers) => {
    const socket = connect(app.port, '127.0.0.1');
    socket.write(
      `${method} /counter/up ${version}\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`,
    );
    let text = '';
    for await (const chunk of socket) text += String(chunk);

    expect(text).toMatch(/HTTP\/1\.1 200 OK\r\n[^]*set-cookie: sid=/i);
  });

  it('does not keep the next one on the connection back', async () => {
    const socket = connect(app.port, '127.0.0.1');
    const request = (connection: string) =>
      `GET /counter/up HTTP/1.1\r\nHost: localhost\r\nConnection: ${connection}\r\n\r\n`;
    socket.write(request('keep-alive') + request('keep-alive') + request('close'));
    let text = '';
    for await (const chunk of socket) text += String(chunk);

    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
    expect(text.match(/set-cookie: sid=/gi)).toHaveLength(3);
  });
});

describe('a response that waits for its session, with middleware that changes responses', () => {
  const neighbour = expressSession({ secret: 'theirs', resave: true, saveUninitialized: true });

  it.each(['/clumsy/stream', '/clumsy/piped'])('is compressed to its end: %s', async (path) => {
    await start('express', [compression]);

    const response = await get(path);

    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect((await response.arrayBuffer()).byteLength).toBe(100 * CHUNK.length);
    expect(response.headers.getSetCookie()).toHaveLength(1);
  });

  it.each(['/clumsy/stream', '/clumsy/piped', '/counter/up'])(
    'carries the cookies of express-session too: %s',
    async (path) => {
      await start('express', [neighbour, compression]);

      const response = await get(path);

      await response.arrayBuffer();
      expect(response.headers.getSetCookie().map((cookie) => cookie.split('=')[0])).toEqual(
        expect.arrayContaining(['sid', 'connect.sid']),
      );
    },
  );

  it('becomes 503 when the session cannot be written', async () => {
    await start('express', [neighbour, compression]);
    store.failing.add('write');

    const response = await get('/clumsy/piped');

    expect([response.status, await response.json()]).toEqual([
      503,
      expect.objectContaining({ code: 'session_store_unavailable' }),
    ]);
  });
});
