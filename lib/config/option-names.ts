import type { WristbandModuleExtras } from '../interfaces/wristband-options.interface.js';

/** The names of all options by group; those of the top level are under the empty name. */
export type OptionNames = Readonly<Record<string, readonly string[]>>;

const MAX_TYPOS = 2;
/** What is fixed when the module is defined. */
const EXTRAS: readonly (keyof WristbandModuleExtras)[] = ['name', 'isGlobal', 'globalGuard', 'routes'];

/** What to say about a name that is no option of a group: where it belongs, what was meant, or just that. */
export function unknownOptionMessage(name: string, group: string, known: OptionNames): string {
  const home = Object.keys(known).find((other) => known[other]?.includes(name));
  if (home !== undefined) {
    return `is not an option here; it belongs ${home === '' ? 'at the top level' : `under ${home}`}`;
  }
  if (EXTRAS.some((extra) => extra === name)) return 'belongs beside useFactory, not into what it returns';
  const meant = closest(name, known[group] ?? []);
  return `is not an option; ${meant === undefined ? 'check the spelling' : `did you mean ${meant}?`}`;
}

function closest(name: string, candidates: readonly string[]): string | undefined {
  for (let typos = 0; typos <= MAX_TYPOS; typos += 1) {
    const found = candidates.find((one) => isWithin(typos, one.toLowerCase(), name.toLowerCase()));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether one text becomes the other by so many letters added, removed or replaced. */
function isWithin(typos: number, a: string, b: string): boolean {
  if (a === '' || b === '') return a.length + b.length <= typos;
  const [restA, restB] = [a.slice(1), b.slice(1)];
  if (a[0] === b[0]) return isWithin(typos, restA, restB);
  if (typos === 0) return false;
  return [
    [restA, b],
    [a, restB],
    [restA, restB],
  ].some(([nextA = '', nextB = '']) => isWithin(typos - 1, nextA, nextB));
}
