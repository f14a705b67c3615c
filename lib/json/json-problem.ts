/** The deepest data that is accepted: far deeper data would overflow the stack of `JSON.stringify()`. */
export const MAX_DEPTH = 100;

/** What JSON cannot carry, and where it is in a value. */
interface Problem {
  readonly path: string;
  readonly reason: string;
}

/**
 * What of a session's fields JSON cannot carry, as `path: reason`, or `undefined` when they come back as they went.
 * Without this a function or a `Map` in a session would vanish without a word.
 */
export function jsonProblem(fields: object, maxDepth = MAX_DEPTH): string | undefined {
  const problem = objectProblem(fields, new Set(), maxDepth);
  return problem && `${problem.path}: ${problem.reason}`;
}

/** @param ancestors the objects on the way to the value; one set for all, since every object would copy it otherwise */
function valueProblem(value: unknown, ancestors: Set<object>, maxDepth: number): Problem | undefined {
  switch (typeof value) {
    case 'bigint':
    case 'function':
    case 'symbol':
      return { path: '', reason: `a ${typeof value}` };
    case 'number':
      return Number.isFinite(value) ? undefined : { path: '', reason: String(value) };
    case 'object':
      return value === null ? undefined : objectProblem(value, ancestors, maxDepth);
    default:
      return undefined;
  }
}

function objectProblem(value: object, ancestors: Set<object>, maxDepth: number): Problem | undefined {
  if (ancestors.has(value)) return { path: '', reason: 'a reference to something that holds it' };
  if (ancestors.size === maxDepth) return { path: '', reason: `nested more than ${maxDepth} levels deep` };
  if (hasToJson(value)) {
    const json = value.toJSON();
    return isObject(json)
      ? membersProblem(json, ancestors, maxDepth)
      : valueProblem(json, ancestors, maxDepth);
  }
  if (!Array.isArray(value) && !isPlain(value)) {
    return { path: '', reason: `a ${value.constructor?.name ?? 'object'}` };
  }
  return membersProblem(value, ancestors, maxDepth);
}

function membersProblem(value: object, ancestors: Set<object>, maxDepth: number): Problem | undefined {
  ancestors.add(value);
  for (const key of Object.keys(value)) {
    // The path is put together on the way out, so that the usual case makes none.
    const problem = valueProblem((value as Record<string, unknown>)[key], ancestors, maxDepth);
    if (problem) return { ...problem, path: joined(Array.isArray(value) ? `[${key}]` : key, problem.path) };
  }
  ancestors.delete(value);
  return undefined;
}

function joined(key: string, path: string): string {
  return path === '' || path.startsWith('[') ? key + path : `${key}.${path}`;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Whether `JSON.stringify()` writes what the object returns, as with a `Date`. */
function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Query parsers make objects whose prototype is an empty one of their own.
  return typeof prototype !== 'object' || prototype === null || Object.getPrototypeOf(prototype) === null;
}
