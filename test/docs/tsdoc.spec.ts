import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const lib = new URL('../../lib/', import.meta.url);

interface Exported {
  readonly name: string;
  readonly file: URL;
}

/** What an entry exports, by the lines `export { A, type B } from './c.js'`. */
function exportsOf(entry: string): Exported[] {
  const barrel = new URL(entry, lib);
  const lines = readFileSync(barrel, 'utf8').matchAll(/export (?:type )?\{([^}]+)\} from '([^']+)\.js'/g);
  return [...lines].flatMap(([, names = '', path]) =>
    names
      .split(',')
      .map((name) => name.replace(/^\s*type /, '').trim())
      .filter((name) => name !== '')
      .map((name) => ({ name, file: new URL(`${path}.ts`, barrel) })),
  );
}

/** The text of the comment right above a declaration, decorators aside; `undefined` when there is none. */
function commentOf({ name, file }: Exported): string | undefined {
  const declaration = new RegExp(
    `/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s*(?:@[A-Z]\\w*\\((?:(?!/\\*)[^])*?\\)\\s*)*` +
      `export (?:abstract |async )*(?:class|interface|type|const|function) ${name}\\b`,
  );
  const [, comment] = declaration.exec(readFileSync(file, 'utf8')) ?? [];
  return comment?.replace(/^\s*\*? ?/gm, '').trim();
}

describe.each(['index.ts', 'testing/index.ts'])('what %s exports', (entry) => {
  it('is found by this test', () => {
    expect(exportsOf(entry).length).toBeGreaterThan(15);
  });

  it('is told in a plain sentence each, before anything else', () => {
    // No tag before the end of the sentence.
    const sentence = /^[A-Z`](?:(?!\n@)[^]){10,250}?\.(?:\s|$)/;
    const untold = exportsOf(entry).filter((one) => !sentence.test(commentOf(one) ?? ''));

    expect(untold.map(({ name }) => name)).toEqual([]);
  });
});
