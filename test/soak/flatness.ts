import type { Gauge } from '../cluster/worker-process.js';

/** Part of the run in which a process finds its size. */
const WARM_UP = 0.3;
interface Tolerance {
  /** By which factor, and by how much more, it may be larger or later at the end than after the warm-up. */
  readonly factor: number;
  readonly more: number;
  /** Of a part of the run the least value counts: requests that wait for something that fails have handles of their own. */
  readonly isLeast?: boolean;
}

const MOST: Readonly<Record<keyof Gauge, Tolerance>> = {
  heap: { factor: 1.1, more: 0 },
  resident: { factor: 1.15, more: 0 },
  handles: { factor: 1.2, more: 10, isLeast: true },
  middle: { factor: 1.5, more: 2 },
  long: { factor: 1.5, more: 20 },
};

export interface Trend {
  readonly name: keyof Gauge;
  /** The middle or least value of the fifth of the run that follows the warm-up, and of its last fifth. */
  readonly early: number;
  readonly late: number;
  readonly isFlat: boolean;
}

/** What became of a process while it ran. */
export function trendsOf(gauges: readonly Gauge[]): Trend[] {
  const fifth = Math.max(Math.ceil(gauges.length / 5), 1);
  const start = Math.floor(gauges.length * WARM_UP);
  return (Object.keys(MOST) as (keyof Gauge)[]).map((name) => {
    const early = valueOf(gauges.slice(start, start + fifth), name);
    const late = valueOf(gauges.slice(-fifth), name);
    const { factor, more } = MOST[name];
    return { name, early, late, isFlat: late <= early * factor + more };
  });
}

function valueOf(gauges: readonly Gauge[], name: keyof Gauge): number {
  const values = gauges.map((gauge) => gauge[name]).toSorted((one, other) => one - other);
  return values[MOST[name].isLeast ? 0 : Math.floor(values.length / 2)] ?? 0;
}
