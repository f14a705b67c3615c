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
