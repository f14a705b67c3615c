import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const APPLICATION = new URL('../support/both-formats.mjs', import.meta.url).pathname;

it.each([
  ['commonjs', 'module', 'commonjs'],
  ['commonjs', 'module', 'module'],
  ['module', 'commonjs', 'commonjs'],
  ['module', 'commonjs', 'module'],
])(
  'an application with the module from %s, guards and decorators from %s and signInAs() from %s works as from one',
  async (...formats) => {
    const { stdout, stderr } = await run(process.execPath, [APPLICATION, ...formats]);

    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      list: {
        status: 200,
        body: { userId: 'user-acme-ada-example-com', isSameUser: true, visits: 1 },
      },
      renewals: 1,
      // The filter of the application catches errors of its library.
      visitor: { status: 418, body: { code: 'not_authenticated' } },
      manage: { status: 418, body: { code: 'insufficient_role' } },
      fail: { status: 418, body: { code: 'forbidden' } },
      classes: [],
    });
  },
);
