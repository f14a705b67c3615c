import { applyEdits, modify, parse, type ParseError } from 'jsonc-parser';
import { indentAt } from './source-mask.js';

/** An object of a JSON file. */
export type JsonObject = Record<string, unknown>;

/**
 * Reads JSON, with the comments and trailing commas of configuration files.
 *
 * @returns undefined when it is no JSON object
 */
export function readJson(text: string): JsonObject | undefined {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  return errors.length === 0 && isObject(value) ? value : undefined;
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
 * @returns undefined when there is no such object, or nothing in it after which new properties could stand
 */
export function setProperties(
  text: string,
  path: string | undefined,
  values: JsonObject,
): string | undefined {
  const file = readJson(text);
  const object = path === undefined ? file : file?.[path];
  if (!isObject(object) || Object.keys(object).length === 0) return undefined;
  const names = path === undefined ? [] : [path];
  return Object.entries(values).reduce(
    (result, [name, value]) => setProperty(result, [...names, name], value),
    text,
  );
}

/** Puts a new property on a line of its own: the formatter of the parser would write the lines beside it anew. */
function setProperty(text: string, path: string[], value: unknown): string {
  const edits = modify(text, path, value, {}).map(({ offset, length, content }) => ({
    offset,
    length,
    content: length === 0 ? content.replace(',', `,\n${indentAt(text, offset)}`) : content,
  }));
  return applyEdits(text, edits);
}
