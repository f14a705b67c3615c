import type { AuthStrategy } from '../interfaces/authentication.interface.js';

const KNOWN: readonly AuthStrategy[] = ['SESSION', 'JWT'];

/** @throws {TypeError} when the list is empty, names one twice, or one that there is not */
export function checkedStrategies(
  strategies: readonly AuthStrategy[],
  where: string,
): readonly AuthStrategy[] {
  const expected = "use 'SESSION', 'JWT' or both, in the order in which they are tried";
  if (strategies.length === 0) throw new TypeError(`${where} names no strategy; ${expected}`);
  const unknown = strategies.find((strategy) => !KNOWN.includes(strategy));
  if (unknown !== undefined) throw new TypeError(`${where} names ${JSON.stringify(unknown)}; ${expected}`);
  if (new Set(strategies).size < strategies.length)
    throw new TypeError(`${where} names a strategy twice; ${expected}`);
  return strategies;
}
