import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const textOf = (name: string) => readFileSync(new URL(name, root), 'utf8');
const security = textOf('SECURITY.md');
const contributing = textOf('CONTRIBUTING.md');

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
function rows(text: string): string[][] {
  const tables = text.matchAll(/^\|.*shown by *\|\n\|[- |]+\|\n((?:\|.*\n)+)/gm);
  const cells = (line: string) => line.split('|').slice(1, -1);
  return [...tables].flatMap(([, body = '']) => body.trim().split('\n').map(cells));
}

describe.each([
  ['SECURITY.md', security],
  ['CONTRIBUTING.md', contributing],
])('%s', (_, text) => {
  it('names tests that there are', () => {
    const missing = references(text).filter(({ file, title }) => !hasText(sourceOf(file), title));

    expect(missing).toEqual([]);
  });

  it('names a file with every title', () => {
    expect(references(text)).toHaveLength(text.split('“').length - 1);
  });
});

describe('SECURITY.md', () => {
  it('has for each duty a test, or says whose task it is, or that and why it is not done', () => {
    const bare = rows(security).filter(
      ([, done = '', tests = '']) =>
        references(tests).length === 0 && !/^ (?:not done: |the application's task)/.test(done),
    );

    expect(rows(security).length).toBeGreaterThan(60);
    expect(bare.map(([duty]) => duty)).toEqual([]);
  });
});

describe('CONTRIBUTING.md', () => {
  it('has for each feature a test, or says why there is none', () => {
    const bare = rows(contributing).filter(
      ([, where = '', tests = '']) =>
        references(tests).length === 0 && !/(?:left out|no test): \w/.test(where),
    );

    expect(rows(contributing).length).toBeGreaterThan(190);
    expect(bare.map(([feature]) => feature)).toEqual([]);
  });

  it('names files and chapters of the README that there are', () => {
    const places = rows(contributing).map(([, where = '']) => where);
    const files = places.flatMap((place) => [...place.matchAll(/`([\w.-]+\/[\w./-]+)`/g)]);
    const chapters = places.flatMap((place) => [...place.matchAll(/README\.md#([\w-]+)/g)]);
    const headings = [...textOf('README.md').matchAll(/^##+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    const isThere = (file: string) =>
      [`lib/${file}.ts`, file].some((path) => existsSync(new URL(path, root)));

    expect(places.filter((place) => !/`|README\.md#|left out: /.test(place))).toEqual([]);
    expect(files.map(([, file = '']) => file).filter((file) => !isThere(file))).toEqual([]);
    expect(chapters.map(([, chapter = '']) => chapter).filter((one) => !headings.includes(one))).toEqual([]);
  });
});
