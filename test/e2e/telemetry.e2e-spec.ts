import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { MemorySessionStore } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import { SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

let emulator: WristbandEmulator;
let app: TestApp;
beforeAll(async () => {
  emulator = await startWristbandEmulator();
  app = await startTestApp({
    emulator,
    options: { session: { secrets: SESSION_SECRET, secure: false, store: new MemorySessionStore() } },
    configure: (application) => {
      // As an instrumentation of the server does: everything in a request is below its span.
      application.use((_req: unknown, _res: unknown, next: () => void) =>
        trace.getTracer('test').startActiveSpan('request', (span) => {
          next();
          span.end();
        }),
      );
    },
  });
  // After the application, as some do: what it got before counts from now on.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
});
afterEach(() => {
  emulator.heal();
  exporter.reset();
});
afterAll(async () => {
  trace.disable();
  context.disable();
  await app.close();
  await emulator.close();
});

async function signInOnce(): Promise<void> {
  await signIn(new Browser(), `${app.origin}/api/auth/login?tenant_name=acme`, emulator.users[0]!);
}

it('makes client spans around the calls to Wristband and to the store, below the active span', async () => {
  await signInOnce();

  const spans = exporter.getFinishedSpans();
  const below = spans.filter(({ name }) => name !== 'request');
  const requests = new Set(
    spans.filter(({ name }) => name === 'request').map((span) => span.spanContext().spanId),
  );
  expect(below.every(({ parentSpanContext }) => requests.has(parentSpanContext?.spanId ?? ''))).toBe(true);
  expect(below.every(({ kind }) => kind === SpanKind.CLIENT)).toBe(true);
  const names = below.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      'POST /api/v1/oauth2/token',
      'GET /api/v1/oauth2/userinfo',
      'session_store write',
    ]),
  );
  const { hostname, port } = new URL(emulator.origin);
  const token = below.find(({ name }) => name.endsWith('/oauth2/token'));
  expect(token?.attributes).toEqual({
    'http.request.method': 'POST',
    'http.response.status_code': 200,
    'server.address': hostname.replace(/^.*\.localhost$/, 'localhost'),
    'server.port': Number(port),
    'url.full': `http://localhost:${port}/api/v1/oauth2/token`,
  });
  const write = below.find(({ name }) => name === 'session_store write');
  expect(write?.attributes).toEqual({ 'db.operation.name': 'write' });
});

it.each([
  ['an answer', { kind: 'status', status: 400 } as const, '400', 1],
  ['trouble, with each try', { kind: 'status', status: 503 } as const, '503', 3],
  ['a broken connection', { kind: 'reset' } as const, 'UND_ERR_SOCKET', 1],
])('says what went wrong with %s', async (_, fault, errorType, tries) => {
  emulator.fail('token', fault);

  await signInOnce();

  const spans = exporter.getFinishedSpans().filter(({ name }) => name.endsWith('/oauth2/token'));
  expect(spans).toHaveLength(tries);
  expect(spans.map(({ status }) => status)).toEqual(spans.map(() => ({ code: SpanStatusCode.ERROR })));
  expect(spans.map(({ attributes }) => attributes['error.type'])).toEqual(spans.map(() => errorType));
  expect(spans.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual(
    [undefined, 1, 2].slice(0, tries),
  );
});
