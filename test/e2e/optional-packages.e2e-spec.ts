import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional?: boolean }>;
};

/** What the published files import when they are loaded. */
function loadedPackages(): string[] {
  const names = new Set<string>();
  for (const file of readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.js')) continue;
    const source = readFileSync(join(root, 'dist', file), 'utf8');
    for (const [, name = ''] of source.matchAll(/^(?:.*\bfrom|import) ['"]([^'"./][^'"]*)['"];$/gm)) {
      if (!name.startsWith('node:')) names.add(name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
    }
  }
  return [...names].toSorted();
}

it('loads only packages that are always installed', () => {
  const { dependencies, peerDependencies, peerDependenciesMeta } = manifest;
  const always = [
    ...Object.keys(dependencies),
    ...Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional),
  ];

  const loaded = loadedPackages();

  expect(loaded).toContain('@nestjs/common');
  expect(loaded.filter((name) => !always.includes(name))).toEqual([]);
});
