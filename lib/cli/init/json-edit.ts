import { closingBracket, elementsIn, indentAt, maskComments, maskSource } from './source-mask.js';

/** An object of a JSON file. */
export type JsonObject = Record<string, unknown>;

/**
 * Reads JSON, with the comments and trailing commas of configuration files.
 *
 * @returns undefined when it is no JSON object
 */
export function readJson(text: string): JsonObject | undefined {
  const value = parse(text) ?? parse(maskComments(text).replaceAll(/,(?=\s*[}\]])/g, ''));
  return isObject(value) ? value : undefined;
}

/** Whether a value is an object with names. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Writes JSON as npm does, with the indentation that a text has. */
export function writeJson(value: JsonObject, like: string): string {
  const indent = /^[ \t]+(?=")/m.exec(like)?.[0] ?? '  ';
  return `${JSON.stringify(value, null, indent)}\n`;
}

/**
 * Sets properties of one of the objects directly inside a JSON file, and leaves everything else as it is written.
 *
 * @param path the name of the object; none for the whole file
 * @returns undefined when the file is not understood
 */
export function setProperties(
  text: string,
  path: string | undefined,
  values: JsonObject,
): string | undefined {
  const changed = Object.entries(values).reduce<string | undefined>(
    (result, [name, value]) => result && setProperty(result, path, name, JSON.stringify(value)),
    text,
  );
  const written = changed === undefined ? undefined : readJson(changed);
  const object = path === undefined ? written : written?.[path];
  const isRight = (name: string): boolean =>
    isObject(object) && JSON.stringify(object[name]) === JSON.stringify(values[name]);
  return Object.keys(values).every(isRight) ? changed : undefined;
}

function setProperty(
  text: string,
  path: string | undefined,
  name: string,
  value: string,
): string | undefined {
  const masked = maskSource(text);
  if (masked === undefined) return undefined;
  const top = masked.indexOf('{');
  const open = path === undefined ? top : valueOf(text, masked, top, path)?.start;
  if (open === undefined || masked[open] !== '{') return undefined;

  const old = valueOf(text, masked, open, name);
  if (old) return text.slice(0, old.start) + value + text.slice(old.end);
  const last = elementsIn(masked, open, closingBracket(masked, open)).at(-1);
  if (!last) return undefined;
  const line = `,\n${indentAt(text, last.start)}"${name}": ${value}`;
  return text.slice(0, last.end) + line + text.slice(last.end);
}

/** Where the value of a property stands. */
function valueOf(
  text: string,
  masked: string,
  open: number,
  name: string,
): { start: number; end: number } | undefined {
  const key = `"${name}"`;
  const property = elementsIn(masked, open, closingBracket(masked, open)).find(({ start }) =>
    text.startsWith(key, start),
  );
  if (!property) return undefined;
  const [colon = ''] = /^\s*:\s*/.exec(masked.slice(property.start + key.length)) ?? [];
  return { start: property.start + key.length + colon.length, end: property.end };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
