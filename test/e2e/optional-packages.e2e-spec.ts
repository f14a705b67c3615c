import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional?: boolean }>;
};

/** What the published files, all or some of them, import when they are loaded. */
function loadedPackages(isWanted = (_file: string) => true): string[] {
  const names = new Set<string>();
  for (const file of readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })) {
    // Templates hold the imports of the files that `init` writes.
    if (!file.endsWith('.js') || file.includes('templates') || !isWanted(file)) continue;
    const source = readFileSync(join(root, 'dist', file), 'utf8');
    for (const [, name = ''] of source.matchAll(/^(?:.*\bfrom|import) ['"]([^'"./][^'"]*)['"];$/gm)) {
      if (!name.startsWith('node:')) names.add(name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
    }
  }
  return [...names].toSorted();
}

it('loads only packages that are always installed', () => {
  const { dependencies, peerDependencies, peerDependenciesMeta } = manifest;
  const always = [
    ...Object.keys(dependencies),
    ...Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional),
  ];

  const loaded = loadedPackages();

  expect(loaded).toContain('@nestjs/common');
  expect(loaded.filter((name) => !always.includes(name))).toEqual([]);
});

it('brings four packages along and two for its command line, and no HTTP client among them', () => {
  const forCommandLine = ['diff', 'jsonc-parser'];
  const others = ['cookie', 'jose', 'lru-cache', 'on-headers'];

  expect(Object.keys(manifest.dependencies).toSorted()).toEqual([...forCommandLine, ...others].toSorted());
  expect(loadedPackages((file) => file.startsWith('cli'))).toEqual(expect.arrayContaining(forCommandLine));
  const elsewhere = loadedPackages((file) => !file.startsWith('cli'));
  expect(elsewhere).toEqual(expect.arrayContaining(others));
  expect(elsewhere.filter((name) => forCommandLine.includes(name))).toEqual([]);
});

it('has no type of a package that an application may not have', () => {
  const optional = Object.keys(manifest.peerDependenciesMeta);
  const declarations = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.d.ts') && !file.startsWith('testing'),
  );

  expect(declarations.length).toBeGreaterThan(50);
  const mentions = declarations.flatMap((file) => {
    const source = readFileSync(join(root, 'dist', file), 'utf8');
    return optional.filter((name) => new RegExp(`(from|import\\()\\s*['"]${name}`).test(source));
  });
  expect(mentions).toEqual([]);
});

/** An application in a process of its own, where a package cannot be found. */
const WITHOUT_OPENTELEMETRY = `
  import 'reflect-metadata';
  import { register } from 'node:module';
  const hook = \`export async function resolve(name, context, next) {
    if (!name.startsWith('@opentelemetry/')) return next(name, context);
    console.log('asked for', name);
    throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
  }\`;
  register('data:text/javascript,' + encodeURIComponent(hook));
  const { NestFactory } = await import('@nestjs/core');
  const { WristbandHealthIndicator, WristbandModule } = await import('./dist/index.js');
  const options = {
    clientId: 'client',
    clientSecret: 'a-client-secret-of-32-characters',
    wristbandApplicationVanityDomain: 'myapp-mycompany.us.wristband.dev',
    http: { fetch: async () => Response.json({ keys: [] }) },
  };
  const app = await NestFactory.createApplicationContext(WristbandModule.forRoot(options), { logger: false });
  console.log(JSON.stringify(await app.get(WristbandHealthIndicator).checkWristband()));
  await app.close();
`;

it('goes without OpenTelemetry where that is not installed', () => {
  const { stdout, stderr } = spawnSync('node', ['--input-type=module', '-e', WITHOUT_OPENTELEMETRY], {
    cwd: root,
    encoding: 'utf8',
  });

  expect(stderr).toBe('');
  expect(stdout.trim().split('\n').toSorted()).toEqual([
    'asked for @opentelemetry/api',
    '{"wristband":{"status":"up"}}',
  ]);
});
