import { dirname, join } from 'node:path';
import { run } from './command.js';

/** An installed Node.js. */
export interface NodeVersion {
  readonly version: string;
  /** Before everything else in PATH, it is the `node` of all commands. */
  readonly folder: string;
}

/**
 * Installs a Node.js from the package registry.
 *
 * @param wanted a version or a range, or `current` for the one that runs this
 */
export async function installNode(wanted: string, into: string): Promise<NodeVersion> {
  const current = process.versions.node;
  if (wanted === 'current' || wanted === current) {
    return { version: current, folder: dirname(process.execPath) };
  }
  const name = `node-${process.platform}-${process.arch}`;
  const install = ['install', '--no-audit', '--no-fund', '--no-save', '--prefix', into, `${name}@${wanted}`];
  await run('npm', install, { cwd: dirname(into), seconds: 180 });
  const folder = join(into, 'node_modules', name, 'bin');
  const version = await run(join(folder, 'node'), ['--version'], { cwd: into, seconds: 20 });
  return { version: version.trim().slice(1), folder };
}

/** The environment of commands that shall run on a Node.js. */
export function onNode({ folder }: NodeVersion): NodeJS.ProcessEnv {
  return { PATH: `${folder}:${process.env.PATH}` };
}
