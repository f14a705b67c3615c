import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const dist = new URL('../../dist/', import.meta.url).pathname;

/** What an entry exports: the built declarations of its names, without comments, in the order of the names. */
function publicApi(entry: string): string {
  const barrel = read(entry);
  const exports = [...barrel.matchAll(/export (?:type )?\{([^}]*)\} from '([^']+)'/g)].flatMap(
    ([, names = '', from = '']) => names.split(',').map((name) => ({ name: nameOf(name), from })),
  );
  return exports
    .filter(({ name }) => name !== '')
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, from }) => declarationsOf(name, join(dirname(entry), from.replace(/\.js$/, '.d.ts'))))
    .join('\n');
}

function nameOf(specifier: string): string {
  return specifier.replace(/\btype\b/, '').trim();
}

/** A name may be a value and a type. */
function declarationsOf(name: string, path: string): string {
  const statements = read(path).split(/^(?=export |declare |import )/m);
  const declares = new RegExp(`^export (?:declare |abstract |default )*\\w+ ${name}\\b`);
  const found = statements.filter((statement) => declares.test(statement));
  if (found.length === 0) throw new Error(`${path} does not declare ${name}`);
  return found.map((statement) => statement.trimEnd()).join('\n');
}

function read(path: string): string {
  const text = readFileSync(join(dist, path), 'utf8');
  return text.replaceAll(/^\s*\/\*\*[\s\S]*?\*\/\n/gm, '');
}

describe('the public API', () => {
  // After a change on purpose: npx vitest run -c test/vitest.config.ts public-api --update
  it.each([
    ['nestjs-wristband', 'index.d.ts', 'public-api.txt'],
    ['nestjs-wristband/testing', 'testing/index.d.ts', 'public-api-testing.txt'],
  ])('of %s is what it was', async (_name, entry, snapshot) => {
    await expect(publicApi(entry)).toMatchFileSnapshot(join('__snapshots__', snapshot));
  });
});
