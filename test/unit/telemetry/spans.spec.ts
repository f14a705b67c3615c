import { trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Spans } from '../../../lib/telemetry/spans.js';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
});
afterAll(() => trace.disable());

it.each<[title: string, thrown: unknown, errorType: string]>([
  ['an error', new RangeError('Bearer abc'), 'RangeError'],
  ['no error', 'Bearer abc', 'error'],
])('a span of a call that throws %s has its kind, and nothing that it says', async (_title, thrown, type) => {
  exporter.reset();
  const spans = await Spans.load();

  const call = spans.around('call', { 'call.number': 1 }, () => Promise.reject(thrown));

  await expect(call).rejects.toBe(thrown);
  const [span] = exporter.getFinishedSpans();
  expect(span).toMatchObject({ name: 'call', attributes: { 'call.number': 1, 'error.type': type } });
  expect(JSON.stringify([span?.attributes, span?.events, span?.status])).not.toContain('Bearer');
});
