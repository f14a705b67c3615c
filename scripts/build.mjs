// The part of `npm run build` after the compiler: a CommonJS bundle in dist/cjs, and entries that share one copy of all classes.
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const root = new URL('..', import.meta.url).pathname;
const dist = join(root, 'dist');
const commonJs = join(dist, 'cjs');
const ENTRIES = ['index', 'testing/index'];
/** Jest cannot load them from node_modules, since they are ES modules only. */
const BUNDLED = ['jose'];

rmSync(commonJs, { recursive: true, force: true });
mkdirSync(commonJs);
writeFileSync(join(commonJs, 'package.json'), '{ "type": "commonjs" }\n');
for (const entry of ENTRIES) renameSync(join(dist, `${entry}.js`), exportsOf(entry));
for (const entry of ENTRIES) {
  await writeEntry(entry, 'module', join(dist, `${entry}.js`), `cjs/${entry}.js`);
  await writeEntry(entry, 'commonjs', sourceOf(entry), `../${entry}.js`);
}
await bundle();
for (const entry of ENTRIES) rmSync(sourceOf(entry));
copyDeclarations(ENTRIES);
for (const name of BUNDLED) {
  copyFileSync(join(root, 'node_modules', name, 'LICENSE.md'), join(commonJs, `${name}.LICENSE.md`));
}

/** What the compiler made of an entry. */
function exportsOf(entry) {
  return join(dist, dirname(entry), 'exports.js');
}

/** What the bundler makes the CommonJS entry of. */
function sourceOf(entry) {
  return join(dist, `${entry}.commonjs.js`);
}

/** @param other the entry in the other format, from the folder of the formats */
async function writeEntry(entry, format, file, other) {
  const names = Object.keys(await import(pathToFileURL(exportsOf(entry))));
  const up = relative(dirname(entry), '.') || '.';
  const lines = [
    `import { createRequire } from 'node:module';`,
    `import * as own from './exports.js';`,
    `import { sharedEntry } from '${up}/shared-entry.js';`,
    `const loadOther = () => createRequire(import.meta.url)('${up}/${other}');`,
    `const shared = sharedEntry('${entry}', '${format}', own, loadOther);`,
    ...names.map((name) => `export const ${name} = shared.${name};`),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
}

/** All entries in one build, so that they share what they have in common. */
async function bundle() {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const external = Object.keys({ ...dependencies, ...peerDependencies }).filter(
    (name) => !BUNDLED.includes(name),
  );
  const build = await rolldown({
    input: Object.fromEntries(ENTRIES.map((entry) => [entry, sourceOf(entry)])),
    platform: 'node',
    tsconfig: false,
    plugins: [{ name: 'emulator-in-thread', resolveId: emulatorInThread }],
    external: (id) => external.some((name) => id === name || id.startsWith(`${name}/`)),
    onLog: (_level, log) => {
      throw new Error(log.message);
    },
  });
  await build.write({
    dir: commonJs,
    format: 'cjs',
    exports: 'named',
    // Nest prints the names of classes, and tokens of providers are made of them.
    keepNames: true,
    // Jest does not support import() in CommonJS.
    dynamicImportInCjs: false,
    comments: false,
    chunkFileNames: 'chunk.js',
  });
  await build.close();
}

/** In CommonJS the emulator, which is made of ES modules, runs in a thread. */
function emulatorInThread(id) {
  const file = 'testing/emulator/wristband.emulator-in-thread.js';
  return id.endsWith('/wristband.emulator.js') ? join(dist, file) : undefined;
}

/** Copies the declarations of the entries and of what those import, which TypeScript then reads as CommonJS. */
function copyDeclarations(entries) {
  const files = new Set(entries.map((entry) => `${entry}.d.ts`));
  for (const file of files) {
    const code = readFileSync(join(dist, file), 'utf8');
    for (const [, specifier] of code.matchAll(/(?:\bfrom |\bimport\()['"](\.[^'"]*)['"]/g)) {
      files.add(join(dirname(file), specifier.replace(/\.js$/, '.d.ts')));
    }
    mkdirSync(dirname(join(commonJs, file)), { recursive: true });
    copyFileSync(join(dist, file), join(commonJs, file));
  }
}
