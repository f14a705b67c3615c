import type { Journal } from './journal.js';

/** Violations whose traces are shown. */
const SHOWN = 10;

export interface Report {
  readonly title: string;
  readonly journal: Journal;
  /** The longest that this process was kept from its work, in milliseconds. */
  readonly longestLag: number;
}

/** A report as text. */
export function textOf({ title, journal, longestLag }: Report): string {
  const { violations, answers, faults, remarks } = journal;
  const seconds = journal.now() / 1000;
  const total = sumOf([...answers.values()].flatMap((counts) => [...counts.values()]));
  return [
    `${title} (${seconds.toFixed(0)} s in all)`,
    `${total} operations, ${(total / seconds).toFixed(0)} a second; longest pause of this process ${longestLag.toFixed(0)} ms`,
    '',
    ...[...answers].flatMap(([operation, counts]) => [
      `  ${operation}: ${sumOf([...counts.values()])}`,
      ...lines(counts, '    '),
    ]),
    '',
    'Faults',
    ...lines(faults, '  '),
    '',
    'Remarks',
    ...lines(remarks, '  '),
    '',
    `Violations: ${violations.length}`,
    ...lines(countKinds(violations), '  '),
    ...violations
      .slice(0, SHOWN)
      .flatMap(({ kind, user, text, trace }) => [
        '',
        `${user}: ${kind}: ${text}`,
        ...trace.map((line) => `  ${line}`),
      ]),
  ].join('\n');
}

function lines(counts: ReadonlyMap<string, number>, indent: string): string[] {
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  return sorted.map(([name, count]) => `${indent}${String(count).padStart(6)}  ${name}`);
}

function countKinds(violations: readonly { readonly kind: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { kind } of violations) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}
