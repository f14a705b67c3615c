import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { WristbandEvents } from '../../../lib/events/wristband-events.js';
import { secretSink } from '../../support/secret-sink.js';
import { SecretWatch } from '../../support/secret-watch.js';

const TOKEN = 'head-of-a-token.body-of-the-token.signature-of-the-token';

it('finds a secret in a line, as a whole or by its last part, and does not repeat it', () => {
  const watch = new SecretWatch();
  watch.addSecret(TOKEN);
  watch.addLine(`whole: ${TOKEN}`);
  watch.addLine('part: signature-of-the-token');
  watch.addLine('nothing: head-of-a-token');

  expect(watch.leaks()).toEqual(['whole: █', 'part: █']);
});

it('leaves out what is too short to be told from chance, and what is no text', () => {
  const watch = new SecretWatch();
  watch.addSecret('short');
  watch.addSecret(undefined);
  watch.addLine('short undefined');

  expect(watch.leaks()).toEqual([]);
});

const server = createServer((_, response) => {
  response.setHeader('Set-Cookie', 'session=the-value-of-a-cookie-that-is-set; Path=/');
  response.setHeader('Location', '/callback?code=an-authorization-code-of-wristband&state=x');
  response.setHeader('Content-Type', 'application/json');
  response.write('{"refresh_token":"a-refresh-token-');
  response.end('in-two-pieces"}');
});
afterEach(() => void server.close());

it.each([
  ['a cookie that is set', 'the-value-of-a-cookie-that-is-set'],
  ['an authorization code', 'an-authorization-code-of-wristband'],
  ['a token in an answer', 'a-refresh-token-in-two-pieces'],
  ['a cookie of a request', 'the-value-of-a-cookie-that-comes'],
  ['the secret of the client', 'a-client-secret-of-32-characters'],
  ['nothing', undefined],
])('sees in the traffic of this process, and finds in log and events: %s', async (_, secret) => {
  secretSink.clear();
  const events = new WristbandEvents({ logger: { log() {}, error() {}, warn() {} } } as never);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const authorization = `Basic ${Buffer.from('client:a-client-secret-of-32-characters').toString('base64')}`;
  const headers = { cookie: 'a=b; session=the-value-of-a-cookie-that-comes', authorization };
  await fetch(`http://127.0.0.1:${port}/`, { headers, redirect: 'manual' }).then((answer) => answer.text());

  events.warn(`careless: ${secret}`);
  events.emit({ type: 'refresh.refused', reason: String(secret) });

  const event = '{"type":"refresh.refused","reason":"█"}';
  const expected = ['careless: █', expect.stringContaining('"reason":"█"'), event];
  expect(secretSink.leaks()).toEqual(secret === undefined ? [] : expected);
});
