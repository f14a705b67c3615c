import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallbackData } from '../../../lib/index.js';
import { type Handler, SessionServer } from '../../support/session-server.js';

const GRACE = { userId: 'grace', tenantId: 'acme' };
const SIGN_IN: CallbackData = {
  userInfo: { ...GRACE, applicationId: 'app', identityProviderName: 'wristband' },
  accessToken: 'access-token',
  idToken: 'id-token',
  expiresAt: 1,
  expiresIn: 1,
  tenantName: 'acme',
};
const TOO_LARGE = 'x'.repeat(5000);
const signIn: Handler = ({ session }) => session.fromCallback(SIGN_IN);

let server: SessionServer;
beforeEach(async () => {
  server = await SessionServer.start();
});
afterEach(() => server.close());

const eventTypes = () => server.events.map(({ type }) => type);

describe('the session of a request', () => {
  it('is written as the response begins, once, in a response that no cache keeps', async () => {
    const { headers, setCookies } = await server.request(signIn);

    expect(setCookies).toHaveLength(1);
    expect(headers['cache-control']).toBe('private, no-store');
    expect(headers.vary).toBe('Cookie');
    expect(headers.pragma).toBeUndefined();
    expect(server.events).toEqual([{ type: 'session.created', ...GRACE }]);
    expect(await server.fields()).toMatchObject(GRACE);
  });

  it('is not written again when nothing became of it, and nothing is told', async () => {
    await server.request(signIn);
    server.reset();

    const { setCookies, headers } = await server.request(({ prepare }) => prepare());

    expect(setCookies).toEqual([]);
    expect(headers.vary).toBe('Cookie');
    expect([server.events, server.logs]).toEqual([[], []]);
  });

  it('forbids even old caches to keep a response that hands out its tokens', async () => {
    await server.request(signIn);

    const { headers } = await server.request(({ session }) => session.getTokenResponse());

    expect(headers).toMatchObject({ 'cache-control': 'private, no-store', pragma: 'no-cache' });
  });

  it('tells why it ended', async () => {
    await server.request(signIn);
    server.reset();

    await server.request(({ session }) => session.clear());

    expect(server.events).toEqual([{ type: 'session.destroyed', reason: 'signed_out', ...GRACE }]);
    expect(await server.fields()).toEqual({});
  });

  it('takes the newest of what a handler does to it, also after it was prepared', async () => {
    await server.request(async ({ session, prepare }) => {
      session.a = 1;
      await prepare();
      session.a = 2;
    });

    expect(await server.fields()).toEqual({ a: 2 });
    expect(eventTypes()).toEqual(['session.created']);
  });
});

describe('the tokens of a session in a cookie', () => {
  it('are exchanged by each process', async () => {
    await server.request(signIn);
    const tokens = { accessToken: 'new', expiresAt: 2, expiresIn: 1 };

    await server.request(async ({ request, manager }) => {
      const exchange = async (refreshToken: string) => ({ ...tokens, refreshToken });
      expect(await manager.renewTokens(request, 'rotated', exchange)).toEqual({
        ...tokens,
        refreshToken: 'rotated',
      });
    });
  });
});

describe('a session that cannot be written', () => {
  it('is an error of its handler, and told once', async () => {
    await server.request(signIn);
    server.reset();

    const { status, text, setCookies } = await server.request(({ session, prepare }) => {
      session.a = TOO_LARGE;
      return prepare();
    });

    expect([status, text]).toEqual([500, 'session_too_large']);
    expect(setCookies).toEqual([]);
    expect(server.events).toEqual([
      { type: 'session.too_large', problem: expect.stringContaining('a (5002 bytes)'), ...GRACE },
    ]);
    expect(server.logs).toEqual([]);
  });

  it('is told to the log where no handler could be told', async () => {
    await server.request(signIn);
    server.reset();

    const { status } = await server.request(({ session }) => void (session.a = TOO_LARGE));

    expect(status).toBe(200);
    expect(server.events).toEqual([
      { type: 'session.too_large', problem: expect.stringContaining('a (5002 bytes)'), ...GRACE },
      { type: 'session.lost_write', reason: 'session_too_large', ...GRACE },
    ]);
    expect(server.logs).toEqual([
      expect.stringMatching(/^The session could not be written: The session needs/),
    ]);
  });

  it('is told again when it cannot be written for another reason than its handler knows', async () => {
    await server.request(({ session, prepare, response }) => {
      session.a = TOO_LARGE;
      expect(prepare).toThrow('does not fit');
      session.a = new Map();
      response.end();
    });

    expect(eventTypes()).toEqual(['session.too_large', 'session.not_serializable', 'session.lost_write']);
    expect(server.logs).toEqual([expect.stringContaining('a: a Map')]);
  });

  it('can be made small again', async () => {
    await server.request(({ session, prepare }) => {
      session.a = TOO_LARGE;
      expect(prepare).toThrow('does not fit');
      session.a = 'small';
    });

    expect(await server.fields()).toEqual({ a: 'small' });
    expect(server.logs).toEqual([]);
  });
});

