/**
 * What of a value JSON cannot carry, as `path: reason`, or `undefined` when it comes back as it went. Without this a
 * function or a `Map` in a session would vanish without a word.
 */
export function jsonProblem(
  value: unknown,
  path = '',
  ancestors: readonly object[] = [],
): string | undefined {
  switch (typeof value) {
    case 'bigint':
    case 'function':
    case 'symbol':
      return `${path}: a ${typeof value}`;
    case 'number':
      return Number.isFinite(value) ? undefined : `${path}: ${value}`;
    case 'object':
      return value === null ? undefined : objectProblem(value, path, ancestors);
    default:
      return undefined;
  }
}

function objectProblem(value: object, path: string, ancestors: readonly object[]): string | undefined {
  if (ancestors.includes(value)) return `${path}: a reference to something that holds it`;
  if (hasToJson(value)) return undefined;
  if (!Array.isArray(value) && !isPlain(value)) return `${path}: a ${value.constructor?.name ?? 'object'}`;
  for (const [key, item] of Object.entries(value)) {
    const itemPath = Array.isArray(value) ? `${path}[${key}]` : [path, key].filter(Boolean).join('.');
    const problem = jsonProblem(item, itemPath, [...ancestors, value]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** It says itself how it wants to be written, as a `Date` does. */
function hasToJson(value: object): boolean {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Query parsers make objects whose prototype is an empty one of their own.
  return typeof prototype !== 'object' || prototype === null || Object.getPrototypeOf(prototype) === null;
}
