import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { startWristbandEmulator, WristbandEmulator } from '../../lib/testing/index.js';

// What the CommonJS build exports; the thread itself is made of files that have to be compiled.
const IN_THREAD = new URL('../../dist/testing/emulator/wristband.emulator-in-thread.js', import.meta.url)
  .href;
const COMMON_JS = new URL('../../dist/cjs/testing/index.js', import.meta.url).pathname;

let start: typeof startWristbandEmulator;
let emulator: WristbandEmulator;
beforeAll(async () => {
  ({ startWristbandEmulator: start } = (await import(IN_THREAD)) as {
    startWristbandEmulator: typeof startWristbandEmulator;
  });
  emulator = await start();
});
afterAll(() => emulator.close());
afterEach(() => {
  emulator.heal();
  emulator.tamper();
  emulator.clearCalls();
});

function getConfiguration(query = '', from = emulator): Promise<Response> {
  return fetch(`${from.origin}/api/v1/clients/${from.clientId}/sdk-configuration${query}`);
}

it('has the users, tenants and calls of the moment', async () => {
  await getConfiguration('?n=1');

  expect(emulator.calls).toEqual([expect.objectContaining({ endpoint: 'sdkConfiguration', status: 200 })]);
  expect(emulator.callsTo('token')).toEqual([]);
  expect(emulator.callsTo('sdkConfiguration')[0]?.query).toEqual({ n: '1' });
  expect(emulator.tenants.map(({ name }) => name)).toEqual(['acme', 'globex']);
  expect(emulator.users).toHaveLength(4);
});

it('is changed when the method returns', async () => {
  emulator.setApplication({ loginUrl: 'https://app.example/login' });
  emulator.setSdkConfiguration({ loginUrlTenantDomainSuffix: 'app.example' });

  expect(await (await getConfiguration()).json()).toMatchObject({
    loginUrl: 'https://app.example/login',
    loginUrlTenantDomainSuffix: 'app.example',
  });
  emulator.setSdkConfiguration();
  expect(await (await getConfiguration()).json()).toMatchObject({ loginUrlTenantDomainSuffix: null });
});

it('asks a function of the test which requests fail, as often as the fault says', async () => {
  emulator.fail('sdkConfiguration', {
    kind: 'status',
    status: 503,
    times: 1,
    when: ({ query }) => query.n === '2',
  });

  const statuses = [];
  for (const n of [1, 2, 2]) statuses.push((await getConfiguration(`?n=${n}`)).status);

  expect(statuses).toEqual([200, 503, 200]);
});

it('forges responses with functions of the test, which may throw', async () => {
  const seen: unknown[] = [];
  emulator.tamper({
    sdkConfiguration: (configuration) => {
      seen.push(configuration.loginUrl);
      return { ...configuration, forged: true };
    },
  });
  expect(await (await getConfiguration()).json()).toMatchObject({ forged: true });
  expect(seen).toHaveLength(1);

  emulator.tamper({
    sdkConfiguration: () => {
      throw new Error('thrown by the test');
    },
  });
  const failed = await getConfiguration();
  expect(failed.status).toBe(500);
  expect(await failed.text()).toContain('thrown by the test');
});

it('rotates its keys and signs logout tokens', async () => {
  const keys = async () => {
    const response = await fetch(`${emulator.origin}/api/v1/oauth2/jwks`);
    return ((await response.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
  };
  const before = await keys();

  await emulator.rotateKeys({ keepOld: false });

  expect(await keys()).toHaveLength(before.length);
  expect(await keys()).not.toEqual(before);
  const [, claims = ''] = (await emulator.signLogoutToken({ sub: 'user', jti: undefined })).split('.');
  const decoded = JSON.parse(Buffer.from(claims, 'base64url').toString()) as object;
  expect(decoded).toMatchObject({ sub: 'user', aud: emulator.clientId });
  expect(decoded).not.toHaveProperty('jti');
});

it('rejects what cannot start, with the error of the thread', async () => {
  const port = Number(emulator.vanityDomain.split(':')[1]);
  await expect(start({ port })).rejects.toThrow('EADDRINUSE');
  const users = [{ email: 'a@b.example', password: 'p', tenant: 'nowhere' }];
  await expect(start({ users })).rejects.toThrow(
    new TypeError('The user [a@b.example] belongs to the unknown tenant [nowhere].'),
  );
});

it('remembers its calls after it is closed', async () => {
  const other = await start();
  onTestFinished(() => other.close());
  await getConfiguration('', other);

  await Promise.all([other.close(), other.close()]);

  expect(other.calls).toHaveLength(1);
  other.fail('token', { kind: 'hang' });
  await expect(getConfiguration('', other)).rejects.toThrow();
});

it('ends with its process, also when it is left open', async () => {
  const script = `require(${JSON.stringify(COMMON_JS)}).startWristbandEmulator().then(({ origin }) => console.log(origin))`;
  const env = { ...process.env, NODE_OPTIONS: '--max-old-space-size=512' };

  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', script], {
    env,
    timeout: 60_000,
  });

  expect(stdout).toMatch(/^http:\/\/localhost:\d+\n$/);
  expect(stderr).toBe('');
});
