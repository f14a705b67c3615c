import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from './command.js';

const root = new URL('../..', import.meta.url).pathname;
const NOT_COPIED = ['node_modules', 'dist', '.git'];

export interface PackedPackage {
  readonly tarball: string;
  /** The paths in it, sorted. */
  readonly files: readonly string[];
}

/**
 * Packs the package as it would be published.
 *
 * In a copy, because packing begins with an empty `dist`, which others may be using.
 */
export async function packPackage(into: string): Promise<PackedPackage> {
  const copy = join(into, 'package');
  mkdirSync(copy, { recursive: true });
  cpSync(root, copy, { recursive: true, filter: (path) => !NOT_COPIED.includes(basename(path)) });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const json = await run('npm', ['pack', '--json', '--pack-destination', into], { cwd: copy, seconds: 120 });
  const [packed] = JSON.parse(json) as [{ filename: string; files: { path: string }[] }];
  return {
    tarball: join(into, packed.filename),
    files: packed.files.map(({ path }) => path).toSorted(),
  };
}
