import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestForm } from '../../../lib/http/request-form.js';

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

describe('the form of a request', () => {
  let server: Server;
  let url: string;
  /** What stands between the server and the form. */
  let before: (request: IncomingMessage & { body?: unknown }) => void | Promise<void>;
  let outcomes: unknown[];

  beforeAll(async () => {
    server = createServer((request, response) => {
      void (async () => {
        await before(request);
        const outcome = await requestForm(request);
        outcomes.push(outcome);
        response.end(JSON.stringify(outcome));
      })();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const post = async (
    body: string,
    prepare: typeof before = () => undefined,
    headers: Record<string, string> = FORM,
  ) => {
    before = prepare;
    outcomes = [];
    return (await fetch(url, { method: 'POST', body, headers })).json();
  };

  it.each<[string, unknown, object]>([
    ['an object', { a: '1' }, { a: '1' }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: '1' }), { a: '1' }],
    ['a text', 'a=1&b=%202', { a: '1', b: ' 2' }],
    ['bytes', Buffer.from('a=1'), { a: '1' }],
  ])('is what a parser left: %s', async (_, body, form) => {
    expect(await post('a=other', (request) => void (request.body = body))).toEqual({ form });
  });

  it.each<[string, string, object]>([
    ['one field', 'a=1', { a: '1' }],
    ['a field several times', 'a=1&b=2&a=3', { a: ['1', '3'], b: '2' }],
    ['nothing', '', {}],
    [
      'a name of every object',
      '__proto__=1&constructor=2',
      JSON.parse('{"__proto__":"1","constructor":"2"}'),
    ],
  ])('is read where nobody parsed it: %s', async (_, body, form) => {
    expect(await post(body)).toEqual({ form });
  });

  it('is found whatever the case of its type, and with a character set', async () => {
    const headers = { 'Content-Type': 'Application/X-WWW-Form-URLEncoded; charset=UTF-8' };

    expect(await post('a=1', undefined, headers)).toEqual({ form: { a: '1' } });
  });

  it.each<[string, Record<string, string>]>([
    ['JSON', { 'Content-Type': 'application/json' }],
    ['plain text', { 'Content-Type': 'text/plain' }],
    ['a type that only begins so', { 'Content-Type': 'application/x-www-form-urlencoded-not' }],
    ['a list of types', { 'Content-Type': 'text/plain, application/x-www-form-urlencoded' }],
  ])('is none in %s, also when a parser left an object', async (_, headers) => {
    const parsed = (request: { body?: unknown }) => void (request.body = { a: '1' });

    expect(await post('a=1', parsed, headers)).toEqual({ problem: expect.stringContaining('type') });
  });

  it('is none when somebody read it and left nothing', async () => {
    const read = async (request: IncomingMessage) => void (await request.toArray());

    expect(await post('a=1', read)).toEqual({ problem: expect.stringContaining('req.body') });
  });

  it('is none above 64 kB, and the connection stays for the answer', async () => {
    expect(await post(`a=${'x'.repeat(64 * 1024 - 2)}`)).toHaveProperty('form');
    expect(await post(`a=${'x'.repeat(64 * 1024 - 1)}`)).toEqual({
      problem: expect.stringContaining('large'),
    });
    expect(await post(`a=${'x'.repeat(5_000_000)}`)).toEqual({
      problem: expect.stringContaining('large'),
    });
  });

  it('is none when it breaks off', async () => {
    before = () => undefined;
    outcomes = [];
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: ${FORM['Content-Type']}\r\nContent-Length: 9`;
    socket.write(`${head}\r\n\r\na=1`, () => setTimeout(() => socket.destroy(), 50));

    await expect.poll(() => outcomes).toEqual([{ problem: expect.stringContaining('broke off') }]);
  });

  it('is none in a request that is not posted', async () => {
    before = () => undefined;

    expect(await (await fetch(`${url}?a=1`)).json()).toEqual({ problem: expect.any(String) });
  });
});
