import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { ProjectError, type Files } from './project.js';

/** The files of a folder, with `\n` at the ends of lines whatever they are on the disk. */
export class ProjectFiles implements Files {
  constructor(readonly root: string) {}

  readonly read = (path: string): string | undefined => this.#readRaw(path)?.replaceAll('\r\n', '\n');

  readonly list = (folder: string): string[] =>
    readdirSync(join(this.root, folder), { recursive: true, encoding: 'utf8' })
      .map((path) => join(folder, path).split(sep).join('/'))
      .toSorted();

  /** Writes a file with the line ends that it had. */
  write(path: string, text: string): void {
    const file = join(this.root, path);
    const hasCrLf = this.#readRaw(path)?.includes('\r\n') === true;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, hasCrLf ? text.replaceAll('\n', '\r\n') : text);
  }

  /** @throws {ProjectError} for a path that leads out of the folder */
  assertContains(path: string): void {
    if (!this.contains(join(this.root, path))) throw new ProjectError(`${path} is not inside this folder.`);
  }

  /** Whether a path is inside, also when links on the way are followed. */
  contains(file: string): boolean {
    let existing = file;
    while (!lstatSync(existing, { throwIfNoEntry: false })) existing = dirname(existing);
    // A link to nothing may lead anywhere.
    if (!existsSync(existing)) return false;
    const path = relative(realpathSync(this.root), realpathSync(existing));
    return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
  }

  #readRaw(path: string): string | undefined {
    const file = join(this.root, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }
}
