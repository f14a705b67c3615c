import { structuredPatch } from 'diff';
import { describe, expect, it } from 'vitest';
import { fileThatUsesWristband, planInit, type Plan } from '../../../lib/cli/init/plan.js';
import { describeProject, type Project } from '../../../lib/cli/init/project.js';
import { packageManagerOf } from '../../../lib/cli/init/package-manager.js';

type Files = Record<string, string>;

const MODULE = `import { Module } from '@nestjs/common';

@Module({
  imports: [],
})
export class AppModule {}
`;

/** What `nest new` of Nest 11 leaves, as far as it matters here. */
const NEST_11: Files = {
  'package.json': `${JSON.stringify(
    {
      name: 'app',
      scripts: { 'test:e2e': 'jest --config ./test/jest-e2e.json' },
      dependencies: { '@nestjs/core': '^11.0.1', '@nestjs/platform-express': '^11.0.1' },
      devDependencies: {
        '@nestjs/testing': '^11.0.1',
        '@types/supertest': '^7.0.0',
        jest: '^30.0.0',
        supertest: '^7.0.0',
        'ts-jest': '^29.2.5',
        typescript: '^5.8.3',
      },
      jest: { rootDir: 'src', transform: { '^.+\\.(t|j)s$': 'ts-jest' } },
    },
    null,
    2,
  )}\n`,
  'tsconfig.json':
    '{\n  "compilerOptions": {\n    "module": "nodenext",\n    "isolatedModules": true\n  }\n}\n',
  'src/app.module.ts': MODULE,
  'src/main.ts': 'const app = await NestFactory.create(AppModule);',
  'test/jest-e2e.json':
    '{\n  "moduleFileExtensions": ["js", "json", "ts"],\n  "testRegex": ".e2e-spec.ts$"\n}\n',
};

/** The same of Nest 12. */
const NEST_12: Files = {
  'package.json': `${JSON.stringify(
    {
      name: 'app',
      type: 'module',
      scripts: { 'test:e2e': 'vitest run --config ./vitest.config.e2e.ts' },
      dependencies: { '@nestjs/core': '^12.0.1', '@nestjs/platform-express': '^12.0.1' },
      devDependencies: {
        '@nestjs/testing': '^12.0.1',
        supertest: '^7.0.0',
        typescript: '^6.0.2',
        vitest: '^4.1.2',
      },
    },
    null,
    2,
  )}\n`,
  'tsconfig.json': '{ "compilerOptions": { "module": "nodenext" } }\n',
  'src/app.module.ts': MODULE,
};

function project(files: Files, module?: string): Project {
  const list = (folder: string) => Object.keys(files).filter((path) => path.startsWith(`${folder}/`));
  return describeProject({ read: (path) => files[path], list }, module);
}

function plan(files: Files, module?: string): Plan {
  return planInit(project(files, module));
}

/** The files after everything in the plan is done. */
function carriedOut(files: Files): Files {
  return { ...files, ...Object.fromEntries(plan(files).changes.map(({ path, after }) => [path, after])) };
}

/** The lines that a plan takes from a file and puts into it. */
function changedLines(files: Files, path: string): string[] {
  const change = plan(files).changes.find((one) => one.path === path);
  const { hunks } = structuredPatch(path, path, change?.before ?? '', change?.after ?? '');
  return hunks.flatMap(({ lines }) => lines).filter((line) => /^[-+]/.test(line));
}

