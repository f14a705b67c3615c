import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createGzip } from 'node:zlib';

/**
 * Does to a response what the middleware `compression` does: it puts its own functions in the place of `write`, `end` and
 * `on`, and keeps for its own stream those who wait for `drain`.
 */
export function compression(_: IncomingMessage, response: ServerResponse, next: () => void): void {
  const write = response.write.bind(response);
  const end = response.end.bind(response);
  const on = response.on.bind(response);
  const gzip = createGzip();
  gzip.on('data', (chunk: Buffer) => {
    if (!write(chunk)) gzip.pause();
  });
  gzip.on('end', () => end());
  on('drain', () => gzip.resume());
  const begin = () => {
    if (response.headersSent) return;
    response.setHeader('Content-Encoding', 'gzip');
    response.removeHeader('Content-Length');
    response.writeHead(response.statusCode);
  };
  Object.assign(response, {
    write: (chunk: Uint8Array | string) => (begin(), gzip.write(chunk)),
    end: (chunk: Uint8Array | string | undefined) => (begin(), gzip.end(chunk)),
    on: (event: string, listener: () => void): EventEmitter =>
      event === 'drain' ? gzip.on(event, listener) : on(event, listener),
  });
  next();
}
