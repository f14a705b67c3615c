import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lineDiff } from '../../../lib/cli/init/line-diff.js';

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join('');

it('says nothing about equal texts', () => {
  expect(lineDiff('', '')).toEqual([]);
  expect(lineDiff('a\nb\n', 'a\nb\n')).toEqual([]);
});

it('shows a new file from its first line', () => {
  expect(lineDiff('', 'a\nb\n')).toEqual(['@@ -0,0 +1,2 @@', '+a', '+b']);
});

it('shows three lines around a change, and changes that are far apart by themselves', () => {
  const before = numbers(1, 30);
  const after = before.replace('5\n', 'five\n').replace('\n25\n', '\n');

  const hunks = '@@ -2,7 +2,7 @@| 2| 3| 4|-5|+five| 6| 7| 8|@@ -22,7 +22,6 @@| 22| 23| 24|-25| 26| 27| 28';
  expect(lineDiff(before, after)).toEqual(hunks.split('|'));
});

it('holds all that is needed to make one text of the other', () => {
  const line = fc.constantFrom('a', 'b', 'c', '');
  const texts = fc.array(line, { maxLength: 25 }).map((lines) => lines.map((one) => `${one}\n`).join(''));

  fc.assert(
    fc.property(texts, texts, (before, after) => {
      expect(patched(before, lineDiff(before, after))).toBe(after);
    }),
    { numRuns: 500 },
  );
});

/** Applies a diff as patch does, without looking for lines that have moved. */
function patched(before: string, diff: readonly string[]): string {
  const old = before.split('\n').slice(0, -1);
  const result: string[] = [];
  let read = 0;
  for (const line of diff) {
    const [, start, length] = /^@@ -(\d+),(\d+) /.exec(line) ?? [];
    if (start !== undefined) {
      const first = Number(start) - (length === '0' ? 0 : 1);
      result.push(...old.slice(read, first));
      read = first;
    } else if (line.startsWith('+')) result.push(line.slice(1));
    else {
      expect(old[read]).toBe(line.slice(1));
      if (line.startsWith(' ')) result.push(line.slice(1));
      read++;
    }
  }
  result.push(...old.slice(read));
  return result.map((one) => `${one}\n`).join('');
}
