/** Deeper data comes from somebody who means harm, and would overflow the stack at some point. */
const MAX_DEPTH = 100;

/** What JSON cannot carry, and where it is in a value. */
interface Problem {
  readonly path: string;
  readonly reason: string;
}

/**
 * What of a session's fields JSON cannot carry, as `path: reason`, or `undefined` when they come back as they went.
 * Without this a function or a `Map` in a session would vanish without a word.
 */
export function jsonProblem(fields: object): string | undefined {
  const problem = objectProblem(fields, new Set());
  return problem && `${problem.path}: ${problem.reason}`;
}

/** @param ancestors the objects on the way to the value; one set for all, since every object would copy it otherwise */
function valueProblem(value: unknown, ancestors: Set<object>): Problem | undefined {
  switch (typeof value) {
    case 'bigint':
    case 'function':
    case 'symbol':
      return { path: '', reason: `a ${typeof value}` };
    case 'number':
      return Number.isFinite(value) ? undefined : { path: '', reason: String(value) };
    case 'object':
      return value === null ? undefined : objectProblem(value, ancestors);
    default:
      return undefined;
  }
}

function objectProblem(value: object, ancestors: Set<object>): Problem | undefined {
  if (ancestors.has(value)) return { path: '', reason: 'a reference to something that holds it' };
  if (ancestors.size === MAX_DEPTH) return { path: '', reason: `nested more than ${MAX_DEPTH} levels deep` };
  if (hasToJson(value)) return undefined;
  if (!Array.isArray(value) && !isPlain(value)) {
    return { path: '', reason: `a ${value.constructor?.name ?? 'object'}` };
  }
  ancestors.add(value);
  for (const key of Object.keys(value)) {
    // The path is put together on the way out, so that the usual case makes none.
    const problem = valueProblem((value as Record<string, unknown>)[key], ancestors);
    if (problem) return { ...problem, path: joined(Array.isArray(value) ? `[${key}]` : key, problem.path) };
  }
  ancestors.delete(value);
  return undefined;
}

function joined(key: string, path: string): string {
  return path === '' || path.startsWith('[') ? key + path : `${key}.${path}`;
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
