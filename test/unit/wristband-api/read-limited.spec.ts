import { expect, it } from 'vitest';
import { readLimited } from '../../../lib/wristband-api/read-limited.js';

it('reads nothing where there is no body', async () => {
  expect(await readLimited(new Response(null, { status: 204 }))).toBe('');
});

it('reads a body of 1 MB, and none that is larger', async () => {
  const megabyte = 'ä'.repeat(512 * 1024);

  expect(await readLimited(new Response(megabyte))).toBe(megabyte);
  await expect(readLimited(new Response(`${megabyte}.`))).rejects.toThrow('too much data');
});

it('leaves out a byte order mark, as Response.json() does', async () => {
  expect(await readLimited(new Response('\ufeff{"a":"\ufeff"}'))).toBe('{"a":"\ufeff"}');
});
