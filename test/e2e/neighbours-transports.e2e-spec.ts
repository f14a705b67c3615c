import http2 from 'node:http2';
import http, { type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { configure as serverlessExpress } from '@codegenie/serverless-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import express from 'express';
import { expect } from 'vitest';
import { Browser, type Exchange, type RequestOptions } from '../support/browser.js';
import { describeNeighbours, type Neighbour } from '../support/neighbours.js';
import type { TestApp } from '../support/test-app.js';

type Send = (
  target: URL,
  options: Required<Pick<RequestOptions, 'method' | 'headers'>> & { body?: string },
) => Promise<Exchange>;

/** A browser that reaches an application in another way than by HTTP/1.1; Wristband it reaches as usual. */
function browserOver(app: TestApp, send: Send): typeof Browser {
  return class extends Browser {
    protected override exchange(target: URL, options: RequestOptions): Promise<Exchange> {
      if (target.origin !== app.origin) return super.exchange(target, options);
      const { method = 'GET', headers = {}, body } = options;
      return send(target, { method, headers, ...(body !== undefined && body !== '' && { body }) });
    }
  };
}

const pathOf = ({ pathname, search }: URL) => `${pathname}${search}`;

const overHttp2 = (app: TestApp) =>
  browserOver(app, async (target, { method, headers: { host, ...headers }, body }) => {
    const session = http2.connect(`http://127.0.0.1:${target.port}`);
    try {
      const stream = session.request({
        ':method': method,
        ':path': pathOf(target),
        ':authority': String(host),
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      });
      const answered = new Promise<http2.IncomingHttpHeaders>((resolve, reject) => {
        stream.once('response', resolve).once('error', reject);
      });
      stream.end(body);
      const { ':status': statusCode, ...received } = await answered;
      const response = { statusCode: Number(statusCode), headers: received as IncomingHttpHeaders };
      let text = '';
      stream.setEncoding('utf8');
      for await (const chunk of stream) text += chunk;
      return { response, text };
    } finally {
      session.close();
    }
  });

const overInject = (app: TestApp) =>
  browserOver(app, async (target, { method, headers, body }) => {
    const instance = (app.app as NestFastifyApplication).getHttpAdapter().getInstance();
    const {
      statusCode,
      headers: received,
      payload,
    } = await instance.inject({
      method: method as 'GET',
      url: pathOf(target),
      headers: headers as Record<string, string>,
      ...(body !== undefined && { payload: body }),
    });
    const lines = received['set-cookie'];
    const setCookie = lines === undefined ? {} : { 'set-cookie': [lines].flat() };
    return {
      response: { statusCode, headers: { ...received, ...setCookie } as IncomingHttpHeaders },
      text: payload,
    };
  });

interface LambdaResult {
  readonly statusCode: number;
  readonly headers?: Record<string, string>;
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly cookies?: string[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** What API Gateway makes of requests, in both versions of its events. */
const overLambda = (version: '1.0' | '2.0') => (app: TestApp) => {
  const handler = serverlessExpress({
    app: app.app.getHttpAdapter().getInstance() as RequestListener,
  }) as unknown as (event: object, context: object) => Promise<LambdaResult>;
  return browserOver(app, async (target, { method, headers, body = null }) => {
    const event =
      version === '1.0' ? eventV1(target, method, headers, body) : eventV2(target, method, headers, body);
    const result = await handler(event, {});
    const { statusCode, body: encoded, isBase64Encoded } = result;
    const text = isBase64Encoded ? Buffer.from(encoded, 'base64').toString() : encoded;
    const single = Object.entries(result.headers ?? {});
    const several = Object.entries(result.multiValueHeaders ?? {}).map(
      ([name, values]) => [name, name === 'set-cookie' ? values : values.join(', ')] as const,
    );
    const cookies = result.cookies ? [['set-cookie', result.cookies] as const] : [];
    return {
      response: {
        statusCode,
        headers: Object.fromEntries<string | string[]>([...single, ...several, ...cookies]),
      },
      text,
    };
  });
};

type Headers = RequestOptions['headers'] & object;

function eventV1(target: URL, httpMethod: string, headers: Headers, body: string | null): object {
  const multiValueHeaders = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value].flat()]),
  );
  const queryStringParameters = Object.fromEntries(target.searchParams);
  const multiValueQueryStringParameters = Object.fromEntries(
    Object.entries(queryStringParameters).map(([name, value]) => [name, [value]]),
  );
  return {
    resource: '/{proxy+}',
    path: target.pathname,
    httpMethod,
    headers,
    multiValueHeaders,
    queryStringParameters,
    multiValueQueryStringParameters,
    body,
    isBase64Encoded: false,
    requestContext: { identity: { sourceIp: '127.0.0.1' } },
  };
}

