import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as nest from '@nestjs/common';
import {
  Controller,
  Get,
  type PipeTransform,
  type Type,
  UseGuards,
  ValidationPipe,
  type ValidationPipeOptions,
} from '@nestjs/common';
import swc from '@swc/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as library from '../../lib/index.js';
import {
  AccessToken,
  type AuthenticatedUser,
  CurrentUser,
  Session,
  SessionAuthGuard,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { CounterController } from '../support/counter.controller.js';
import { signIn } from '../support/sign-in.js';
import { describePlatforms, startTestApp } from '../support/test-app.js';

interface MySession {
  theme: string;
}

class SomeClass {
  theme = 'of the class';
}

/** As most applications write it; {@link compile} compiles the same for other compilers than that of the tests. */
const SOURCE = `
import { Controller, Get } from '@nestjs/common';
import { Session } from 'nestjs-wristband';

interface MySession { theme: string }

@Controller('compiled')
export class CompiledController {
  @Get('write')
  write(@Session() session: Session<MySession>, @Session('theme') before: string) {
    session.theme = 'dark';
    return { kind: typeof session, before: before ?? null };
  }
}
`;

type Compiler = 'swc' | 'tsc' | 'a compiler that defines types last';

const compilers: Record<Compiler, (source: string) => string> = {
  swc: (source) =>
    swc.transformSync(source, {
      module: { type: 'commonjs' },
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
      },
    }).code,
  tsc: compileWithTsc,
  'a compiler that defines types last': (source) => {
    const code = compilers.swc(source);
    const types = /_ts_metadata\("design:paramtypes", \[[\s\S]*?\]\),/.exec(code)![0];
    return code.replace(types, '').replace('_ts_decorate([', `_ts_decorate([${types}`);
  },
};

function compileWithTsc(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'compiled-'));
  try {
    const file = join(folder, 'compiled.cts');
    writeFileSync(file, source);
    const tsc = new URL('../../node_modules/.bin/tsc', import.meta.url).pathname;
    const options =
      '--ignoreConfig --noCheck --isolatedModules --experimentalDecorators --emitDecoratorMetadata';
    spawnSync(tsc, [...options.split(' '), '--target', 'es2022', '--module', 'nodenext', file]);
    return readFileSync(join(folder, 'compiled.cjs'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compile(compiler: Compiler): Type {
  const modules: Record<string, unknown> = { '@nestjs/common': nest, 'nestjs-wristband': library };
  const exported: { CompiledController?: Type } = {};
  const code = compilers[compiler](SOURCE);
  // oxlint-disable-next-line typescript/no-implied-eval -- the code is SOURCE
  new Function('require', 'exports', code)((name: string) => modules[name], exported);
  return exported.CompiledController!;
}

@Controller('written')
class WrittenController {
  @Get('write')
  write(@Session() session: Session<MySession>, @Session('theme') before: string) {
    session.theme = 'dark';
    return { kind: typeof session, before: before ?? null };
  }

  @Get('class')
  class(@Session() session: SomeClass) {
    session.theme = 'dark';
    return { kind: typeof session, before: null };
  }

  @Get('user')
  @UseGuards(SessionAuthGuard)
  user(
    @CurrentUser() user: AuthenticatedUser,
    @CurrentUser('tenantId') tenantId: string,
    @AccessToken() token: string,
  ) {
    return { id: user.userId, tenantId, token: typeof token };
  }
}

/** Pipes that applications have for all parameters. */
class CloningPipe implements PipeTransform {
  transform(value: unknown): unknown {
    return typeof value === 'object' && value !== null ? structuredClone(value) : value;
  }
}
class TrimmingPipe implements PipeTransform {
  transform(value: unknown): unknown {
    if (typeof value === 'string') return value.trim();
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.transform(one)]));
  }
}

const everything: ValidationPipeOptions = { transform: true, validateCustomDecorators: true };
const pipes: [title: string, pipe: PipeTransform][] = [
  ['ValidationPipe', new ValidationPipe()],
  ['ValidationPipe of custom decorators', new ValidationPipe({ validateCustomDecorators: true })],
  ['ValidationPipe that transforms', new ValidationPipe(everything)],
  ['ValidationPipe with a whitelist', new ValidationPipe({ ...everything, whitelist: true })],
  [
    'ValidationPipe with every check',
    new ValidationPipe({
      ...everything,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      transformOptions: { enableImplicitConversion: true, excludeExtraneousValues: true },
    }),
  ],
  ['a pipe that clones objects', new CloningPipe()],
  ['a pipe that trims texts', new TrimmingPipe()],
];

describe('@Session() of a pipe', () => {
  it('is refused where it is written', () => {
    expect(() => Session(TrimmingPipe as never)).toThrow(TypeError);
    expect(() => Session(new TrimmingPipe() as never)).toThrow('takes the name of a field');
  });
});

describe('the types of a handler', () => {
  it.each(Object.keys(compilers) as Compiler[])('do not name the decorator after %s', async (compiler) => {
    const { prototype } = compile(compiler) as { prototype: object };
    await Promise.resolve();

    expect(Reflect.getMetadata('design:paramtypes', prototype, 'write')).toEqual([Object, String]);
  });
});

describePlatforms('@Session() beside global pipes', (platform) => {
  let emulator: WristbandEmulator;
  beforeAll(async () => {
    emulator = await startWristbandEmulator();
  });
  afterAll(() => emulator.close());

  const compiled = (Object.keys(compilers) as Compiler[]).map(compile);
  // Each has a path of its own.
  compiled.forEach((type, index) => Controller(`compiled-${index}`)(type));
  const paths = ['written/write', 'written/class', ...compiled.map((_, index) => `compiled-${index}/write`)];

  it.each(pipes)('%s leaves the session alone', async (_, pipe) => {
    const app = await startTestApp({
      emulator,
      platform,
      controllers: [WrittenController, CounterController, ...compiled],
      configure: (application) => void application.useGlobalPipes(pipe),
    });

    for (const path of paths) {
      const browser = new Browser();
      const answer = await browser.get(`${app.origin}/${path}`);
      expect(answer.text, path).toBe('{"kind":"object","before":null}');
      expect((await browser.get(`${app.origin}/counter/read`)).json(), path).toEqual({ theme: 'dark' });
    }
    const browser = new Browser();
    const grace = emulator.users.find(({ email }) => email === 'grace@acme.example')!;
    await signIn(browser, `${app.origin}/api/auth/login?tenant_name=acme`, grace);
    expect((await browser.get(`${app.origin}/written/user`)).json()).toEqual({
      id: grace.id,
      tenantId: 'tenant-acme',
      token: 'string',
    });
    await app.close();
  });

  it('a pipe that replaces every value is named', async () => {
    const app = await startTestApp({
      emulator,
      platform,
      controllers: [WrittenController],
      configure: (application) => void application.useGlobalPipes({ transform: () => ({}) }),
    });

    const answer = await new Browser().get(`${app.origin}/written/class`);

    expect(answer.status).toBe(500);
    expect(answer.json()).toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('global pipe'),
    });
    await app.close();
  });
});
