import { expect, it } from 'vitest';
import { Spans } from '../../../lib/telemetry/spans.js';
import { recordSpans } from '../../support/spans.js';

const spans = recordSpans();

it.each<[title: string, thrown: unknown, errorType: string]>([
  ['an error', new RangeError('Bearer abc'), 'RangeError'],
  ['no error', 'Bearer abc', 'error'],
])('a span of a call that throws %s has its kind, and nothing that it says', async (_title, thrown, type) => {
  const telemetry = new Spans();

  const call = telemetry.around('call', { 'call.number': 1 }, () => Promise.reject(thrown));

  await expect(call).rejects.toBe(thrown);
  const [span] = spans();
  expect(span).toMatchObject({ name: 'call', attributes: { 'call.number': 1, 'error.type': type } });
  expect(JSON.stringify([span?.attributes, span?.events, span?.status])).not.toContain('Bearer');
});
