import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { validateOptions } from '../../lib/config/options-validator.js';
import { ERROR_STATUS } from '../../lib/errors/wristband.exception.js';
import { JwtAuthGuard, WristbandConfigError } from '../../lib/index.js';
import { WristbandSession } from '../../lib/session/session.js';
import { startWristbandEmulator } from '../../lib/testing/index.js';
import { userOf } from '../support/bearer-tokens.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';

const root = new URL('../..', import.meta.url).pathname;
const readme = readFileSync(join(root, 'README.md'), 'utf8');

const ENVIRONMENT = {
  CLIENT_ID: 'client',
  CLIENT_SECRET: 'a-client-secret-of-32-characters',
  APPLICATION_VANITY_DOMAIN: 'myapp-mycompany.us.wristband.dev',
  SESSION_SECRET: 'a-session-secret-of-32-characters',
};

/** Runs the quick start as an application and asks for its protected route. */
const START = `
  import 'reflect-metadata';
  import { NestFactory } from '@nestjs/core';
  import { AppModule } from './app.module.js';
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address();
  const answer = await fetch(\`http://127.0.0.1:\${port}/orders\`);
  console.log(answer.status, (await answer.json()).code);
  await app.close();
`;

/** The `ts` blocks with the file name in their first line. */
function codeBlocks(): { name: string; code: string }[] {
  return [...readme.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(([, name = '', code = '']) => ({
    name,
    code,
  }));
}

/** The rows of the table whose header begins with a word. */
function tableRows(firstColumn: string): string[][] {
  const lines = readme.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${firstColumn} `));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('README', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'readme-'));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const { name, code } of codeBlocks()) writeFileSync(join(folder, name), code);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has code that compiles under strict rules and starts', async () => {
    const blocks = codeBlocks();
    // `nestjs-wristband` is found as an application finds it: by the package's exports.
    const compilerOptions = {
      rootDir: folder,
      outDir: join(folder, 'dist'),
      declaration: false,
      exactOptionalPropertyTypes: true,
      types: ['node', 'vitest/globals'],
    };
    const spec = readFileSync(join(folder, 'orders.spec.ts'), 'utf8');
    writeFileSync(
      join(folder, 'orders.spec.ts'),
      spec.replace(/'(\.\/[\w.]+)'(; \/\/ '\1\.js')/, "'$1.js'$2"),
    );
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, 'tsconfig.json'),
        compilerOptions,
        files: blocks.map(({ name }) => name),
        include: [],
      }),
    );

    const { stdout: mistakes } = spawnSync(join(folder, 'node_modules/.bin/tsc'), ['-p', folder], {
      encoding: 'utf8',
    });
    writeFileSync(join(folder, 'orders.spec.ts'), spec);
    writeFileSync(join(folder, 'dist/start.mjs'), START);
    const started = spawnSync(process.execPath, ['dist/start.mjs'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, ...ENVIRONMENT },
    });

    expect(blocks.map(({ name }) => name)).toEqual([
      'app.module.ts',
      'configured.module.ts',
      'auth.controller.ts',
      'orders.controller.ts',
      'cart.controller.ts',
      'store.module.ts',
      'back-channel.controller.ts',
      'office.controller.ts',
      'open-api.ts',
      'metrics.ts',
      'health.controller.ts',
      'orders.gateway.ts',
      'orders.spec.ts',
      'sign-ins.ts',
      'wristband.config.ts',
      'migrated.module.ts',
      'migrated.controller.ts',
    ]);
    expect(mistakes).toBe('');
    expect(started.stderr).toBe('');
    expect(started.stdout).toBe('401 not_authenticated\n');
  });

  it('has a test that passes beside the quick start, and fails where the guard is missing', () => {
    const quickStart = join(folder, 'app.module.ts');
    const guarded = readFileSync(quickStart, 'utf8');
    const tsconfig = JSON.stringify({ extends: join(root, 'tsconfig.json'), include: ['*.ts'] });
    writeFileSync(join(folder, 'tsconfig.json'), tsconfig);
    const config =
      "export default { test: { globals: true, include: ['orders.spec.ts'], testTimeout: 60000, hookTimeout: 60000 } };";
    writeFileSync(join(folder, 'vitest.config.mjs'), config);
    const runTest = () => {
      const vitest = join(folder, 'node_modules/.bin/vitest');
      const { stdout } = spawnSync(vitest, ['run', '--reporter=json'], { cwd: folder, encoding: 'utf8' });
      const { numPassedTests, numFailedTests } = JSON.parse(stdout) as Record<string, number>;
      return { numPassedTests, numFailedTests };
    };

    const asPasted = runTest();
    writeFileSync(quickStart, guarded.replace('@UseGuards(SessionAuthGuard)', ''));
    const unguarded = runTest();

    expect(asPasted).toEqual({ numPassedTests: 2, numFailedTests: 0 });
    expect(unguarded).toEqual({ numPassedTests: 1, numFailedTests: 1 });
  }, 120_000);

  it("has an application that came from Wristband's own library and signs in", async () => {
    const emulator = await startWristbandEmulator();
    const environment = {
      CLIENT_ID: emulator.clientId,
      CLIENT_SECRET: emulator.clientSecret,
      APPLICATION_VANITY_DOMAIN: emulator.vanityDomain,
      WRISTBAND_EMULATOR: emulator.origin,
      SESSION_SECRET: ENVIRONMENT.SESSION_SECRET,
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const { MigratedModule } = (await import(join(folder, 'dist/migrated.module.js'))) as {
      MigratedModule: Type;
    };
    const app = await NestFactory.create(MigratedModule, { logger: false });
    try {
      await app.listen(0, '127.0.0.1');
      const { port } = app.getHttpServer().address() as AddressInfo;
      const endpoints = `http://localhost:${port}/api/auth`;
      emulator.setApplication({ loginUrl: `${endpoints}/login`, redirectUris: [`${endpoints}/callback`] });
      const browser = new Browser();
      const claims = () => browser.get(`http://localhost:${port}/api/claims`);
      expect((await claims()).status).toBe(401);

      const landed = await signIn(
        browser,
        `${endpoints}/login?tenant_name=acme&return_url=/api/claims`,
        userOf(emulator),
      );
      expect(landed).toMatchObject({ status: 200, url: `http://localhost:${port}/api/claims`, text: '{}' });

      await browser.get(`${endpoints}/logout`);
      expect(emulator.callsTo('revoke')).toHaveLength(1);
      expect((await claims()).status).toBe(401);
    } finally {
      await app.close();
      await emulator.close();
      vi.unstubAllEnvs();
    }
  });

  it('lists every error code with its status', () => {
    const listed = Object.fromEntries(
      tableRows('code').map(([code = '', status]) => [code.replaceAll('`', ''), Number(status)]),
    );

    expect(listed).toEqual(ERROR_STATUS);
  });

  it('names everything that login(), callback() and logout() take and answer', () => {
    const source = readFileSync(join(root, 'lib/interfaces/auth-flow.interface.ts'), 'utf8');
    const names = [...source.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name = '']) => name);
    const start = readme.indexOf('\n## Sign-in\n');
    const chapter = readme.slice(start, readme.indexOf('\n## ', start + 1));

    expect(names).toContain('customState');
    expect(names.filter((name) => !chapter.includes(`\`${name}\``))).toEqual([]);
  });

  it('lists every event, and none that is not there', () => {
    const source = readFileSync(join(root, 'lib/events/wristband-event.ts'), 'utf8');
    const known = [...source.matchAll(/'([a-z_]+\.[a-z_]+)'/g)].map(([, name = '']) => name);
    const listed = tableRows('event').flatMap(([names = '']) => names.replaceAll('`', '').split(', '));

    expect(listed.toSorted()).toEqual([...new Set(known)].toSorted());
  });

  it('lists every name that a session field cannot have', () => {
    const names = Object.getOwnPropertyNames(WristbandSession.prototype);
    const [sentence = ''] = /A field cannot have the name of[^.]+\./.exec(readme) ?? [];

    for (const name of names.filter((one) => one !== '__proto__')) expect(sentence).toContain(`\`${name}\``);
  });

  it('lists every option, and none that is not there', () => {
    const listed = tableRows('option').map(([option = '']) => option.replaceAll('`', ''));
    const unknownTo = (options: object) => {
      try {
        validateOptions(options as never);
        return [];
      } catch (error) {
        return (error as WristbandConfigError).problems.filter(({ message }) =>
          message.startsWith('is not an option'),
        );
      }
    };
    const group = (prefix: string) =>
      listed.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    const asOptions = (names: string[]) => Object.fromEntries(names.map((name) => [name, undefined]));

    const top = asOptions(listed.filter((name) => !name.includes('.')));
    const everything = {
      ...top,
      http: asOptions(group('http.')),
      session: asOptions(group('session.')),
      jwt: asOptions(group('jwt.')),
      hooks: asOptions(group('hooks.')),
    };

    expect(unknownTo(everything)).toEqual([]);
    expect(listed).toEqual(expect.arrayContaining(optionsInTypes()));
    expect(optionsInTypes()).toHaveLength(listed.length);
  });

  it('tells those who come from another library of nothing that is not there', () => {
    const api = readFileSync(join(root, 'test/docs/__snapshots__/public-api.txt'), 'utf8');
    const publicNames = new Set(api.match(/\w+/g));
    const notOurs = ['return_url', '@Redirect()'];
    const told = migrationTables().flatMap(({ here }) => codeSpans(here));
    const isThere = (name: string) => {
      if (/^(?:session|jwt|http|hooks)\./.test(name)) return optionsInTypes().includes(name);
      const [identifier = ''] = /^@?\w+/.exec(name) ?? [];
      const plain = identifier.replace('@', '');
      return publicNames.has(plain) || plain in JwtAuthGuard.prototype || notOurs.includes(name);
    };

    expect(migrationTables().length).toBeGreaterThan(30);
    expect(told.filter((name) => !isThere(name))).toEqual([]);
  });
});

/** The rows of the tables from other libraries to this one. */
function migrationTables(): { there: string; here: string }[] {
  const tables = readme.matchAll(/^\| there +\| here +\|\n\|[- |]+\|\n((?:\|.*\n)+)/gm);
  const rows = [...tables].flatMap(([, body = '']) => body.trim().split('\n'));
  return rows.map((row) => {
    const [, there = '', here = ''] = row.split('|');
    return { there, here };
  });
}

function codeSpans(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** The options as the interfaces declare them. */
function optionsInTypes(): string[] {
  const source = ['wristband-options', 'session-options', 'endpoints']
    .map((name) => readFileSync(join(root, `lib/interfaces/${name}.interface.ts`), 'utf8'))
    .join('\n');
  const members = (name: string, prefix: string) => {
    const body = new RegExp(`interface ${name} \\{([\\s\\S]*?)\\n\\}`).exec(source)?.[1] ?? '';
    return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, option = '']) => prefix + option);
  };
  return [
    ...members('WristbandOptions', ''),
    ...members('WristbandHttpOptions', 'http.'),
    ...members('SessionOptions', 'session.'),
    ...members('JwtOptions', 'jwt.'),
    ...members('WristbandHooks', 'hooks.'),
  ];
}
