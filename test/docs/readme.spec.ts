import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { validateOptions } from '../../lib/config/options-validator.js';
import { ERROR_STATUS } from '../../lib/errors/wristband.exception.js';
import { WristbandConfigError } from '../../lib/index.js';

const root = new URL('../..', import.meta.url).pathname;
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The `ts` blocks with the file name in their first line. */
function codeBlocks(): { name: string; code: string }[] {
  return [...readme.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(([, name = '', code = '']) => ({
    name,
    code,
  }));
}

/** The rows of the table whose header begins with a word. */
function tableRows(firstColumn: string): string[][] {
  const lines = readme.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${firstColumn} `));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('README', () => {
  // Inside node_modules, so that the blocks find their packages as an application would.
  const cache = join(root, 'node_modules/.cache');
  let folder: string;

  beforeAll(() => {
    mkdirSync(cache, { recursive: true });
    folder = mkdtempSync(join(cache, 'readme-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has code that compiles under strict rules', () => {
    const blocks = codeBlocks();
    for (const { name, code } of blocks) writeFileSync(join(folder, name), code);
    const compilerOptions = {
      noEmit: true,
      skipLibCheck: true,
      exactOptionalPropertyTypes: true,
      paths: {
        'nestjs-wristband': [join(root, 'dist/index.d.ts')],
        'nestjs-wristband/testing': [join(root, 'dist/testing/index.d.ts')],
      },
    };
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { ...compilerOptions, rootDir: root },
      include: ['.'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));

    const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' });

    expect(blocks.map(({ name }) => name)).toEqual([
      'app.module.ts',
      'auth.controller.ts',
      'orders.controller.ts',
      'wristband.e2e-spec.ts',
    ]);
    expect(stdout).toBe('');
  });

  it('lists every error code with its status', () => {
    const listed = Object.fromEntries(
      tableRows('code').map(([code = '', status]) => [code.replaceAll('`', ''), Number(status)]),
    );

    expect(listed).toEqual(ERROR_STATUS);
  });

  it('lists every option, and none that is not there', () => {
    const listed = tableRows('option').map(([option = '']) => option.replaceAll('`', ''));
    const unknownTo = (options: object) => {
      try {
        validateOptions(options as never);
        return [];
      } catch (error) {
        return (error as WristbandConfigError).problems.filter(({ message }) =>
          message.startsWith('is not an option'),
        );
      }
    };
    const group = (prefix: string) =>
      listed.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    const asOptions = (names: string[]) => Object.fromEntries(names.map((name) => [name, undefined]));

    const top = asOptions(listed.filter((name) => !name.includes('.')));
    const everything = { ...top, http: asOptions(group('http.')), session: asOptions(group('session.')) };

    expect(unknownTo(everything)).toEqual([]);
    expect(listed).toEqual(expect.arrayContaining(optionsInTypes()));
    expect(optionsInTypes()).toHaveLength(listed.length);
  });
});

/** The options as the interfaces declare them. */
function optionsInTypes(): string[] {
  const source = readFileSync(join(root, 'lib/interfaces/wristband-options.interface.ts'), 'utf8');
  const members = (name: string, prefix: string) => {
    const body = new RegExp(`interface ${name} \\{([\\s\\S]*?)\\n\\}`).exec(source)?.[1] ?? '';
    return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, option = '']) => prefix + option);
  };
  return [
    ...members('WristbandOptions', ''),
    ...members('WristbandHttpOptions', 'http.'),
    ...members('SessionOptions', 'session.'),
  ];
}
