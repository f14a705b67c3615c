/**
 * Whether the `typ` of a header says that a JWT is of a certain type. Case and the prefix `application/` do not matter
 * (RFC 7515 section 4.1.9).
 */
export function isTokenType(typ: unknown, type: 'jwt' | 'at+jwt' | 'logout+jwt'): boolean {
  return typeof typ === 'string' && typ.toLowerCase().replace(/^application\//, '') === type;
}
