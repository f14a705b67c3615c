import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** The short form of each script that takes long, and what it prints when all of it ran. */
const SHORT_FORMS: Readonly<Record<string, readonly [args: readonly string[], prints: RegExp]>> = {
  bench: [['--smoke'], /CPU per request[\s\S]*ours: JWT[\s\S]*iron-webcrypto[\s\S]*CPU of a start/],
  chaos: [['--smoke'], /Violations: \d/],
  docs: [[], /^/],
  fuzz: [['--seed', '2', '--times', '0.01'], /npm run fuzz -- --seed 2 --times 0.01[\s\S]*\d+ passed/],
  memory: [['--smoke'], /160 requests[\s\S]*resident: /],
  mutation: [['--mutate', 'lib/crypto/keyed-hash.ts'], /keyed-hash\.ts/],
  soak: [['--smoke'], /shared-cookie[\s\S]*After the warm-up[\s\S]*mode store[\s\S]*After the warm-up/],
};

/** What runs every other command, and a text of it that shows that it does. */
const RUN_BY: Readonly<Record<string, readonly [file: string, shows: string]>> = {
  'npm install': ['.ci/run', 'npm install'],
  'npm test': ['.ci/run', 'npm test'],
  'npm run lint': ['.ci/run', 'npm run lint'],
  'npm run format': ['.ci/run', 'npm run format:check'],
  'npm run format:check': ['.ci/run', 'npm run format:check'],
  'npm run typecheck': ['.ci/run', 'npm run typecheck'],
  'npm run test:package': ['.ci/run', 'npm run test:package'],
  'npm run test:apps': ['.ci/run', 'npm run test:apps -- --quick'],
  'npm pack': ['test/package/pack.ts', "'npm', ['pack'"],
  'npm run build': ['package.json', '"test": "npm run build && vitest run'],
  'npm run check': ['package.json', '"check": "bash .ci/run"'],
  'npx vitest run -c test/vitest.config.ts': ['package.json', 'vitest run -c test/vitest.config.ts'],
  'npm start': ['test/e2e/sample.e2e-spec.ts', "npmStart(join(root, 'sample/01-express-app'))"],
  'npm start --workspace sample/02-fastify-app': ['test/e2e/sample.e2e-spec.ts', 'sample/02-fastify-app'],
  'npm start --workspace sample/03-cluster': ['test/e2e/sample-cluster.e2e-spec.ts', 'sample/03-cluster'],
  'npx nestjs-wristband emulate': ['test/e2e/cli.e2e-spec.ts', "['emulate', '--', 'node'"],
  'npx nestjs-wristband init': ['test/e2e/init.e2e-spec.ts', 'init'],
  'npx nestjs-wristband': ['test/e2e/cli.e2e-spec.ts', 'emulate'],
  // In the application of the reader.
  'npm install nestjs-wristband': ['test/package/fresh-app.ts', "'npm', ['install'"],
  'npm run test:e2e': ['test/e2e/init.e2e-spec.ts', 'vitest.config.e2e.ts'],
};

/** In the application of the reader: Nest's command line, which is not installed here, and npm for packages of others. */
const FOREIGN = /^npx nest |^npm uninstall /;

/** Run before or after another script by npm, or by the package's own publication. */
const LIFECYCLE = /^(pre|post)/;

const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'sample')).map((name) => `sample/${name}/README.md`),
];

/** The commands of npm in a document: in blocks for a shell, indented lines and `code`. */
function commandsIn(file: string): string[] {
  const text = read(file);
  const blocks = [...text.matchAll(/```(?:sh|bash|shell|console)\n([\s\S]*?)```/g)].flatMap(
    ([, block = '']) => block.split('\n'),
  );
  const indented = [...text.matchAll(/^ {4}((?:npm|npx) .*)$/gm)].map(([, line = '']) => line);
  const inline = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`((?:npm|npx) [^`]*)`/g)].map(
    ([, code = '']) => code,
  );
  return [...blocks, ...indented, ...inline]
    .flatMap((line) =>
      line
        .replace(/\s#.*$/, '')
        .replace(/^\s*\$ /, '')
        .split('&&'),
    )
    .map((command) => command.trim())
    .filter((command) => /^(npm|npx) /.test(command) && !FOREIGN.test(command));
}

/** The longest known command that a documented one begins with. */
function knownAs(command: string): string | undefined {
  const own = Object.keys(SHORT_FORMS).map((name) => `npm run ${name}`);
  return [...own, ...Object.keys(RUN_BY)]
    .filter((known) => command === known || command.startsWith(`${known} `))
    .toSorted((a, b) => b.length - a.length)[0];
}

describe('the commands of the documents', () => {
  it.each(DOCUMENTS)('are all run by a test or by CI: %s', (file) => {
    expect(commandsIn(file).filter((command) => knownAs(command) === undefined)).toEqual([]);
  });

  it('include those that are on the first page', () => {
    const commands = DOCUMENTS.flatMap(commandsIn);

    expect(commands).toEqual(
      expect.arrayContaining(['npm install', 'npm test', 'npm start', 'npm run bench']),
    );
  });

  it.each(Object.entries(RUN_BY))('%s is run', (_, [file, shows]) => {
    expect(existsSync(join(root, file)), file).toBe(true);
    expect(read(file)).toContain(shows);
  });
});

describe('the scripts of package.json', () => {
  it('are all run by a test or by CI', () => {
    const unknown = Object.keys(scripts).filter(
      (name) => !LIFECYCLE.test(name) && !(name in SHORT_FORMS) && knownAs(asCommand(name)) === undefined,
    );

    expect(unknown).toEqual([]);
  });

  it.each(Object.entries(SHORT_FORMS))(
    'start, and come to their end: %s',
    async (name, [args, prints]) => {
      const { code, output } = await npmRun(name, args);

      expect(code, output).toBe(0);
      expect(output).toMatch(prints);
    },
    300_000,
  );
});

function asCommand(name: string): string {
  return ['start', 'test'].includes(name) ? `npm ${name}` : `npm run ${name}`;
}

/** Without its `pre…` script, which builds the library anew while other tests load it. */
async function npmRun(name: string, args: readonly string[]) {
  // Without what the test runner put into the environment.
  const { PATH, HOME } = process.env;
  const child = spawn('npm', ['run', name, '--ignore-scripts', '--', ...args], {
    cwd: root,
    env: { PATH, HOME, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}
