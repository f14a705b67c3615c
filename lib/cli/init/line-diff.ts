const CONTEXT = 3;

interface DiffLine {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/**
 * What changes from one text to another, as a unified diff without file names.
 *
 * @returns one entry per line; none when nothing changes
 */
export function lineDiff(before: string, after: string): string[] {
  const lines = compare(linesOf(before), linesOf(after));
  const result: string[] = [];
  let [oldLine, newLine] = [1, 1];
  for (let at = 0; at < lines.length;) {
    const end = hunkEnd(lines, at);
    if (end === at) {
      at++;
      oldLine++;
      newLine++;
      continue;
    }
    const hunk = lines.slice(at, end);
    const oldLength = hunk.filter(({ sign }) => sign !== '+').length;
    const newLength = hunk.filter(({ sign }) => sign !== '-').length;
    result.push(`@@ -${position(oldLine, oldLength)} +${position(newLine, newLength)} @@`);
    result.push(...hunk.map(({ sign, text }) => sign + text));
    oldLine += oldLength;
    newLine += newLength;
    at = end;
  }
  return result;
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** As diff writes it: a side without lines is counted from the line before. */
function position(line: number, length: number): string {
  return `${length === 0 ? line - 1 : line},${length}`;
}

/** Where a hunk ends that begins here with its context; the same place when none begins. */
function hunkEnd(lines: readonly DiffLine[], start: number): number {
  const nextChange = (from: number): number => lines.findIndex(({ sign }, at) => at >= from && sign !== ' ');
  let last = nextChange(start);
  if (last === -1 || last > start + CONTEXT) return start;
  for (let next = last; next !== -1 && next - last <= 2 * CONTEXT + 1; next = nextChange(last + 1))
    last = next;
  return Math.min(lines.length, last + CONTEXT + 1);
}

/** By the longest common subsequence: the files are short. */
function compare(before: readonly string[], after: readonly string[]): DiffLine[] {
  const common = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const length = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
      common[i]?.set([length], j);
    }
  }
  const lines: DiffLine[] = [];
  for (let i = 0, j = 0; i < before.length || j < after.length;) {
    const [old, fresh] = [before[i], after[j]];
    if (old !== undefined && old === fresh) {
      lines.push({ sign: ' ', text: old });
      i++;
      j++;
    } else if (old !== undefined && (fresh === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ sign: '-', text: old });
      i++;
    } else {
      lines.push({ sign: '+', text: fresh ?? '' });
      j++;
    }
  }
  return lines;
}
