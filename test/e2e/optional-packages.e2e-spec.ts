import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;

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

/** Starts the emulator where loading `oidc-provider` fails with a code. */
const startEmulatorWith = (code: string) => `
  import { register } from 'node:module';
  const hook = \`export async function resolve(name, context, next) {
    if (name !== 'oidc-provider') return next(name, context);
    throw Object.assign(new Error('Cannot load package'), { code: '${code}' });
  }\`;
  register('data:text/javascript,' + encodeURIComponent(hook));
  const { startWristbandEmulator } = await import('./dist/testing/index.js');
  await startWristbandEmulator().catch(({ message, cause }) => console.log(message, '|', cause.message));
`;

it.each([
  ['ERR_MODULE_NOT_FOUND', 'npm install --save-dev oidc-provider'],
  ['ERR_DLOPEN_FAILED', 'it is installed, but cannot be loaded. Cannot load package'],
])('the emulator says what to do about oidc-provider when it gets %s', (code, whatToDo) => {
  const script = startEmulatorWith(code);
  const { stdout } = spawnSync('node', ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  });

  expect(stdout).toBe(
    `The Wristband emulator needs the package oidc-provider: ${whatToDo} | Cannot load package\n`,
  );
});
