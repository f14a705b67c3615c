import type { ServerResponse } from 'node:http';
import type { HttpException } from '@nestjs/common';
import { WristbandException } from '../errors/wristband.exception.js';

/** Headers about a body, or a result, that is not sent after all. The others stay: without those of CORS nobody reads the error. */
const OF_THE_RESULT = /^(content-.*|etag|last-modified|location|accept-ranges|transfer-encoding|trailer)$/;

/** Answers a request with an error in the place of a response that has not begun yet. */
export function sendError(response: ServerResponse, error: HttpException): void {
  for (const name of response.getHeaderNames()) if (OF_THE_RESULT.test(name)) response.removeHeader(name);
  const body = JSON.stringify(error.getResponse());
  response.statusCode = error.getStatus();
  response.statusMessage = '';
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  const retryAfter = error instanceof WristbandException ? error.retryAfter : undefined;
  if (retryAfter !== undefined) response.setHeader('Retry-After', String(retryAfter));
  response.end(body);
}
