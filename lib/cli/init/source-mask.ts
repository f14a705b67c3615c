const TOKENS = new RegExp(
  [
    /\/\/[^\n]*|\/\*[\s\S]*?\*\//, // comments
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/, // texts
    /(?<=[(,=:[!&|?{};]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//, // regular expressions
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** A part of a source, from its first character to behind its last one. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Covers what is no code, so that the rest can be searched: comments become spaces, the inside of texts `_`. All positions
 * stay as they are.
 *
 * @returns undefined when the source is not understood
 */
export function maskSource(source: string): string | undefined {
  let isClear = true;
  const masked = source.replaceAll(TOKENS, (token) => {
    if (/^\/[/*]/.test(token)) return token.replaceAll(/[^\n]/g, ' ');
    // A text inside a text inside a template would have ended it too early.
    isClear &&= token[0] !== '`' || token.split('${').length <= token.split('}').length;
    return token[0] + token.slice(1, -1).replaceAll(/[^\n]/g, '_') + token.at(-1);
  });
  return isClear && isBalanced(masked) ? masked : undefined;
}

/** Covers comments only. */
export function maskComments(source: string): string {
  return source.replaceAll(TOKENS, (token) =>
    /^\/[/*]/.test(token) ? token.replaceAll(/[^\n]/g, ' ') : token,
  );
}

/** The position of the bracket that closes the one at a position of a masked source; -1 when there is none. */
export function closingBracket(masked: string, open: number): number {
  const brackets: string[] = [];
  for (let at = open; at < masked.length; at++) {
    const character = masked[at] ?? '';
    const closing = CLOSING[character];
    if (closing) brackets.push(closing);
    else if (/[)\]}]/.test(character) && brackets.pop() !== character) return -1;
    if (brackets.length === 0) return at;
  }
  return -1;
}

/** What stands between the commas inside a pair of brackets, without the space around it. */
export function elementsIn(masked: string, open: number, close: number): Range[] {
  const elements: Range[] = [];
  let start = open + 1;
  for (let at = start; at <= close; at++) {
    if (at < close && CLOSING[masked[at] ?? '']) at = closingBracket(masked, at);
    else if (at === close || masked[at] === ',') {
      const text = masked.slice(start, at);
      const from = start + text.length - text.trimStart().length;
      if (text.trim() !== '') elements.push({ start: from, end: from + text.trim().length });
      start = at + 1;
    }
  }
  return elements;
}

/** The white space that the line of a position begins with. */
export function indentAt(source: string, position: number): string {
  const line = source.slice(source.lastIndexOf('\n', position - 1) + 1);
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

function isBalanced(masked: string): boolean {
  const wrapped = `(${masked})`;
  return closingBracket(wrapped, 0) === wrapped.length - 1;
}
