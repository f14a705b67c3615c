import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { launchChromium } from '../support/chromium.js';
import { application, NestApplication } from '../support/nest-application.js';
import { npmStart } from '../support/sample.js';

const NEW_FILES = [
  '.env.example',
  '.env.test',
  'src/sign-in/profile.controller.ts',
  'src/sign-in/sign-in.module.ts',
  'test/sign-in.e2e-spec.ts',
];
const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const MODULE = 'src/app.module.ts';

describe.each([
  { nest: 12, edited: [MODULE] },
  { nest: 11, edited: [MODULE] },
] as const)('init in an application like those of Nest $nest', ({ nest, edited }) => {
  let app: NestApplication;
  let chromium: Browser;
  beforeAll(async () => {
    app = new NestApplication(nest);
    chromium = await launchChromium();
  });
  afterAll(async () => {
    await chromium.close();
    app.remove();
  });

  it('tells what it would do, and writes nothing without a terminal', () => {
    const before = app.files();

    const { exitCode, output } = app.cli('init');

    expect(exitCode).toBe(1);
    expect(output).toContain(
      '--- /dev/null\n+++ b/src/sign-in/profile.controller.ts\n@@ -0,0 +1,11 @@\n+import',
    );
    expect(output).toContain('-  imports: [],\n+  imports: [SignInModule],\n');
    expect(output).toContain('Nothing is written');
    expect(app.files()).toEqual(before);
  });

  it('writes a module, a protected route, variables and a test with --yes', () => {
    const before = app.files();

    const { exitCode, output } = app.cli('init', '--yes');

    const commands = [...output.matchAll(/^ {2}(np[mx] .+)$/gm)].map(([, command = '']) => command);
    expect(commands).toEqual(['npx nestjs-wristband emulate -- npm run start:dev', 'npm run test:e2e']);
    expect(README).toContain(`npx nestjs-wristband init\n${commands.join('\n')}\n`);
    expect(exitCode).toBe(0);
    const after = app.files();
    expect(Object.keys(after).filter((path) => !(path in before))).toEqual(NEW_FILES);
    expect(Object.keys(before).filter((path) => after[path] !== before[path])).toEqual(edited);
  });

  it('has nothing to do a second time', () => {
    const before = app.files();

    const { exitCode, output } = app.cli('init');

    expect(output).toBe('Nothing to do: this application has its sign-in already.\n');
    expect(exitCode).toBe(0);
    expect(app.files()).toEqual(before);
  });

  it('leaves code that compiles, and a test that passes', () => {
    expect(app.bin('tsc', '-p', '.')).toEqual({ exitCode: 0, output: '' });
    const { exitCode, output } = app.bin('vitest', 'run', '--config', './vitest.config.e2e.ts');
    expect(output).toMatch(/Tests {2}2 passed/);
    expect(exitCode).toBe(0);
  });

  it('leaves an application that names all missing variables at once, and what needs none', () => {
    app.write('.env', 'CLIENT_ID=client\nCLIENT_SECRET=\n');

    const { exitCode, output } = app.node('dist/src/main.js');

    rmSync(join(app.folder, '.env'));
    expect(exitCode).toBe(1);
    expect(output).toContain(
      'Neither the environment nor .env has CLIENT_SECRET, APPLICATION_VANITY_DOMAIN, SESSION_SECRET: see .env.example.',
    );
    expect(output).toContain('npx nestjs-wristband emulate -- npm run start:dev');
  });

  it('leaves an application to which a browser signs in at the emulator', async () => {
    const running = await npmStart(app.folder);
    onTestFinished(async () => void (await running.pressCtrlC()));
    const page = await chromium.newPage();

    await expect
      .poll(() => running.output(), { timeout: 15_000 })
      .toContain(`Sign in    ${running.origin}/api/auth/login`);
    await page.goto(`${running.origin}/profile`);
    await page.locator('input[name=email]').fill('grace@acme.example');
    await page.keyboard.press('Enter');
    await page.locator('input[name=password]').fill('password');
    await page.locator('input[name=email]').fill('grace@acme.example');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${running.origin}/profile`);

    expect(JSON.parse(await page.locator('body').innerText())).toMatchObject({ tenantName: 'acme' });
  });
});

describe('an application that is not new', () => {
  const moduleOf = (metadata: string, imports = '') =>
    `import { Module } from '@nestjs/common';\n${imports}\n@Module(${metadata})\nexport class AppModule {}\n`;

  it('may have a root module without imports', () => {
    const app = application(12, { [MODULE]: moduleOf('{\n  providers: [],\n}') });

    expect(app.cli('init', '-y').exitCode).toBe(0);
    expect(app.read(MODULE)).toContain('@Module({\n  imports: [SignInModule],\n  providers: [],\n})');
  });

  it('may run on Fastify and have a global prefix', () => {
    const app = application(12);
    app.write('package.json', app.read('package.json').replace('platform-express', 'platform-fastify'));
    app.write('src/main.ts', `export const start = (app: any) => app.setGlobalPrefix('v1');\n`);

    expect(app.cli('init', '-y').output).toContain(
      'emulate --url http://localhost:3000/v1/api/auth -- npm run',
    );
    expect(app.read('test/sign-in.e2e-spec.ts')).toContain('new FastifyAdapter()');
    expect(app.bin('tsc', '-p', '.')).toEqual({ exitCode: 0, output: '' });
    expect(app.bin('vitest', 'run', '--config', './vitest.config.e2e.ts').output).toMatch(
      /Tests {2}2 passed/,
    );
  });

  it('may be the second one of a monorepo, which commands must name', () => {
    const app = application(11, {
      'nest-cli.json': JSON.stringify({
        sourceRoot: 'apps/shop/src',
        projects: {
          shop: { sourceRoot: 'apps/shop/src' },
          admin: { sourceRoot: 'apps/admin/src' },
        },
      }),
      'apps/shop/src/app.module.ts': moduleOf('{}'),
      'apps/admin/src/admin.module.ts': moduleOf('{}'),
      'apps/admin/test/jest-e2e.json': '{}',
    });
    const commandsOf = (...args: string[]) => {
      const { exitCode, output } = app.cli('init', '-y', ...args);
      expect(exitCode).toBe(0);
      return [...output.matchAll(/^ {2}(np[mx] .+)$/gm)].map(([, command = '']) => command);
    };

    expect(commandsOf('--module', 'apps/admin/src/admin.module.ts')).toEqual([
      'npx nestjs-wristband emulate -- npx nest start admin --watch',
      'npx jest --config apps/admin/test/jest-e2e.json',
    ]);
    expect(commandsOf()).toEqual(['npx nestjs-wristband emulate -- npm run start:dev', 'npm run test:e2e']);
  });

  it('keeps its Windows line ends', () => {
    const windows = moduleOf('{\n  imports: [],\n}').replaceAll('\n', '\r\n');
    const app = application(12, { [MODULE]: windows });

    expect(app.cli('init', '-y').exitCode).toBe(0);
    expect(app.read(MODULE)).toBe(
      windows
        .replace("common';\r\n", "$&import { SignInModule } from './sign-in/sign-in.module.js';\r\n")
        .replace('[]', '[SignInModule]'),
    );
    expect(app.cli('init')).toMatchObject({ exitCode: 0 });
  });

  it.each([
    [MODULE, moduleOf('{ imports: [WristbandModule.forRoot()] }')],
    ['src/auth/auth.module.ts', 'export const auth = WristbandModule.forRoot();\n'],
  ])('stays as it is with WristbandModule in %s', (path, source) => {
    const app = application(12, { [path]: source });
    const before = app.files();

    expect(app.cli('init', '-y')).toEqual({
      exitCode: 0,
      output: `Nothing to do: ${path} uses WristbandModule already.\n`,
    });
    expect(app.files()).toEqual(before);
  });

  it('is told what to do by hand where the module is imported but not used', () => {
    const line = "import { SignInModule } from './sign-in/sign-in.module.js';\n";
    const app = application(12, { [MODULE]: moduleOf('{ imports: [] }', line) });

    const { exitCode, output } = app.cli('init', '-y');

    expect(exitCode).toBe(1);
    expect(output).toContain('and in @Module():  imports: [SignInModule]');
    app.write(MODULE, moduleOf('{ imports: [SignInModule] }', line));
    expect(app.cli('init').exitCode).toBe(0);
  });

  it('names its root module when that is elsewhere', () => {
    const app = application(12, { [MODULE]: undefined, 'src/shop.module.ts': moduleOf('{}') });

    expect(app.cli('init', '-y')).toEqual({
      exitCode: 1,
      output: 'There is no src/app.module.ts here. Name the file of the root module: --module <path>\n',
    });
    expect(app.cli('init', '-y', '--module', 'src/shop.module.ts').exitCode).toBe(0);
    expect(app.read('src/shop.module.ts')).toContain('{ imports: [SignInModule] }');
    expect(app.cli('init', '-y', '--module', '../shop.module.ts').output).toContain(
      'is not inside this folder',
    );
  });

  it('writes nothing at all where a link leads out of its folder', () => {
    const app = application(12);
    mkdirSync(join(app.folder, 'src/sign-in'));
    const elsewhere = `${app.folder}-elsewhere.ts`;
    symlinkSync(elsewhere, join(app.folder, 'src/sign-in/profile.controller.ts'));
    const before = app.files();

    expect(app.cli('init', '-y')).toEqual({
      exitCode: 1,
      output: 'src/sign-in/profile.controller.ts is not inside this folder.\n',
    });
    expect(app.files()).toEqual(before);
    expect(existsSync(elsewhere)).toBe(false);
  });

  it('is told when a package manager does not succeed', () => {
    const app = application(12);
    app.write('package.json', app.read('package.json').replace(/.*"oidc-provider".*\n/, ''));

    const { exitCode, output } = app.cli('init', '-y');

    expect(app.read('package.json')).toMatch(/"oidc-provider": "\^9/);
    expect(output).toContain('Installing oidc-provider: npm install');
    expect(output).toContain('npm install did not succeed. Run it again.');
    expect(exitCode).toBe(1);
  });
});

describe.runIf(process.platform === 'linux')('in a terminal', () => {
  const CONTROLLER = 'src/sign-in/profile.controller.ts';

  it('asks before it edits what is there, and keeps what the user wants to keep', async () => {
    const app = application(11);
    const before = app.files();

    const { exitCode, output } = await app.cliInTerminal(['init'], ['n\n']);

    expect(output).toContain(`Change ${MODULE}? [y/N]`);
    expect(output).toContain(`Not changed: ${MODULE}`);
    expect(exitCode).toBe(1);
    const after = app.files();
    expect(Object.keys(before).filter((path) => after[path] !== before[path])).toEqual([]);
    expect(Object.keys(after)).toEqual(expect.arrayContaining(NEW_FILES));
  });

  it('asks before it overwrites what the user has changed since', async () => {
    const app = application(12);
    app.cli('init', '-y');
    const written = app.read(CONTROLLER);
    app.write(CONTROLLER, `${written}// mine\n`);

    const first = await app.cliInTerminal(['init'], ['n\n']);
    expect(first.output).toContain('-// mine');
    expect(first.exitCode).toBe(1);
    expect(app.read(CONTROLLER)).toBe(`${written}// mine\n`);

    const second = await app.cliInTerminal(['init'], ['yes\n']);
    expect(second.exitCode).toBe(0);
    expect(app.read(CONTROLLER)).toBe(written);
  });

  it.each([
    ['Ctrl-C', '\x03', 130],
    ['Ctrl-D', '\x04', 1],
  ])('takes %s for a no', async (_, key, exitCode) => {
    const app = application(12);
    const before = app.read(MODULE);

    expect(await app.cliInTerminal(['init'], [key])).toMatchObject({ exitCode });
    expect(app.read(MODULE)).toBe(before);
  });
});
