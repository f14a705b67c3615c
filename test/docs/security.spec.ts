import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const security = readFileSync(new URL('SECURITY.md', root), 'utf8');

interface Reference {
  /** Below `test`, without its ending. */
  readonly file: string;
  readonly title: string;
}

/** What is written as `file` “title”, “another title of it”. */
function references(text: string): Reference[] {
  return [...text.matchAll(/`([\w./-]+)`((?:,?\s“[^”]+”)+)/g)].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => ({ file, title })),
  );
}

function sourceOf(file: string): string {
  const endings = ['.e2e-spec.ts', '.spec.ts', '.ts'];
  const found = endings
    .map((ending) => new URL(`test/${file}${ending}`, root))
    .find((url) => existsSync(url));
  return found ? readFileSync(found, 'utf8') : '';
}

/** Whether a text of a source is this and nothing more; a title of `it.each` stands there with its %s. */
function hasText(source: string, text: string): boolean {
  return ["'", '"', '`'].some((quote) => source.includes(quote + text + quote));
}

/** The cells of the rows of all tables that say by which tests they are shown. */
function rows(): string[][] {
  const tables = security.matchAll(/^\|.*shown by *\|\n\|[- |]+\|\n((?:\|.*\n)+)/gm);
  const cells = (line: string) => line.split('|').slice(1, -1);
  return [...tables].flatMap(([, body = '']) => body.trim().split('\n').map(cells));
}

describe('SECURITY.md', () => {
  it('names tests that there are', () => {
    const missing = references(security).filter(({ file, title }) => !hasText(sourceOf(file), title));

    expect(missing).toEqual([]);
  });

  it('names a file with every title', () => {
    expect(references(security)).toHaveLength(security.split('“').length - 1);
  });

  it('has for each duty a test, or says whose task it is, or that and why it is not done', () => {
    const bare = rows().filter(
      ([, done = '', tests = '']) =>
        references(tests).length === 0 && !/^ (?:not done: |the application's task)/.test(done),
    );

    expect(rows().length).toBeGreaterThan(60);
    expect(bare.map(([duty]) => duty)).toEqual([]);
  });
});
