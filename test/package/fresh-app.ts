import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.js';
import { type NodeVersion, onNode } from './node-version.js';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const QUICK_START_FILES = ['app.module.ts', 'orders.spec.ts'];
const MIGRATED_FILES = ['wristband.config.ts', 'migrated.module.ts', 'migrated.controller.ts'];
const templates = new URL('apps', import.meta.url).pathname;
const COMMON = 'common';
/** Comes from Wristband's own library: its sign-in is what the README's chapter about that shows. */
const MIGRATED = 'nest-11-migrated';
/** What an application may do without, beside the optional peers. */
const ABSENT = ['@nestjs/graphql', '@nestjs/swagger', 'graphql', 'ioredis', 'redis'];

/** An application that somebody has just made, with the packed package in it. */
export interface FreshApp {
  readonly name: string;
  readonly folder: string;
}

/** The names of all templates. */
export function appNames(): string[] {
  return readdirSync(templates).filter((name) => name !== COMMON);
}

/** Lays out an application, installs its packages from the registry and builds it. */
export async function createApp(name: string, tarball: string, into: string): Promise<FreshApp> {
  const folder = join(into, name);
  const isMigrated = name === MIGRATED;
  if (!isMigrated) cpSync(join(templates, COMMON), folder, { recursive: true });
  cpSync(join(templates, name), folder, { recursive: true });
  if (isMigrated) paste(MIGRATED_FILES, join(folder, 'src/migrated'));
  else paste(QUICK_START_FILES, join(folder, 'src/quick-start'));
  await run('npm', ['install', '--no-audit', '--no-fund', tarball], { cwd: folder, seconds: 300 });
  refuseOptionalPackages(folder);
  // With the declarations of packages, as ours must not need one that is not there. Those of Vitest would take long.
  const check = existsSync(join(folder, 'node_modules/vitest')) ? [] : ['--skipLibCheck', 'false'];
  const strict = isMigrated ? [] : ['--strict'];
  const build = ['run', '--silent', 'build', '--', ...strict, ...check];
  await run('npm', build, { cwd: folder, seconds: 180 });
  return { name, folder };
}

/** Puts code of the README into a folder, as it is. */
function paste(names: readonly string[], folder: string): void {
  mkdirSync(folder);
  for (const name of names) {
    const [, code] = readme.split(`\`\`\`ts\n// ${name}\n`);
    if (code === undefined) throw new Error(`README.md has no ${name}`);
    writeFileSync(join(folder, name), code.slice(0, code.indexOf('```')));
  }
}

function refuseOptionalPackages(folder: string): void {
  const modules = join(folder, 'node_modules');
  const manifest = readFileSync(join(modules, 'nestjs-wristband/package.json'), 'utf8');
  const { peerDependenciesMeta } = JSON.parse(manifest) as { peerDependenciesMeta: object };
  // Every application has one platform, and tests have what the emulator needs.
  const optional = Object.keys(peerDependenciesMeta).filter(
    (peer) => peer !== 'oidc-provider' && !peer.startsWith('@nestjs/platform-'),
  );
  const present = [...optional, ...ABSENT].filter((packageName) => existsSync(join(modules, packageName)));
  if (present.length > 0) throw new Error(`${folder} should be without ${present.join(', ')}`);
}

/** Runs the application's own tests, if it has any. */
export async function testApp({ folder }: FreshApp, node: NodeVersion): Promise<void> {
  await run('npm', ['test', '--silent', '--if-present'], { cwd: folder, seconds: 120, env: onNode(node) });
}
