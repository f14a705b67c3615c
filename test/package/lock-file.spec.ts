import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface LockedPackage {
  readonly version?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(
  readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'),
) as {
  packages: Readonly<Record<string, LockedPackage>>;
};

const PLATFORMS = ['linux', 'darwin', 'win32'].flatMap((os) => ['x64', 'arm64'].map((cpu) => `${os} ${cpu}`));

/** Where a package's dependency is found: beside it, or in a folder above. */
function locked(from: string, name: string): LockedPackage | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/node_modules/'), 0))) {
    const found = packages[folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`];
    if (found || folder === '') return found;
  }
}

/** Packages that have a build for each platform, with the names of those builds. */
const withBuilds = Object.entries(packages)
  .map(([path, { optionalDependencies = {} }]) => ({ path, names: Object.keys(optionalDependencies) }))
  .filter(({ path, names }) => names.some((name) => locked(path, name)?.os !== undefined));

it('the lock file knows packages that have a build for each platform', () => {
  const names = withBuilds.map(({ path }) =>
    path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
  );

  expect(names).toEqual(expect.arrayContaining(['oxlint', 'oxlint-tsgolint', 'rolldown', 'typescript']));
});

it.each(withBuilds)('the lock file has all builds of $path', ({ path, names }) => {
  expect(names.filter((name) => locked(path, name) === undefined)).toEqual([]);

  const builds = names.map((name) => locked(path, name)!).filter(({ os, cpu }) => os ?? cpu);
  const isFor = (list: readonly string[] | undefined, value: string) => list?.includes(value) ?? true;
  const missing = PLATFORMS.filter((platform) => {
    const [os = '', cpu = ''] = platform.split(' ');
    return !builds.some((build) => isFor(build.os, os) && isFor(build.cpu, cpu));
  });
  // A package for one system only, such as fsevents, is missing on the others on purpose.
  if (new Set(builds.flatMap(({ os = [] }) => os)).size > 1) expect(missing).toEqual([]);
});

it('the lock file names no registry', () => {
  const resolved = Object.values(packages).flatMap(({ resolved: from }) => from ?? []);

  expect(resolved.filter((from) => /^https?:/.test(from))).toEqual([]);
});

it('the lock file holds what each package depends on', () => {
  const missing = Object.entries(packages)
    .filter(([, { link }]) => !link)
    .flatMap(([path, { dependencies = {} }]) =>
      Object.keys(dependencies)
        .filter((name) => locked(path, name) === undefined)
        .map((name) => `${path} needs ${name}`),
    );

  expect(missing).toEqual([]);
});
