/** An object that came as JSON; what its members are is not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The parsed text, or `undefined` when it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a value is an object, and neither `null` nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is a text that says something. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Freezes parsed JSON with all that is in it. Without recursion, because somebody else decides how deep it is. */
export function deepFreeze<T extends object>(json: T): T {
  const found: unknown[] = [json];
  // The list grows while it is walked.
  for (const value of found) {
    if (typeof value !== 'object' || value === null) continue;
    found.push(...Object.values(Object.freeze(value)));
  }
  return json;
}
