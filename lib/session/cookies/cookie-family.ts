import type { RequestCookie } from '../../http/cookies.js';

/**
 * A value that is too large for one cookie is spread over `name.0`, `name.1`, … A small one is in `name` itself. The seal
 * covers the whole value, so parts of different generations never open together.
 */
export interface CookiePart {
  readonly name: string;
  readonly value: string;
}

/**
 * Cuts a value into as many cookies as it takes, or answers `undefined` when those are more than `maxCookies`.
 *
 * @param room characters that are left for a value in a cookie of that name
 */
export function splitValue(
  name: string,
  value: string,
  maxCookies: number,
  room: (name: string) => number,
): CookiePart[] | undefined {
  if (value.length <= room(name)) return [{ name, value }];
  const parts: CookiePart[] = [];
  for (let start = 0; start < value.length;) {
    const partName = `${name}.${parts.length}`;
    const end = start + room(partName);
    if (parts.length === maxCookies || end <= start) return undefined;
    parts.push({ name: partName, value: value.slice(start, end) });
    start = end;
  }
  return maxCookies > 1 ? parts : undefined;
}

/** Every value that a request may hold under a name, whole ones first; which of them is ours, the seal decides. */
export function joinedValues(cookies: readonly RequestCookie[], name: string, maxCookies: number): string[] {
  const whole = cookies.filter((cookie) => cookie.name === name).map(({ value }) => value);
  if (maxCookies === 1) return whole;
  const parts = Array.from({ length: maxCookies }, (_, index) =>
    cookies.filter((cookie) => cookie.name === `${name}.${index}`).map(({ value }) => value),
  );
  const missing = parts.findIndex((values) => values.length === 0);
  const present = missing === -1 ? parts : parts.slice(0, missing);
  // A response that was overtaken may leave a part too many behind: the seal tells how many belong together.
  const families = present.map((_, index) => present.slice(0, index + 1)).toReversed();
  // Of two cookies with one name, all the first or all the last are from the same place.
  const joined = families.flatMap((family) => [
    family.map((values) => values[0]).join(''),
    family.map((values) => values.at(-1)).join(''),
  ]);
  return [...whole, ...new Set(joined)];
}

/** Whether a name belongs to a cookie, whole or as a part; also of more parts than are allowed today. */
export function isFamilyName(other: string, name: string): boolean {
  return other === name || (other.startsWith(`${name}.`) && /^\d{1,2}$/.test(other.slice(name.length + 1)));
}

/** The names in a request that belong to a cookie, whole or in parts. */
export function familyNames(cookies: readonly RequestCookie[], name: string): string[] {
  return [...new Set(cookies.map((cookie) => cookie.name).filter((other) => isFamilyName(other, name)))];
}