interface Manifest {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

/** Changes `package.json`. */
function withManifest(files: Files, change: (manifest: Manifest) => void): Files {
  const manifest = JSON.parse(files['package.json'] ?? '') as Manifest;
  change(manifest);
  return { ...files, 'package.json': `${JSON.stringify(manifest, null, 2)}\n` };
}

describe.each([
  ['Nest 11', NEST_11],
  ['Nest 12', NEST_12],
])('an application of %s', (_, files) => {
  it('gets a module, a route, a test, variables and the packages', () => {
    const { changes, byHand } = plan(files);

    expect(byHand).toEqual([]);
    expect(changes.filter(({ before }) => before === undefined).map(({ path }) => path)).toEqual([
      'src/sign-in/sign-in.module.ts',
      'src/sign-in/profile.controller.ts',
      '.env.example',
      'test/sign-in.e2e-spec.ts',
      '.env.test',
    ]);
    expect(changedLines(files, 'src/app.module.ts')).toHaveLength(3);
    expect(changedLines(files, 'package.json').join()).toMatch(/\+ {4}"oidc-provider": "\^9/);
  });

  it('needs nothing a second time', () => {
    expect(plan(carriedOut(files))).toEqual({ changes: [], byHand: [], packages: [] });
  });
});

it('has its test below an application whose root module is in its root', () => {
  const { 'src/app.module.ts': rootModule, ...files } = NEST_12;

  const after = carriedOut({
    ...files,
    'nest-cli.json': '{ "sourceRoot": "." }',
    'app.module.ts': rootModule!,
  });

  expect(after['test/sign-in.e2e-spec.ts']).toContain("'../app.module.js'");
  expect(after['sign-in/sign-in.module.ts']).toBeDefined();
});

describe('CommonJS', () => {
  it('imports files without an extension, ES modules with one', () => {
    expect(carriedOut(NEST_11)['src/sign-in/sign-in.module.ts']).toContain("'./profile.controller'");
    expect(carriedOut(NEST_11)['test/sign-in.e2e-spec.ts']).toContain("'../src/app.module'");
    expect(carriedOut(NEST_12)['src/sign-in/sign-in.module.ts']).toContain("'./profile.controller.js'");
    expect(carriedOut(NEST_12)['test/sign-in.e2e-spec.ts']).toContain("'../src/app.module.js'");
  });

  it('keeps its configuration of TypeScript and Jest', () => {
    const files = { ...NEST_11, 'tsconfig.json': '{ "compilerOptions": { "module": "commonjs" } }' };

    const edited = plan(files).changes.filter(({ before }) => before !== undefined);
    const { jest } = JSON.parse(carriedOut(files)['package.json'] ?? '') as { jest: object };

    expect(edited.map(({ path }) => path)).toEqual(['src/app.module.ts', 'package.json']);
    expect(jest).toEqual({ rootDir: 'src', transform: { '^.+\\.(t|j)s$': 'ts-jest' } });
  });
});

describe('what is there already', () => {
  it.each([
    ['src/app.module.ts', MODULE.replace('imports: []', 'imports: [WristbandModule.forRoot({})]')],
    ['src/auth/auth.module.ts', "@Module({ imports: [WristbandModule.forRoot({ clientId: '' })] })"],
    ['src/main.ts', 'const odd = `${b ? `]` : ""}`; // not understood\nuse(WristbandModule);'],
  ])('is noticed when %s uses WristbandModule', (path, source) => {
    expect(fileThatUsesWristband(project({ ...NEST_12, [path]: source }))).toBe(path);
  });

  it.each([
    ['src/app.module.ts', `// WristbandModule\n${MODULE}`],
    ['src/app.module.ts', `${MODULE}const text = 'WristbandModule';\n`],
    ['src/auth/auth.module.spec.ts', 'WristbandModule'],
    ['src/node_modules/a/index.d.ts', 'WristbandModule'],
    ['src/sign-in/sign-in.module.ts', 'WristbandModule'],
    ['src/other.module.ts', 'class MyWristbandModuleOrSo {}'],
  ])('is not mistaken for its use in %s', (path, source) => {
    expect(fileThatUsesWristband(project({ ...NEST_12, [path]: source }))).toBeUndefined();
  });

  it('stays in the root module when another module imports the sign-in', () => {
    const core = "import { SignInModule } from '../sign-in/sign-in.module.js';\n";
    const paths = (source: string) =>
      plan({ ...NEST_12, 'src/core/core.module.ts': source }).changes.map(({ path }) => path);

    expect(paths(core)).not.toContain('src/app.module.ts');
    expect(paths(`// ${core}`)).toContain('src/app.module.ts');
  });

  it('stays in files of variables', () => {
    const files = { ...NEST_12, '.env.example': 'PORT=3000\nexport CLIENT_ID=x\n#SESSION_SECRET=' };

    expect(changedLines(files, '.env.example').filter((line) => !line.startsWith('+#'))).toEqual([
      '-#SESSION_SECRET=', // which had no line end
      '+',
      '+CLIENT_SECRET=',
      '+APPLICATION_VANITY_DOMAIN=myapp-mycompany.us.wristband.dev',
      '+SESSION_SECRET=',
    ]);
  });

  it('stays in package.json, however it is written', () => {
    const done = carriedOut(NEST_12);
    const manifest = JSON.stringify(JSON.parse(done['package.json'] ?? ''), null, '\t');

    expect(plan({ ...done, 'package.json': manifest }).changes).toEqual([]);
  });

  it('is shown against what it would become', () => {
    const files = { ...NEST_12, 'src/sign-in/profile.controller.ts': 'mine\n' };

    expect(changedLines(files, 'src/sign-in/profile.controller.ts')).toContain('-mine');
  });
});

describe('an application that is not as usual', () => {
  it('has its root module where nest-cli.json or the command line says', () => {
    const files = {
      ...NEST_12,
      'nest-cli.json': '{ "sourceRoot": "apps/shop/src" }',
      'apps/shop/src/app.module.ts': MODULE,
    };
    const inDefault = plan(files).changes.map(({ path }) => path);
    const named = { ...NEST_12, 'apps/desk/src/desk.module.ts': MODULE.replace('AppModule', 'DeskModule') };
    const test = plan(named, 'apps/desk/src/desk.module.ts').changes.find(({ path }) =>
      path.includes('e2e-spec'),
    );

    expect(inDefault).toContain('apps/shop/src/sign-in/sign-in.module.ts');
    expect(inDefault).toContain('apps/shop/test/sign-in.e2e-spec.ts');
    expect(test?.path).toBe('apps/desk/test/sign-in.e2e-spec.ts');
    expect(test?.after).toContain("import { DeskModule } from '../src/desk.module.js';");
  });

  it('is told the lines when its root module is not understood', () => {
    const { byHand, changes } = plan({ ...NEST_12, 'src/app.module.ts': MODULE.replace('[]', 'shared') });

    expect(changes.map(({ path }) => path)).not.toContain('src/app.module.ts');
    expect(byHand).toEqual([
      expect.stringContaining("import { SignInModule } from './sign-in/sign-in.module.js';"),
    ]);
  });

  it('has a global prefix, which paths in the browser begin with', () => {
    const prefixed = (prefix: string) =>
      carriedOut({ ...NEST_12, 'src/main.ts': `app.setGlobalPrefix('${prefix}');` })[
        'src/sign-in/sign-in.module.ts'
      ];

    expect(prefixed('api')).toMatch(/landingUrl: '\/api\/profile'[\s\S]*path: 'auth'/);
    expect(prefixed('/v1/')).toMatch(/landingUrl: '\/v1\/profile'[\s\S]*path: 'api\/auth'/);
  });

  it('runs on Fastify', () => {
    const files = withManifest(NEST_12, (manifest) => {
      manifest.dependencies = { '@nestjs/core': '^12.0.1', '@nestjs/platform-fastify': '^12.0.1' };
    });

    expect(carriedOut(files)['test/sign-in.e2e-spec.ts']).toContain('new FastifyAdapter()');
  });

  it('gets no test without a test runner', () => {
    const files = withManifest(NEST_12, (manifest) => {
      delete manifest.devDependencies.vitest;
      manifest.scripts = {};
    });

    expect(plan(files).changes.map(({ path }) => path)).not.toContain('test/sign-in.e2e-spec.ts');
    expect(plan(carriedOut(files))).toEqual({ changes: [], byHand: [], packages: [] });
  });

  it('has another package manager', () => {
    const manager = (files: Files, manifest = {}) => packageManagerOf((path) => files[path], manifest);

    expect(manager({ 'pnpm-lock.yaml': '' })).toBe('pnpm');
    expect(manager({ 'yarn.lock': '' })).toBe('yarn');
    expect(manager({ 'package-lock.json': '' }, { packageManager: 'yarn@4.0.0' })).toBe('npm');
    expect(manager({}, { packageManager: 'pnpm@10.1.0+sha512.abc' })).toBe('pnpm');
    expect(manager({})).toBe('npm');
  });
});

describe('a folder that is no application', () => {
  it.each<[string, Files, string]>([
    ['nothing', {}, 'There is no package.json here'],
    ['a package.json that is none', { 'package.json': '{' }, 'There is no package.json here'],
    ['another package', { 'package.json': '{}' }, 'does not name @nestjs/core'],
    [
      'no root module',
      { 'package.json': NEST_12['package.json'] ?? '' },
      'There is no src/app.module.ts here',
    ],
    [
      'an older Nest',
      { ...NEST_12, 'node_modules/@nestjs/core/package.json': '{ "version": "10.4.1" }' },
      'needs Nest 11 or 12; this application has 10',
    ],
  ])('is told so: %s', (_, files, message) => {
    expect(() => plan(files)).toThrow(message);
  });
});
