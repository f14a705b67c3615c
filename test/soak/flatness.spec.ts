import { expect, it } from 'vitest';
import type { Gauge } from '../cluster/worker-process.js';
import { trendsOf } from './flatness.js';

const MB = 2 ** 20;
const steady: Gauge = { heap: 60 * MB, resident: 200 * MB, handles: 40, middle: 6, long: 12 };

/** Thirty looks at a process, of which one value grows evenly, in all by a factor. */
function growing(name: keyof Gauge, factor: number): Gauge[] {
  return Array.from({ length: 30 }, (_, index) => ({
    ...steady,
    [name]: steady[name] * (1 + ((factor - 1) * index) / 29),
  }));
}

it('calls a process flat that stays as it was', () => {
  expect(trendsOf(growing('heap', 1)).map(({ isFlat }) => isFlat)).toEqual([true, true, true, true, true]);
});

it('does not mind what happens while it warms up', () => {
  const cold = { ...steady, heap: 10 * MB, handles: 4 };
  const gauges = growing('heap', 1).map((gauge, index) => (index < 9 ? cold : gauge));
  expect(trendsOf(gauges).every(({ isFlat }) => isFlat)).toBe(true);
});

it.each([
  ['heap', 1.5],
  ['resident', 1.5],
  ['handles', 3],
  ['middle', 4],
  ['long', 20],
] as const)('finds that %s grows', (name, factor) => {
  const grown = trendsOf(growing(name, factor)).filter(({ isFlat }) => !isFlat);
  expect(grown.map((trend) => trend.name)).toEqual([name]);
});

it('does not count one bad moment', () => {
  const gauges = growing('long', 1).map((gauge, index) => (index === 28 ? { ...gauge, long: 900 } : gauge));
  expect(trendsOf(gauges).every(({ isFlat }) => isFlat)).toBe(true);
});