function eventV2(target: URL, method: string, { cookie, ...headers }: Headers, body: string | null): object {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: target.pathname,
    rawQueryString: target.search.slice(1),
    headers,
    ...(cookie !== undefined && { cookies: String(cookie).split('; ') }),
    body,
    isBase64Encoded: false,
    requestContext: { http: { method, path: target.pathname, sourceIp: '127.0.0.1' } },
  };
}

const setsSeveralCookies: Neighbour['check'] = async ({ browser, base, post }) => {
  const before = await browser.cookies(base);
  expect(before.length).toBeGreaterThan(1);
  const { setCookies } = await post('/visit/cart', { item: 'more' });
  expect(setCookies.length).toBeGreaterThan(0);
};

/** A reverse proxy that tells the application another host, or another path, than the browser asked for. */
const behindProxy = (
  title: string,
  { prefix = '', ...rewrite }: { prefix?: string; headers: (port: number) => Record<string, string> },
): Neighbour => ({
  title: `a proxy that ${title}`,
  mount: async ({ port }) => {
    const proxy = http.createServer((req, res) => {
      const path = req.url!.slice(prefix.length);
      const headers = { ...req.headers, ...rewrite.headers(port) };
      const forwarded = http.request(
        { host: '127.0.0.1', port, method: req.method, path, headers, setHost: false },
        (response) => {
          res.writeHead(response.statusCode!, response.rawHeaders);
          response.pipe(res);
        },
      );
      req.pipe(forwarded);
    });
    const { port: own, close } = await listen(proxy);
    return { base: `http://localhost:${own}${prefix}`, close };
  },
});

async function listen(server: http.Server) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise<void>((resolve) => void server.close(() => resolve())) };
}

describeNeighbours([
  {
    title: 'HTTP/2',
    platforms: ['fastify'],
    adapter: () => new FastifyAdapter({ http2: true } as never),
    browser: overHttp2,
  },
  { title: 'inject()', platforms: ['fastify'], browser: overInject },
  {
    title: 'serverless-express (events of version 1)',
    platforms: ['express'],
    browser: overLambda('1.0'),
    check: setsSeveralCookies,
  },
  {
    title: 'serverless-express (events of version 2)',
    platforms: ['express'],
    browser: overLambda('2.0'),
    check: setsSeveralCookies,
  },
  {
    title: 'an Express application that mounts it below a path',
    platforms: ['express'],
    mount: async ({ app }) => {
      const outer = express();
      outer.use('/shop', app.getHttpAdapter().getInstance() as RequestListener);
      const { port, close } = await listen(http.createServer(outer));
      return { base: `http://localhost:${port}/shop`, close };
    },
  },
  behindProxy('names the host of the application', {
    headers: (port) => ({ host: `upstream.internal:${port}` }),
  }),
  behindProxy('leaves the port out', { headers: () => ({ host: 'localhost' }) }),
  behindProxy('writes the default port out', { headers: () => ({ host: 'localhost:80' }) }),
  behindProxy('strips a prefix', { prefix: '/shop', headers: () => ({}) }),
  behindProxy('lists hosts that are not trusted', {
    headers: () => ({ 'x-forwarded-host': 'evil.example, localhost', 'x-forwarded-proto': 'https,http' }),
  }),
]);
