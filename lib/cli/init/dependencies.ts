import { readFileSync } from 'node:fs';
import { isObject, type JsonObject } from './json.js';
import { rangeOf, type Project } from './project.js';

interface Package {
  readonly name: string;
  readonly range: string;
  readonly group: 'dependencies' | 'devDependencies';
}

const OWN = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
  peerDependencies: Readonly<Record<string, string>>;
};

/** The version of this package. */
export const VERSION = OWN.version;

/** The packages that the written files need and `package.json` does not name. */
export function missingPackages({ manifest, style }: Project): Package[] {
  const forTests: Package[] = [
    { name: '@nestjs/testing', range: rangeOf(manifest, '@nestjs/core') ?? '', group: 'devDependencies' },
  ];
  const needed: Package[] = [
    { name: 'nestjs-wristband', range: `^${VERSION}`, group: 'dependencies' },
    { name: 'oidc-provider', range: OWN.peerDependencies['oidc-provider'] ?? '', group: 'devDependencies' },
    ...(style.runner ? forTests : []),
  ];
  return needed.filter(({ name }) => rangeOf(manifest, name) === undefined);
}

/** Adds packages to what `package.json` holds, in alphabetical order as package managers do. */
export function withPackages(manifest: JsonObject, packages: readonly Package[]): JsonObject {
  return packages.reduce((result, { name, range, group }) => {
    const old = result[group];
    const entries = Object.entries({ ...(isObject(old) ? old : {}), [name]: range });
    const sorted = entries.toSorted(([one], [other]) => (one < other ? -1 : 1));
    return { ...result, [group]: Object.fromEntries(sorted) };
  }, manifest);
}
