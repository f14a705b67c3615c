import { spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { onTestFinished } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const BIN = join(root, 'dist/cli/main.js');
const IMPORTED = { 11: '', 12: '.js' };

const manifest = (nest: 11 | 12): object => ({
  name: 'app',
  private: true,
  ...(nest === 12 && { type: 'module' }),
  scripts: {
    start: 'node node_modules/nestjs-wristband/dist/cli/main.js emulate -- node dist/src/main.js',
    'start:dev': 'nest start --watch',
    'test:e2e':
      nest === 11 ? 'jest --config ./test/jest-e2e.json' : 'vitest run --config ./vitest.config.e2e.ts',
  },
  dependencies: {
    '@nestjs/core': `^${nest}.0.1`,
    '@nestjs/platform-express': `^${nest}.0.1`,
    'nestjs-wristband': 'file:../nestjs-wristband.tgz',
  },
  devDependencies: {
    '@nestjs/testing': `^${nest}.0.1`,
    '@types/supertest': '^7.0.0',
    'oidc-provider': '^9.0.0',
    supertest: '^7.0.0',
    ...(nest === 11 && { 'ts-jest': '^29.2.5' }),
  },
  ...(nest === 11 && { jest: { rootDir: 'src', transform: { '^.+\\.(t|j)s$': 'ts-jest' } } }),
});

const TSCONFIG = `{
  "compilerOptions": {
    "module": "nodenext",
    "isolatedModules": true,
    "esModuleInterop": true,
    "emitDecoratorMetadata": true,
    "experimentalDecorators": true,
    "target": "ES2023",
    "rootDir": ".",
    "outDir": "./dist",
    "skipLibCheck": true,
    "strict": true,
    "types": ["vitest/globals", "node"],
  },
  "include": ["src", "test"]
}
`;

/** What `nest new` writes, as far as it matters to `init`: CommonJS and Jest with Nest 11, ESM and Vitest with Nest 12. */
const skeleton = (nest: 11 | 12): Record<string, string> => ({
  'package.json': `${JSON.stringify(manifest(nest), null, 2)}\n`,
  'tsconfig.json': TSCONFIG,
  // Jest is not among the packages of this repository: Vitest, with its globals, takes its place.
  'vitest.config.e2e.ts': `import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { globals: true, include: ['test/*.e2e-spec.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
});
`,
  'src/app.module.ts': `import { Module } from '@nestjs/common';

@Module({
  imports: [],
  controllers: [],
})
export class AppModule {}
`,
  'src/main.ts': `import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module${IMPORTED[nest]}';

async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  await app.listen(process.env.PORT ?? 3000);
}
void bootstrap();
`,
  ...(nest === 11 && { 'test/jest-e2e.json': '{\n  "rootDir": ".",\n  "testRegex": ".e2e-spec.ts$"\n}\n' }),
});

export interface Outcome {
  readonly exitCode: number | null;
  /** Both streams, without colours. */
  readonly output: string;
}

/** A folder with a small Nest application, which has the packages of this repository. */
export class NestApplication {
  readonly folder = mkdtempSync(join(tmpdir(), 'nest-application-'));

  /** @param files further or other files; undefined leaves one out */
  constructor(nest: 11 | 12, files: Record<string, string | undefined> = {}) {
    for (const [path, text] of Object.entries({ ...skeleton(nest), ...files })) {
      if (text !== undefined) this.write(path, text);
    }
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'));
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8');
  }

  /** All files and what they hold. */
  files(): Record<string, string> {
    const entries = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(this.folder.length + 1));
    return Object.fromEntries(paths.toSorted().map((path) => [path, this.read(path)]));
  }

  /** Runs the command line of this package, without a terminal. */
  cli(...args: string[]): Outcome {
    return this.run(process.execPath, BIN, ...args);
  }

  /** Runs it in a terminal, on which a person types answers, each when it is asked. Linux only. */
  async cliInTerminal(args: readonly string[], answers: readonly string[]): Promise<Outcome> {
    const command = [process.execPath, BIN, ...args].map((one) => `'${one}'`).join(' ');
    const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: this.folder, env: environment() });
    const left = [...answers];
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const questions = text.split('[y/N]').length - 1;
      output += text;
      for (const answer of left.splice(0, questions)) child.stdin.write(answer);
    });
    const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { exitCode, output: stripVTControlCharacters(output).replaceAll('\r\n', '\n') };
  }

  /** Runs a program of the repository's packages. */
  bin(name: string, ...args: string[]): Outcome {
    return this.run(join(root, 'node_modules/.bin', name), ...args);
  }

  /** Runs a file of the application. */
  node(path: string): Outcome {
    return this.run(process.execPath, path);
  }

  private run(file: string, ...args: string[]): Outcome {
    const { status, stdout, stderr } = spawnSync(file, args, {
      cwd: this.folder,
      env: environment(),
      encoding: 'utf8',
    });
    return { exitCode: status, output: stripVTControlCharacters(stdout + stderr) };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** A Nest application until the end of the test. */
export function application(...args: ConstructorParameters<typeof NestApplication>): NestApplication {
  const result = new NestApplication(...args);
  onTestFinished(() => result.remove());
  return result;
}

/** The environment of a shell, without what the test runner put into it; npm works without a network. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, npm_config_offline: 'true', npm_config_audit: 'false' };
}
