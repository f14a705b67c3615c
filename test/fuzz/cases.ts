import fc, { type IRawProperty } from 'fast-check';

/** `npm test` always tries the same cases; `npm run fuzz` sets a seed. */
export const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
/** How many times as many cases as `npm test` tries; below 1 only a few, which do not get everywhere. */
export const TIMES = Number(process.env['FUZZ_TIMES'] ?? 1);

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
  const details = await fc.check(property, { numRuns: Math.ceil(runs * TIMES), seed: SEED });
  if (details.failed) throw new Error(fc.defaultReportMessage(details));
  return details.numRuns;
}
