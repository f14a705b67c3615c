import { describe, expect, it } from 'vitest';
import { importModule, moduleClass } from '../../../lib/cli/init/module-edit.js';

const SIGN_IN = { name: 'SignInModule', from: './sign-in/sign-in.module' };

/** A module file around the argument of `@Module()`. */
const moduleWith = (argument: string) =>
  `import { Module } from '@nestjs/common';\n\n@Module(${argument})\nexport class AppModule {}\n`;

/** The argument of `@Module()` after the edit; undefined when nothing was touched. */
function edited(argument: string): string | undefined {
  const result = importModule(moduleWith(argument), SIGN_IN);
  return result && /@Module\(([\s\S]*)\)\nexport/.exec(result)?.[1];
}

describe('the entry in @Module()', () => {
  it.each([
    ['an empty list', '{ imports: [] }', '{ imports: [SignInModule] }'],
    ['an empty list on two lines', '{\n  imports: [\n  ],\n}', '{\n  imports: [SignInModule],\n}'],
    ['a list with a comment', '{ imports: [/* soon */] }', '{ imports: [SignInModule,/* soon */] }'],
    ['one entry', '{ imports: [A] }', '{ imports: [A, SignInModule] }'],
    ['a trailing comma', '{ imports: [A, B,] }', '{ imports: [A, B, SignInModule] }'],
    [
      'lines',
      '{\n  imports: [\n    A,\n    B,\n  ],\n}',
      '{\n  imports: [\n    A,\n    B,\n    SignInModule,\n  ],\n}',
    ],
    [
      'lines without a last comma',
      '{\n  imports: [\n    A\n  ]\n}',
      '{\n  imports: [\n    A,\n    SignInModule\n  ]\n}',
    ],
    ['tabs', '{\n\timports: [\n\t\tA,\n\t],\n}', '{\n\timports: [\n\t\tA,\n\t\tSignInModule,\n\t],\n}'],
    [
      'comments after and between entries',
      '{\n  imports: [\n    A, // ], the first\n    // B,\n    C, /* } */\n    // D,\n  ],\n}',
      '{\n  imports: [\n    A, // ], the first\n    // B,\n    C, /* } */\n    // D,\n    SignInModule,\n  ],\n}',
    ],
    [
      'a comment after the last entry without a comma',
      '{\n  imports: [\n    A // the only one\n  ],\n}',
      '{\n  imports: [\n    A, // the only one\n    SignInModule\n  ],\n}',
    ],
    [
      'dynamic modules',
      "{\n  imports: [\n    A.forRoot({ list: [1, 2], text: ']' }),\n    B.forRootAsync({\n      imports: [C],\n    }),\n  ],\n}",
      "{\n  imports: [\n    A.forRoot({ list: [1, 2], text: ']' }),\n    B.forRootAsync({\n      imports: [C],\n    }),\n    SignInModule,\n  ],\n}",
    ],
    [
      'an entry over several lines inside the brackets',
      '{\n  imports: [A.forRoot({\n    b: 1,\n  })],\n}',
      '{\n  imports: [A.forRoot({\n    b: 1,\n  }), SignInModule],\n}',
    ],
    [
      'something spread into the list',
      '{ imports: [...shared, A] }',
      '{ imports: [...shared, A, SignInModule] }',
    ],
    [
      'a regular expression',
      '{ imports: [A.match(/[\'"[]/)] }',
      '{ imports: [A.match(/[\'"[]/), SignInModule] }',
    ],
    ['templates', '{ imports: [A.of(`${b}]`)] }', '{ imports: [A.of(`${b}]`), SignInModule] }'],
    [
      'imports that are not the first',
      '{ controllers: [X], imports: [A] }',
      '{ controllers: [X], imports: [A, SignInModule] }',
    ],
    [
      'other imports deeper down',
      '{ providers: [f({ imports: [] })] }',
      '{ imports: [SignInModule], providers: [f({ imports: [] })] }',
    ],
    [
      'imports in a comment only',
      '{\n  // imports: [],\n  providers: [],\n}',
      '{\n  // imports: [],\n  imports: [SignInModule],\n  providers: [],\n}',
    ],
    ['no imports', '{\n  controllers: [],\n}', '{\n  imports: [SignInModule],\n  controllers: [],\n}'],
    ['nothing at all', '{}', '{ imports: [SignInModule] }'],
    ['nothing but a comment', '{ /* todo */ }', '{ imports: [SignInModule], /* todo */ }'],
  ])('goes into %s', (_, before, after) => {
    expect(edited(before)).toBe(after);
  });

  it.each([
    ['a list from elsewhere', '{ imports: shared }'],
    ['a list that is put together', '{ imports: [A].concat(shared) }'],
    ['a list with a cast', '{ imports: [A] as const }'],
    ['a short form', '{ imports }'],
    ['something spread into the object', '{ ...metadata, controllers: [] }'],
    ['a name in quotes', "{ 'imports': [] }"],
    ['a name that is worked out', '{ [key]: [] }'],
    ['two lists', '{ imports: [], imports: [] }'],
    ['metadata from elsewhere', 'metadata'],
    ['no argument', ''],
    ['a template inside a template', '{ imports: [A.of(`${b ? `]` : ""}`)] }'],
    ['brackets that do not match', '{ imports: [A.of(] }'],
  ])('is left to the user with %s', (_, argument) => {
    expect(importModule(moduleWith(argument), SIGN_IN)).toBeUndefined();
  });
});

