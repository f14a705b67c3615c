import { posix } from 'node:path';
import { isObject, readJson, type JsonObject } from './json.js';
import { moduleClass } from './module-edit.js';
import { maskComments } from './source-mask.js';
import type { Style } from './templates/style.interface.js';

/** Reads a file of the project, by its path from the root with `/`; undefined when there is none. */
export type ReadFile = (path: string) => string | undefined;

/** The files of the project, by their paths from its root with `/`. */
export interface Files {
  readonly read: ReadFile;
  /** Everything in a folder, and in the folders in it. */
  readonly list: (folder: string) => string[];
}

/** What is known about the application that gets a sign-in. */
export interface Project {
  readonly read: ReadFile;
  readonly manifest: JsonObject;
  /** The name of the application in a monorepo, where commands must name it; none for the default application. */
  readonly monorepoName: string | undefined;
  /** The file of the root module. */
  readonly rootModule: string;
  /** The TypeScript files beside and below it, without tests. */
  readonly sources: readonly string[];
  /** Where the new files go. */
  readonly folder: string;
  readonly testFile: string;
  readonly style: Style;
}

/** Tells why nothing can be done, in words for the console. */
export class ProjectError extends Error {}

/**
 * Looks at a Nest application.
 *
 * @param module the file of the root module. Default: `app.module.ts` in the source folder of `nest-cli.json`
 * @throws {ProjectError} when it is none, or one of an older Nest
 */
export function describeProject({ read, list }: Files, module?: string): Project {
  const manifest = readJson(read('package.json') ?? '');
  if (!manifest)
    throw new ProjectError('There is no package.json here. Run init in the root of a Nest application.');
  checkNest(read, manifest);
  const cli = readJson(read('nest-cli.json') ?? '') ?? {};
  const { sourceRoot } = cli;
  const rootModule =
    module ?? posix.join(typeof sourceRoot === 'string' ? sourceRoot : 'src', 'app.module.ts');
  const source = read(rootModule);
  if (source === undefined) {
    throw new ProjectError(
      `There is no ${rootModule} here. Name the file of the root module: --module <path>`,
    );
  }
  const folder = posix.dirname(rootModule);
  const main = maskComments(read(posix.join(folder, 'main.ts')) ?? '');
  const isEsm = manifest['type'] === 'module';
  const extension = isEsm ? '.js' : '';
  const testFolder = folder === '.' ? 'test' : posix.join(folder, '../test');
  const from = posix.relative(testFolder, rootModule.replace(/\.ts$/, extension));
  return {
    read,
    manifest,
    monorepoName: monorepoName(cli, rootModule),
    rootModule,
    sources: list(folder).filter(isSource),
    folder: posix.join(folder, 'sign-in'),
    testFile: posix.join(testFolder, 'sign-in.e2e-spec.ts'),
    style: {
      extension,
      runner: testRunner(manifest),
      platform: usesFastify(manifest, main) ? 'fastify' : 'express',
      prefix: globalPrefix(main),
      rootModule: { name: moduleClass(source) ?? 'AppModule', from },
    },
  };
}

/** The application of `nest-cli.json` that has a file, unless it is the one that commands take without a name. */
function monorepoName({ projects, sourceRoot }: JsonObject, file: string): string | undefined {
  const names = Object.entries(isObject(projects) ? projects : {})
    .map(([name, project]) => [name, isObject(project) ? project['sourceRoot'] : undefined] as const)
    .filter(
      ([, folder]) => typeof folder === 'string' && folder !== sourceRoot && file.startsWith(`${folder}/`),
    );
  return names[0]?.[0];
}

function isSource(path: string): boolean {
  return path.endsWith('.ts') && !/\.(d|[\w-]*spec|test)\.ts$|(^|\/)node_modules\//.test(path);
}

/** The version range of a package in `package.json`. */
export function rangeOf(manifest: JsonObject, name: string): string | undefined {
  const groups = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];
  const ranges = groups.map((group) => manifest[group]).filter(isObject);
  return ranges.map((group) => group[name]).find((range) => typeof range === 'string');
}

/** A script of `package.json`; empty when there is none. */
export function scriptOf(manifest: JsonObject, name: string): string {
  const { scripts } = manifest;
  const script = isObject(scripts) ? scripts[name] : undefined;
  return typeof script === 'string' ? script : '';
}

function checkNest(read: ReadFile, manifest: JsonObject): void {
  const range = rangeOf(manifest, '@nestjs/core');
  if (range === undefined) {
    throw new ProjectError(
      'package.json does not name @nestjs/core. Run init in the root of a Nest application.',
    );
  }
  const installed = readJson(read('node_modules/@nestjs/core/package.json') ?? '')?.['version'];
  const [major] = /\d+/.exec(typeof installed === 'string' ? installed : range) ?? [];
  if (Number(major) < 11)
    throw new ProjectError(`nestjs-wristband needs Nest 11 or 12; this application has ${major}.`);
}

function testRunner(manifest: JsonObject): Style['runner'] {
  const script = scriptOf(manifest, 'test:e2e') || scriptOf(manifest, 'test');
  const runners = ['vitest', 'jest'] as const;
  return (
    runners.find((name) => new RegExp(`\\b${name}\\b`).test(script)) ??
    runners.find((name) => rangeOf(manifest, name))
  );
}

function usesFastify(manifest: JsonObject, main: string): boolean {
  return main.includes('FastifyAdapter') || !rangeOf(manifest, '@nestjs/platform-express');
}

function globalPrefix(main: string): string {
  const [, prefix = ''] = /\.setGlobalPrefix\(\s*(?:'|"|`)([\w\-/]*)/.exec(main) ?? [];
  const path = prefix.replaceAll(/^\/+|\/+$/g, '');
  return path === '' ? '' : `/${path}`;
}
