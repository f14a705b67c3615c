import * as assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { signInAs, startWristbandEmulator, type WristbandEmulator } from 'nestjs-wristband/testing';
import { AppModule } from '../app.module';

const admin = { id: 'role-1', name: 'app:emulator:admin', displayName: 'Admin' };
const grace = { user: 'grace@acme.example', fields: { email: 'grace@acme.example', userRoles: [admin] } };

let wristband: WristbandEmulator;
let app: INestApplication;
let origin: string;

before(async () => {
  wristband = await startWristbandEmulator();
  process.env.CLIENT_ID = wristband.clientId;
  process.env.CLIENT_SECRET = wristband.clientSecret;
  process.env.APPLICATION_VANITY_DOMAIN = wristband.vanityDomain;
  process.env.WRISTBAND_EMULATOR = wristband.origin;
  process.env.SESSION_SECRET = 'a-secret-of-tests-with-32-characters-or-more';
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  app = module.createNestApplication();
  await app.listen(0);
  origin = await app.getUrl();
});
after(async () => {
  await app?.close();
  await wristband?.close();
});

const ask = (path: string, headers: Record<string, string>, method = 'GET') =>
  fetch(`${origin}${path}`, { method, headers });

test('req.session is read and saved in a handler behind the guard, and read in one without', async () => {
  const { headers, userId, tenantId } = await signInAs(app, grace);

  const first = await ask('/orders', headers);
  const cookie = first.headers.getSetCookie().find((line) => line.startsWith('session='));
  const open = await ask('/visits', { cookie: cookie.split(';')[0] });
  const visitor = await ask('/visits', {});

  assert.deepEqual(await first.json(), { tenantId, userId, visits: 1 });
  assert.equal(first.headers.get('x-session-in-middleware'), 'false');
  assert.deepEqual(await open.json(), { visits: 1, isAuthenticated: true });
  assert.deepEqual(await visitor.json(), { visits: 0, isAuthenticated: false });
});

test('declared fields are in the session response, roles by name and as objects', async () => {
  const { headers, userId, tenantId } = await signInAs(app, {
    ...grace,
    fields: { ...grace.fields, roles: [admin.name] },
  });

  const response = await ask('/api/auth/session', headers);

  const metadata = { email: 'grace@acme.example', roles: [admin.name], userRoles: [admin] };
  assert.deepEqual(await response.json(), { userId, tenantId, metadata });
});

test('a POST needs the CSRF token that front ends send, and a bearer token needs none', async () => {
  const { headers, bearer } = await signInAs(app, grace);

  const withToken = await ask('/orders', headers, 'POST');
  const without = await ask('/orders', { cookie: headers.cookie }, 'POST');
  const byToken = await ask('/orders', bearer, 'POST');

  assert.deepEqual(await withToken.json(), { strategy: 'SESSION' });
  assert.equal(without.status, 403);
  assert.deepEqual(await byToken.json(), { strategy: 'JWT' });
});

test('@Jwt() has the claims of the access token that the token endpoint gives', async () => {
  const { headers, userId } = await signInAs(app, grace);

  const { accessToken } = (await (await ask('/api/auth/token', headers)).json()) as { accessToken: string };
  const claims = await ask('/claims', { authorization: `Bearer ${accessToken}` });

  assert.equal(((await claims.json()) as { sub: string }).sub, userId);
});

test('a callback that cannot be right is 4xx', async () => {
  assert.equal((await ask('/api/auth/callback', {})).status, 400);
});
