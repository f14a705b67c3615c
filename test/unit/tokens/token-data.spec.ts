import { UnsecuredJWT } from 'jose';
import { expect, it } from 'vitest';
import { isReallyValid } from '../../../lib/tokens/token-data.js';

const NOW = 1_800_000_000_000;
const expiringAt = (ms: number) => new UnsecuredJWT({ exp: ms / 1000 }).encode();

it.each<[title: string, token: string, isValid: boolean]>([
  ['expires in a second', expiringAt(NOW + 1000), true],
  ['expires now', expiringAt(NOW), false],
  ['has expired', expiringAt(NOW - 1000), false],
  ['does not say when it expires', new UnsecuredJWT({}).encode(), false],
  ['is no JWT', 'opaque', false],
])('an access token that %s', (_title, token, isValid) => {
  expect(isReallyValid(token, NOW)).toBe(isValid);
});
