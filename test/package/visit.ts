import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { freePort } from '../support/free-port.js';
import { answers } from '../support/sample.js';
import { signIn } from '../support/sign-in.js';
import type { FreshApp } from './fresh-app.js';
import type { NodeVersion } from './node-version.js';

/** A second longer than `tokenExpirationBuffer`, so that an access token is due for renewal after that second. */
const ACCESS_TOKEN_TTL = 61;
const UNTIL_DUE = 1100;
const START_SECONDS = 60;

/** Starts a built application and signs in to it, is renewed, and signs out. Nothing may be said to stderr meanwhile. */
export async function visit(app: FreshApp, node: NodeVersion): Promise<void> {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const wristband = await startEmulator(app, origin);
  const child = spawn(join(node.folder, 'node'), ['dist/src/main.js'], {
    cwd: app.folder,
    env: { ...process.env, ...environment(wristband), PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk));
  try {
    await untilItAnswers(child, port);
    await signInAndOut(origin, wristband);
    assert.equal(output, '', 'says something');
  } catch (error) {
    throw new Error(`${app.name} on Node.js ${node.version}: ${String(error)}\n${output}`, { cause: error });
  } finally {
    kill();
    process.off('exit', kill);
    await wristband.close();
  }
}

/** The emulator that is in the packed package. */
async function startEmulator({ folder }: FreshApp, origin: string): Promise<WristbandEmulator> {
  const requireInApp = createRequire(join(folder, 'package.json'));
  const testing = requireInApp('nestjs-wristband/testing') as typeof import('../../lib/testing/index.js');
  return testing.startWristbandEmulator({
    accessTokenTtl: ACCESS_TOKEN_TTL,
    application: { loginUrl: `${origin}/api/auth/login`, redirectUris: [`${origin}/api/auth/callback`] },
  });
}

function environment({ clientId, clientSecret, vanityDomain, origin }: WristbandEmulator): NodeJS.ProcessEnv {
  return {
    CLIENT_ID: clientId,
    CLIENT_SECRET: clientSecret,
    APPLICATION_VANITY_DOMAIN: vanityDomain,
    WRISTBAND_EMULATOR: origin,
    SESSION_SECRET: 'a-session-secret-for-fresh-apps-of-32-or-more',
  };
}

async function untilItAnswers(child: ChildProcess, port: number): Promise<void> {
  const stopped = once(child, 'exit').then(() => assert.fail('stopped before it listened'));
  const deadline = Date.now() + START_SECONDS * 1000;
  const listening = async () => {
    while (!(await answers(port))) {
      assert.ok(Date.now() < deadline, `does not listen after ${START_SECONDS} seconds`);
      await setTimeout(50);
    }
  };
  await Promise.race([stopped, listening()]);
  // From here on it ends when it is told to.
  stopped.catch(() => undefined);
}

async function signInAndOut(origin: string, wristband: WristbandEmulator): Promise<void> {
  const browser = new Browser();
  const grace = wristband.users.find(({ email }) => email === 'grace@acme.example');
  assert.ok(grace);
  const orders = () => browser.get(`${origin}/orders`);
  assert.equal((await orders()).status, 401, 'lets a visitor in');

  const login = `${origin}/api/auth/login?tenant_name=acme&return_url=/orders`;
  const first = await signIn(browser, login, grace);
  assert.equal(first.url, `${origin}/orders`, 'leads elsewhere after the sign-in');
  assert.deepEqual(first.json(), { tenantId: 'tenant-acme', userId: grace.id, visits: 1 });

  const renewals = () =>
    wristband
      .callsTo('token')
      .filter(({ form, status }) => form.grant_type === 'refresh_token' && status === 200);
  const before = renewals().length;
  await setTimeout(UNTIL_DUE);
  assert.deepEqual((await orders()).json(), { tenantId: 'tenant-acme', userId: grace.id, visits: 2 });
  assert.equal(renewals().length, before + 1, 'does not renew the access token');

  const logout = await browser.get(`${origin}/api/auth/logout`, { redirect: 'manual' });
  assert.ok(
    logout.location.href.startsWith(`${wristband.origin.replace('localhost', 'acme.localhost')}/`),
    logout.location.href,
  );
  assert.equal(wristband.callsTo('revoke').length, 1, 'does not revoke the refresh token');
  assert.equal((await orders()).status, 401, 'lets somebody in who has signed out');
}
