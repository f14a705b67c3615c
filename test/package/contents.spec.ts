import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './command.js';
import { packPackage } from './pack.js';

const root = new URL('../..', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional?: boolean }>;
};
const dependencies = Object.keys(manifest.dependencies);
const peers = Object.keys(manifest.peerDependencies);
const optional = Object.keys(manifest.peerDependenciesMeta);

let folder: string;
let files: readonly string[];
let tarball: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'contents-'));
  ({ files, tarball } = await packPackage(folder));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const packed = (file: string) => readFileSync(join(folder, 'package', file), 'utf8');
const COMMON_JS = 'dist/cjs/';
const isCommonJs = (file: string) => file.startsWith(COMMON_JS);
/** Code without the examples in its comments. */
const codeOf = (file: string) => packed(file).replaceAll(/\/\*[\s\S]*?\*\//g, '');

/** What a module imports when it is loaded: `from 'x'`, `import 'x'`. */
const LOADED = /^(?:.*\bfrom|import) ['"]([^'"]*)['"];$/gm;
const LOADED_LATER = /\bimport\(['"]([^'"]*)['"]\)/g;
const DECLARED = /(?:\bfrom |\bimport\(|^import )['"]([^'"]*)['"]/gm;

const importsOf = (file: string, kind: RegExp) =>
  [...codeOf(file).matchAll(kind)].map(([, specifier = '']) => specifier);

/** The packages that files import, without Node's own. */
function packagesIn(paths: readonly string[], kind: RegExp): string[] {
  const specifiers = paths
    .flatMap((path) => importsOf(path, kind))
    .filter((name) => !/^(\.|node:)/.test(name));
  return [...new Set(specifiers.map(packageOf))].toSorted();
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The declarations that an application gets from an entry: those of what it imports, and so on. */
function declarationsFrom(entry: string): string[] {
  const found = new Set([entry]);
  for (const file of found) {
    for (const specifier of importsOf(file, DECLARED).filter((name) => name.startsWith('.'))) {
      found.add(join(dirname(file), specifier.replace(/\.js$/, '.d.ts')));
    }
  }
  return [...found];
}

describe('the package', () => {
  it('holds what lib is compiled to, and what people read', () => {
    const sources = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' });
    const compiled = sources
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => ['.js', '.d.ts'].map((kind) => join('dist', file.replace(/\.ts$/, kind))));

    expect(compiled.length).toBeGreaterThan(100);
    const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json'];
    expect(files.filter((file) => !isCommonJs(file))).toEqual(
      [...compiled, 'dist/exports.js', 'dist/testing/exports.js', ...documents].toSorted(),
    );
  });

  it('holds a CommonJS bundle, the declarations that it needs, and the license of what is in it', () => {
    const inBundle = files.filter(isCommonJs).map((file) => file.slice(COMMON_JS.length));

    expect(inBundle.filter((file) => !file.endsWith('.d.ts'))).toEqual([
      expect.stringMatching(/^chunk\d*\.js$/),
      'index.js',
      'jose.LICENSE.md',
      'package.json',
      'testing/index.js',
    ]);
    const declared = ['index.d.ts', 'testing/index.d.ts'].flatMap((file) =>
      declarationsFrom(join(COMMON_JS, file)),
    );
    expect(files.filter((file) => isCommonJs(file) && file.endsWith('.d.ts'))).toEqual(
      [...new Set(declared)].toSorted(),
    );
  });

  it('has nothing in its package.json that only this repository needs', async () => {
    const published = JSON.parse(
      await run('tar', ['xzOf', tarball, 'package/package.json'], { cwd: folder, seconds: 20 }),
    ) as object;
    const own = ['workspaces', 'scripts', 'devDependencies', 'overrides', 'prettier', 'scarfSettings'];

    expect(Object.keys(manifest)).toEqual(expect.arrayContaining(own));
    expect(published).toEqual(
      Object.fromEntries(Object.entries(manifest).filter(([name]) => !own.includes(name))),
    );
    expect(JSON.parse(packed('package.json'))).toEqual(manifest);
  });

  it('shares its classes with itself only in the same version', () => {
    expect(packed('dist/shared-entry.js')).toContain(`'nestjs-wristband@${manifest.version}'`);
  });

  it('points to no source map', () => {
    expect(files.filter((file) => packed(file).includes('sourceMappingURL'))).toEqual([]);
  });

  it('holds every file that package.json names', () => {
    const values = /[:[]\s*"(?:\.\/)?(dist\/[^"]+)"/g;
    const named = [...packed('package.json').matchAll(values)].map(([, file = '']) => file);

    expect(named).toContain('dist/index.js');
    expect(named.filter((file) => !files.includes(file))).toEqual([]);
  });
});

describe('the dependencies', () => {
  // Templates hold the imports of the files that `init` writes.
  const scripts = () => files.filter((file) => file.endsWith('.js') && !file.includes('/templates/'));
  const isCommandLine = (file: string) => file.startsWith('dist/cli/');

  it('are all used, and nothing else is loaded that may not be installed', () => {
    const loaded = packagesIn(scripts(), LOADED);

    expect(loaded).toEqual(expect.arrayContaining(dependencies));
    const installed = [...dependencies, ...peers.filter((name) => !optional.includes(name))];
    expect(loaded.filter((name) => !installed.includes(name))).toEqual([]);
  });

  it('are four, and one for the command line, and no HTTP client among them', () => {
    const loaded = packagesIn(
      scripts().filter((file) => !isCommandLine(file)),
      LOADED,
    );

    const own = ['cookie', 'jose', 'lru-cache', 'on-headers'];
    expect(dependencies.toSorted()).toEqual([...own, 'diff'].toSorted());
    expect(dependencies.filter((name) => loaded.includes(name)).toSorted()).toEqual(own);
  });

  it('that are optional are loaded when they are needed', () => {
    const later = packagesIn(scripts(), LOADED_LATER);

    expect(later).toContain('oidc-provider');
    expect(later.filter((name) => !optional.includes(name))).toEqual([]);
  });

  it.each(['dist/index.d.ts', 'dist/testing/index.d.ts'])(
    'that are optional are not needed by %s',
    (entry) => {
      const declared = packagesIn(declarationsFrom(entry), DECLARED);

      expect(declared).toContain('@nestjs/common');
      expect(declared.filter((name) => optional.includes(name))).toEqual([]);
    },
  );
});
