import { createHash } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { HeldResponse } from '../../lib/http/held-response.js';

const CHUNKS = Array.from({ length: 200 }, (_, index) => Buffer.alloc(20_000, index));
const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

let server: Server | undefined;
afterEach(() => server?.close());

/** Answers a request by a handler whose response is held back for a while. */
async function answerOf(
  handler: (response: ServerResponse) => unknown,
  begin: () => Promise<void> | undefined = () => delay(100),
): Promise<{ response: Response; body: Buffer }> {
  server = createServer((_, response) => {
    new HeldResponse(response, begin, () => {
      response.statusCode = 503;
      response.end('replaced');
    });
    void handler(response);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server?.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}`);
  return { response, body: Buffer.from(await response.arrayBuffer()) };
}

describe('HeldResponse', () => {
  it('lets a stream wait, and then go on to its end', async () => {
    const { body } = await answerOf((response) => pipeline(Readable.from(CHUNKS), response));

    expect(digest(body)).toBe(digest(Buffer.concat(CHUNKS)));
  });

  it('keeps the order of calls, and calls back', async () => {
    const done: string[] = [];
    const { response, body } = await answerOf((target) => {
      target.writeHead(201, { 'X-Kind': 'held' });
      target.write('a', () => done.push('a'));
      setTimeout(() => target.write('b', 'utf8', () => done.push('b')), 20);
      setTimeout(() => target.end('c', () => done.push('c')), 200);
    });

    expect([response.status, response.headers.get('x-kind'), body.toString()]).toEqual([201, 'held', 'abc']);
    expect(done).toEqual(['a', 'b', 'c']);
  });

  it('looks like a response that is on its way', async () => {
    const seen: unknown[] = [];
    await answerOf((target) => {
      seen.push(target.headersSent, target.write('a'), target.headersSent, target.writableEnded);
      target.end();
      seen.push(target.writableEnded);
    });

    expect(seen).toEqual([false, false, true, false, true]);
  });

  it('holds nothing back where there is nothing to wait for', async () => {
    const { body } = await answerOf(
      (target) => {
        expect(target.write('a')).toBe(true);
        target.end('b');
      },
      () => undefined,
    );

    expect(body.toString()).toBe('ab');
  });

  it('lets whoever streams into a replaced response come to the end', async () => {
    let isOver = false;
    const { response, body } = await answerOf(
      (target) => {
        const over = () => (isOver = true);
        pipeline(Readable.from(CHUNKS), target).then(over, over);
      },
      () => delay(50).then(() => Promise.reject(new Error('no'))),
    );
    await delay(100);

    expect([response.status, body.toString(), isOver]).toEqual([503, 'replaced', true]);
  });
});
