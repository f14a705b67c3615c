import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.js';
import { type NodeVersion, onNode } from './node-version.js';

const templates = new URL('apps', import.meta.url).pathname;
const COMMON = 'common';
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
  for (const template of [COMMON, name]) cpSync(join(templates, template), folder, { recursive: true });
  await run('npm', ['install', '--no-audit', '--no-fund', tarball], { cwd: folder, seconds: 300 });
  refuseOptionalPackages(folder);
  // With the declarations of packages, as ours must not need one that is not there. Those of test runners would take long.
  const check = hasTests(folder) ? [] : ['--skipLibCheck', 'false'];
  const build = ['run', '--silent', 'build', '--', '--strict', ...check];
  await run('npm', build, { cwd: folder, seconds: 180 });
  return { name, folder };
}

function hasTests(folder: string): boolean {
  return existsSync(join(folder, 'test'));
}

function refuseOptionalPackages(folder: string): void {
  const modules = join(folder, 'node_modules');
  const manifest = readFileSync(join(modules, 'nestjs-wristband/package.json'), 'utf8');
  const { peerDependenciesMeta } = JSON.parse(manifest) as { peerDependenciesMeta: object };
  // The emulator needs it, so tests have it.
  const optional = Object.keys(peerDependenciesMeta).filter((peer) => peer !== 'oidc-provider');
  const present = [...optional, ...ABSENT].filter((packageName) => existsSync(join(modules, packageName)));
  if (present.length > 0) throw new Error(`${folder} should be without ${present.join(', ')}`);
}

/** Runs the application's own tests, if it has any. */
export async function testApp({ folder }: FreshApp, node: NodeVersion): Promise<void> {
  if (!hasTests(folder)) return;
  await run('npm', ['test', '--silent'], { cwd: folder, seconds: 120, env: onNode(node) });
}