it('tells the handler of a value that fails when it is turned into text', async () => {
  const server = await SessionServer.start();
  await server.request(({ session }) => void (session.cart = { total: 1 }));
  server.reset();
  const boom = () => {
    throw new Error('boom');
  };

  await server.request(({ session, prepare }) => {
    session.cart = { toJSON: boom };
    expect(() => prepare()).toThrow('The session cannot be written');
    session.cart = { total: 2 };
  });

  server.close();
});

describe('a session after the headers', () => {
  const LOST = 'The session was changed after the response headers had been sent: the change is lost';

  it('cannot be written, and its change is told to the log', async () => {
    await server.request(signIn);
    server.reset();

    await server.request(({ session, response }) => {
      response.flushHeaders();
      session.a = 1;
    });

    expect(server.logs).toEqual([LOST]);
    expect(server.events).toEqual([{ type: 'session.lost_write', reason: 'headers_sent', ...GRACE }]);
    expect(await server.fields()).not.toHaveProperty('a');
  });

  it('says whose session was, when nothing of it is left', async () => {
    await server.request(signIn);
    server.reset();

    await server.request(({ session, response }) => {
      response.flushHeaders();
      session.clear();
    });

    expect(server.events).toEqual([{ type: 'session.lost_write', reason: 'headers_sent', ...GRACE }]);
  });

  it('says who signed in too late', async () => {
    await server.request(({ session, response }) => {
      response.flushHeaders();
      session.fromCallback(SIGN_IN);
    });

    expect(server.events).toEqual([{ type: 'session.lost_write', reason: 'headers_sent', ...GRACE }]);
  });

  it('knows nobody where nobody was signed in', async () => {
    await server.request(({ session, response }) => {
      response.flushHeaders();
      session.a = 1;
    });

    expect(server.events).toEqual([{ type: 'session.lost_write', reason: 'headers_sent' }]);
  });

  it("is nobody's concern when it stays as it is", async () => {
    await server.request(({ session, response }) => {
      session.a = 1;
      response.write('done');
      session.a = 1;
    });

    expect(server.logs).toEqual([]);
  });

  it('fails no handler any more', async () => {
    const { text } = await server.request(({ session, response, prepare }) => {
      response.write('begun, ');
      session.a = new Map();
      void prepare();
    });

    expect(text).toBe('begun, done');
    expect(server.logs).toEqual([LOST]);
  });

  it('loses nothing when the browser goes away before the response begins', async () => {
    const gone = server.request(async ({ session, response, prepare }) => {
      session.a = 1;
      await prepare();
      session.a = 2;
      response.destroy();
    });

    await expect(gone).rejects.toThrow();
    await server.handled;
    expect(server.logs).toEqual([]);
  });
});

describe('a session that is opened after the headers', () => {
  it.each([true, false])('is told about when it is changed (%s)', async (isChanged) => {
    await server.request(signIn);
    server.reset();

    const { setCookies } = await server.request(
      ({ session, prepare }) => {
        if (isChanged) session.a = 1;
        return prepare();
      },
      (response) => response.flushHeaders(),
    );

    expect(setCookies).toEqual([]);
    expect(eventTypes()).toEqual(isChanged ? ['session.lost_write'] : []);
  });
});
