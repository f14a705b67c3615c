import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { authorizationHeaders } from '../../../lib/http/http-request.js';
import { bearerToken } from '../../../lib/jwt/bearer-token.js';

describe('bearerToken', () => {
  it.each(['Bearer abc', 'bearer abc', 'BEARER abc', 'bEaReR   abc'])('reads %j', (header) => {
    expect(bearerToken([header])).toEqual({ type: 'token', token: 'abc' });
  });

  it('takes every character of a token and padding at its end', () => {
    const token = 'aZ09-._~+/.x==';

    expect(bearerToken([`Bearer ${token}`])).toEqual({ type: 'token', token });
  });

  it.each([[[]], [['']], [['Basic YTpi']], [['Bearerabc def']], [['Bearer-x abc']], [['abc']]])(
    'finds none in %j',
    (headers) => {
      expect(bearerToken(headers)).toEqual({ type: 'absent' });
    },
  );

  it.each([
    ['no token', 'Bearer'],
    ['spaces alone', 'Bearer  '],
    ['two tokens', 'Bearer abc def'],
    ['a list', 'Bearer abc, Bearer def'],
    ['a list without spaces', 'Bearer abc,def'],
    ['a comma behind the scheme', 'Bearer,abc'],
    ['a tab', 'Bearer\tabc'],
    ['a space behind the token', 'Bearer abc '],
    ['quotes', 'Bearer "abc"'],
    ['a parameter', 'Bearer token=abc'],
    ['padding in the middle', 'Bearer a=b'],
    ['padding alone', 'Bearer =='],
    ['a line break', 'Bearer abc\n'],
    ['a zero byte', 'Bearer abc\0'],
    ['letters beyond ASCII', 'Bearer äöü'],
    ['a look-alike letter', 'Bearer abſ'],
    ['more than 16 kB', `Bearer ${'a'.repeat(16 * 1024)}`],
  ])('calls %s malformed', (_title, header) => {
    expect(bearerToken([header])).toEqual({ type: 'malformed' });
  });

  it('does not guess which of two headers counts', () => {
    expect(bearerToken(['Bearer abc', 'Bearer abc'])).toEqual({ type: 'malformed' });
    expect(bearerToken(['Basic YTpi', 'Bearer abc'])).toEqual({ type: 'malformed' });
  });

  it.each(['=', ' ', 'a=', 'a'])('is not slowed down by a long row of %j', (letter) => {
    const header = `Bearer ${letter.repeat(8000)}!`;
    const before = process.cpuUsage();
    for (let time = 0; time < 100; time += 1) bearerToken([header]);

    expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000);
  });
});

describe('authorizationHeaders', () => {
  /** What a server sees of a request with these headers. */
  async function seen(headers: Record<string, string | string[]>, change?: string): Promise<string[]> {
    const found: string[][] = [];
    const server = createServer((incoming, response) => {
      if (change !== undefined) incoming.headers.authorization = change;
      found.push(authorizationHeaders({ raw: incoming }));
      response.end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    await new Promise((done, fail) =>
      request({ port, host: '127.0.0.1', headers, agent: false }, (response) =>
        response.resume().on('end', done),
      )
        .on('error', fail)
        .end(),
    );
    await new Promise((done) => server.close(done));
    return found.flat();
  }

  it('finds none, one, and both of two', async () => {
    expect(await seen({})).toEqual([]);
    expect(await seen({ AUTHORIZATION: 'Bearer a' })).toEqual(['Bearer a']);
    expect(await seen({ authorization: ['Bearer a', 'Bearer b'] })).toEqual(['Bearer a', 'Bearer b']);
  });

  it('takes what the application put in its place', async () => {
    expect(await seen({}, 'Bearer mine')).toEqual(['Bearer mine']);
    expect(await seen({ authorization: 'Bearer a' }, 'Bearer mine')).toEqual(['Bearer mine']);
  });
});
