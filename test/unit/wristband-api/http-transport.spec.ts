import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { ResolvedOptions } from '../../../lib/config/resolved-options.js';
import { WristbandEvents } from '../../../lib/events/wristband-events.js';
import type { WristbandEvent } from '../../../lib/index.js';
import { Spans } from '../../../lib/telemetry/spans.js';
import { HttpTransport } from '../../../lib/wristband-api/http-transport.js';
import { recordSpans } from '../../support/spans.js';

const spans = recordSpans();

const request = { method: 'POST', path: '/oauth2/token', isRepeatable: false } as const;
const silent = { log() {}, warn() {}, error() {} };

async function send(fetch: typeof globalThis.fetch | undefined, more: Partial<ResolvedOptions> = {}) {
  const events: WristbandEvent[] = [];
  const options = {
    wristbandApplicationVanityDomain: 'invotastic.us.wristband.dev',
    logger: silent,
    onEvent: (event: WristbandEvent) => void events.push(event),
    http: { timeout: 300, ...(fetch && { fetch }) },
    ...more,
  } as ResolvedOptions;
  const transport = new HttpTransport(options, new WristbandEvents(options), new Spans());
  const outcome = await transport.send(request).catch((error: unknown) => error);
  return { outcome, events, attributes: spans()[0]?.attributes };
}

const withCode = (code: string, message = '') =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(message), { code }) });

describe('a call that cannot be made', () => {
  it.each<[title: string, thrown: unknown, reason: string, errorType: string]>([
    ['a refused connection', withCode('ECONNREFUSED'), 'failed with ECONNREFUSED', 'ECONNREFUSED'],
    [
      'http where https is spoken',
      withCode('ERR_SSL_WRONG_VERSION_NUMBER'),
      'speaks http, not https (for an emulator set dangerouslyAllowInsecureRequests)',
      'ERR_SSL_WRONG_VERSION_NUMBER',
    ],
    ['patience that ends', new DOMException('', 'TimeoutError'), 'did not answer in time', 'TimeoutError'],
    ['a cause without a code', new Error('outer', { cause: new Error('inner') }), 'failed: inner', 'Error'],
    ['an error without a cause', new RangeError('too far'), 'failed: too far', 'RangeError'],
    ['something that is no error', 'a text', 'failed', 'error'],
  ])('says of %s how it failed', async (_title, thrown, reason, errorType) => {
    const { outcome, events, attributes } = await send(() => Promise.reject(thrown));

    expect(outcome).toMatchObject({ code: 'wristband_unavailable', retryAfter: 5 });
    expect(events).toEqual([{ type: 'wristband.unavailable', path: '/oauth2/token', reason }]);
    expect(attributes).toMatchObject({ 'error.type': errorType });
    expect(attributes).not.toHaveProperty('http.response.status_code');
  });
});

describe('a call that gets no whole answer', () => {
  it.each(['gzip', 'br'])('ends in time when it says %s and is not that', async (encoding) => {
    const server = createServer((_, response) => {
      response.socket?.end(
        `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: ${encoding}\r\n\r\n{"a":1}`,
      );
    }).listen(0);
    await once(server, 'listening');
    const domain = `localhost:${(server.address() as AddressInfo).port}`;

    const { outcome } = await send(undefined, {
      wristbandApplicationVanityDomain: domain,
      dangerouslyAllowInsecureRequests: true,
    });
    server.close();

    expect(outcome).toMatchObject({ code: 'wristband_unavailable' });
  });

  it('ends in time when the fetch of the application does not know the signal', async () => {
    const { outcome, events } = await send(() => new Promise<Response>(() => undefined));

    expect(outcome).toMatchObject({ code: 'wristband_unavailable' });
    expect(events).toMatchObject([{ reason: 'did not answer in time' }]);
  });
});

describe('the span of a call', () => {
  it.each([
    ['https', 'invotastic.us.wristband.dev', false, 'invotastic.us.wristband.dev', 443],
    ['a port', 'invotastic.us.wristband.dev:8443', false, 'invotastic.us.wristband.dev', 8443],
    ['http', 'invotastic.localhost', true, 'localhost', 80],
  ])('names the server: %s', async (_title, domain, isInsecure, address, port) => {
    const { outcome, attributes } = await send(() => Promise.resolve(new Response('{}', { status: 400 })), {
      wristbandApplicationVanityDomain: domain,
      dangerouslyAllowInsecureRequests: isInsecure,
    });

    expect(outcome).toEqual({ status: 400, json: {} });
    expect(attributes).toMatchObject({
      'server.address': address,
      'server.port': port,
      'http.request.method': 'POST',
      'http.response.status_code': 400,
      'error.type': '400',
    });
  });
});

it('takes an answer of the fetch of the application that is no promise', async () => {
  const { outcome } = await send((() => new Response('{}')) as never);

  expect(outcome).toMatchObject({ status: 200 });
});
