import { randomInt } from 'node:crypto';
import fc, { type IRawProperty } from 'fast-check';

/** New cases with every run, and those of an earlier one again with `FUZZ_SEED=…`. */
export const SEED = Number(process.env['FUZZ_SEED'] ?? randomInt(2 ** 31));
/** `FUZZ_TIMES=10` looks at ten times as many. */
export const TIMES = Number(process.env['FUZZ_TIMES'] ?? 1);

console.info(`FUZZ_SEED=${SEED}`);

/** What must hold for whatever a module is given. */
export interface FuzzRule {
  /** The file below `lib`, without its ending. */
  readonly module: string;
  /** The end of a sentence about it. */
  readonly holds: string;
  readonly runs: number;
  readonly property: IRawProperty<unknown>;
}

export function rule<T, IsAsync extends boolean>(
  module: string,
  holds: string,
  runs: number,
  property: IRawProperty<T, IsAsync>,
): FuzzRule {
  return { module, holds, runs, property: property as IRawProperty<unknown> };
}

/** Tries a rule; answers how many cases there really were. */
export async function tried({ property, runs }: Pick<FuzzRule, 'property' | 'runs'>): Promise<number> {
  const details = await fc.check(property, { numRuns: runs * TIMES, seed: SEED });
  if (details.failed) throw new Error(fc.defaultReportMessage(details));
  return details.numRuns;
}