describe('the import line', () => {
  const rest = '@Module({ imports: [] })\nexport class AppModule {}\n';
  const lineAfter = (imports: string) => importModule(imports + rest, SIGN_IN)?.split('@Module')[0];

  it.each([
    [
      'follows the last one',
      "import 'a';\nimport { Module } from 'b';\n",
      "import { SignInModule } from './sign-in/sign-in.module';\n",
    ],
    [
      'has the quotes of the others',
      'import { Module } from "b";\n',
      'import { SignInModule } from "./sign-in/sign-in.module";\n',
    ],
    [
      'has no semicolon where the others have none',
      "import { Module } from 'b'\n",
      "import { SignInModule } from './sign-in/sign-in.module'\n",
    ],
    [
      'follows one over several lines',
      "import {\n  Module,\n} from 'b'; // Nest\n",
      "import { SignInModule } from './sign-in/sign-in.module';\n",
    ],
    ['overlooks one in a comment', "import { Module } from 'b';\n/*\nimport 'c';\n*/\n", undefined],
  ])('%s', (_, imports, line) => {
    const expected = line
      ? imports + line
      : imports.replace('\n', `\nimport { SignInModule } from '${SIGN_IN.from}';\n`);
    expect(lineAfter(imports)).toBe(expected);
  });

  it('is left to the user where there are no imports', () => {
    expect(importModule(rest, SIGN_IN)).toBeUndefined();
  });
});

describe('a module file', () => {
  it('stays as it is when the module is imported', () => {
    const once = importModule(moduleWith('{ imports: [A] }'), SIGN_IN) ?? '';

    expect(once).toContain('SignInModule');
    expect(importModule(once, SIGN_IN)).toBe(once);
  });

  it('is left to the user when it imports another class of that name, or forgot the entry', () => {
    const source = (from: string, entry = '') =>
      `import { SignInModule } from '${from}';\n${moduleWith(`{ imports: [${entry}] }`)}`;

    expect(importModule(source('./mine', 'SignInModule'), SIGN_IN)).toBeUndefined();
    expect(importModule(source(SIGN_IN.from), SIGN_IN)).toBeUndefined();
    expect(importModule(source('@/sign-in/sign-in.module.js', 'SignInModule'), SIGN_IN)).toBeDefined();
  });

  it('is not misled by the name in a comment or a text', () => {
    const source = `// SignInModule, SignInModule\n${moduleWith("{ imports: [A.of('SignInModule')] }")}`;

    expect(importModule(source, SIGN_IN)).toContain("A.of('SignInModule'), SignInModule]");
  });

  it('is left to the user when it holds several modules', () => {
    const source = `${moduleWith('{ imports: [] }')}@Module({ imports: [] })\nexport class OtherModule {}\n`;

    expect(importModule(source, SIGN_IN)).toBeUndefined();
  });

  it('tells its class', () => {
    expect(moduleClass(moduleWith('{ imports: [] }'))).toBe('AppModule');
    expect(moduleClass('@Module({})\n@Global()\nexport class ShopModule {}')).toBe('ShopModule');
    expect(moduleClass('@Module({})\nexport default class {}')).toBeUndefined();
  });
});
