import type { JsonObject } from './json.js';
import type { ReadFile } from './project.js';

/** The package manager that an application uses, by its lock file or by what `package.json` says. */
export function packageManagerOf(read: ReadFile, manifest: JsonObject): 'npm' | 'pnpm' | 'yarn' {
  if (read('pnpm-lock.yaml') !== undefined) return 'pnpm';
  if (read('yarn.lock') !== undefined) return 'yarn';
  if (read('package-lock.json') !== undefined) return 'npm';
  const { packageManager } = manifest;
  const named = typeof packageManager === 'string' ? packageManager.split('@')[0] : undefined;
  return named === 'pnpm' || named === 'yarn' ? named : 'npm';
}
