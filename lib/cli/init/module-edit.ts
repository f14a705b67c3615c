import { closingBracket, elementsIn, indentAt, maskSource, type Range } from './source-mask.js';

/** A class to import, and from where. */
export interface ImportedModule {
  readonly name: string;
  readonly from: string;
}

/** Text in the place of a part of the source. */
interface Edit extends Range {
  readonly text: string;
}

/**
 * Imports a module into a Nest module: adds the import line, and the entry in `imports` of `@Module()`.
 *
 * @param source with `\n` at the ends of lines
 * @returns the source as it is when it names the module already; undefined when it is not clear where things belong
 */
export function importModule(source: string, { name, from }: ImportedModule): string | undefined {
  const masked = maskSource(source);
  if (masked === undefined) return undefined;
  const uses = [...masked.matchAll(new RegExp(`\\b${name}\\b`, 'g'))].length;
  // Once is an import line without an entry; from elsewhere is another class of that name.
  if (uses > 0) return uses > 1 && source.includes(from.replaceAll(/^\.\/|\.js$/g, '')) ? source : undefined;
  const line = importLine(source, masked, { name, from });
  const entry = moduleEntry(source, masked, name);
  return line && entry && apply(source, [line, ...entry]);
}

/** The class of the only Nest module in a source. */
export function moduleClass(source: string): string | undefined {
  const masked = maskSource(source) ?? '';
  return /@Module\s*\([\s\S]*?\bexport\s+class\s+(\w+)/.exec(masked)?.[1];
}

/** Behind the last import, in the style of that. */
function importLine(source: string, masked: string, { name, from }: ImportedModule): Edit | undefined {
  const last = [...masked.matchAll(/^import\b[^'"`;()]*(['"])_*\1[^\n]*/gm)].at(-1);
  if (!last) return undefined;
  const [text, quote = "'"] = last;
  const end = last.index + text.length;
  const lineEnd = source.indexOf('\n', end);
  const at = lineEnd === -1 ? source.length : lineEnd;
  const semicolon = text.includes(';') ? ';' : '';
  return insert(at, `\nimport { ${name} } from ${quote}${from}${quote}${semicolon}`);
}

function moduleEntry(source: string, masked: string, name: string): Edit[] | undefined {
  const decorators = [...masked.matchAll(/@Module\b(\s*\(\s*\{)?/g)];
  const [decorator] = decorators;
  if (!decorator?.[1] || decorators.length > 1) return undefined;
  const open = decorator.index + decorator[0].length - 1;
  const close = closingBracket(masked, open);
  const properties = elementsIn(masked, open, close);
  const textOf = ({ start, end }: Range): string => masked.slice(start, end);
  const imports = properties.filter((property) => /^imports\b/.test(textOf(property)));
  const [property] = imports;
  if (property && imports.length === 1) return listedEntry(source, masked, property, name);
  // What is spread, or has a name in quotes, may hold imports.
  if (imports.length > 0 || properties.some((one) => !/^\w+\s*:/.test(textOf(one)))) return undefined;
  return [newList(source, { open, close, first: properties[0] }, name)];
}

function newList(
  source: string,
  object: { open: number; close: number; first: Range | undefined },
  name: string,
): Edit {
  const { open, close, first } = object;
  const list = `imports: [${name}]`;
  if (!first) {
    const isEmpty = source.slice(open + 1, close).trim() === '';
    return isEmpty ? { start: open + 1, end: close, text: ` ${list} ` } : insert(open + 1, ` ${list},`);
  }
  const isOnNewLine = source.slice(open, first.start).includes('\n');
  return insert(first.start, isOnNewLine ? `${list},\n${indentAt(source, first.start)}` : `${list}, `);
}

/** Into the list that `imports` already has, if it is a plain list. */
function listedEntry(source: string, masked: string, property: Range, name: string): Edit[] | undefined {
  const [head = ''] = /^imports\s*:\s*/.exec(masked.slice(property.start, property.end)) ?? [];
  const open = property.start + head.length;
  if (head === '' || masked[open] !== '[') return undefined;
  const close = closingBracket(masked, open);
  if (close !== property.end - 1) return undefined;

  const last = elementsIn(masked, open, close).at(-1);
  if (!last) {
    const isEmpty = source.slice(open + 1, close).trim() === '';
    return [isEmpty ? { start: open + 1, end: close, text: name } : insert(open + 1, `${name},`)];
  }
  const comma = masked.indexOf(',', last.end);
  const hasComma = comma !== -1 && comma < close;
  const lineStart = masked.lastIndexOf('\n', close) + 1;
  if (lineStart > last.end && masked.slice(lineStart, close).trim() === '') {
    const line = `${indentAt(source, last.start)}${name}${hasComma ? ',' : ''}\n`;
    return [...(hasComma ? [] : [insert(last.end, ',')]), insert(lineStart, line)];
  }
  return [hasComma ? insert(comma + 1, ` ${name}`) : insert(last.end, `, ${name}`)];
}

function insert(at: number, text: string): Edit {
  return { start: at, end: at, text };
}

function apply(source: string, edits: readonly Edit[]): string {
  return edits
    .toSorted((one, other) => other.start - one.start)
    .reduce((result, { start, end, text }) => result.slice(0, start) + text + result.slice(end), source);
}
