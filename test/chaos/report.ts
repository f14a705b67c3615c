import type { ChaosReport } from './simulation.js';

/** Violations whose traces are shown. */
const SHOWN = 10;

/** A report as text. */
export function textOf({ options, journal, longestLag }: ChaosReport): string {
  const { mode, seed, ms, users } = options;
  const { violations, answers, faults, remarks } = journal;
  const seconds = journal.now() / 1000;
  const total = sumOf([...answers.values()].flatMap((counts) => [...counts.values()]));
  return [
    `Chaos: mode ${mode}, seed ${seed}, ${users} users, ${ms / 1000} s of trouble (${seconds.toFixed(0)} s in all)`,
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
