import { randomBytes } from 'node:crypto';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { signInAs, startWristbandEmulator, type WristbandEmulator } from 'nestjs-wristband/testing';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ADMIN_ROLE } from '../src/access/access.constants.js';
import { createApp } from '../src/app.js';
import { emulatorEnvironment } from '../src/emulator.js';

const PORT = 3000;

let emulator: WristbandEmulator;
let app: NestExpressApplication;

beforeAll(async () => {
  emulator = await startWristbandEmulator();
  const variables = {
    ...emulatorEnvironment(emulator, PORT),
    SESSION_SECRET: randomBytes(32).toString('base64url'),
    COOKIE_SECRET: randomBytes(32).toString('base64url'),
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  app = await createApp();
  await app.init();
});
afterEach(() => emulator.heal());
afterAll(async () => {
  await app?.close();
  await emulator?.close();
  vi.unstubAllEnvs();
});

const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  request(app.getHttpServer()).get(path).set(headers);

/** What the Callback Endpoint of this application keeps of the user. */
const grace = { user: 'grace@acme.example', fields: { email: 'grace@acme.example', fullName: 'Grace' } };

describe('the home page', () => {
  it('offers a sign-in to visitors', async () => {
    const { text } = await get('/').expect(200);

    expect(text).toContain('/api/auth/login');
  });

  it('greets who is signed in', async () => {
    const { headers } = await signInAs(app, grace);

    const { text } = await get('/', headers).expect(200);

    expect(text).toContain('Grace');
    expect(text).toContain('acme');
  });
});

describe('the density of rows', () => {
  /** Chooses it as the form of the home page does, and returns the cookie that keeps it. */
  const choose = async (density: string, headers: Readonly<Record<string, string>>) => {
    const post = request(app.getHttpServer()).post('/preferences').type('form').set(headers);
    const { headers: answer } = await post.send({ density }).expect(303).expect('Location', '/');
    return String(answer['set-cookie']).split(';')[0]!;
  };
  const rows = /class="card (\w+)" data-testid="orders-card"/;

  it.each(['before', 'after'])('is kept in a signed cookie %s that of the session', async (place) => {
    const { headers } = await signInAs(app, grace);

    const density = await choose('compact', headers);
    const cookies = place === 'before' ? [density, headers.cookie] : [headers.cookie, density];
    const { text } = await get('/', { ...headers, cookie: cookies.join('; ') }).expect(200);

    expect(density).toMatch(/^density=s%3Acompact\./);
    expect(rows.exec(text)?.[1]).toBe('compact');
    expect(text).toContain('Grace');
  });

  it.each(['density=compact', 'density=s%3Acompact.forged', 'density=j%3A%7B%22a%22%3A1%7D', 'session=j:{}'])(
    'is comfortable for a cookie that this application did not sign: %s',
    async (cookie) => {
      const { headers } = await signInAs(app, grace);

      const { text } = await get('/', { ...headers, cookie: `${cookie}; ${headers.cookie}` }).expect(200);

      expect(rows.exec(text)?.[1]).toBe('comfortable');
      expect(text).toContain('Grace');
    },
  );

  it('outlives the session', async () => {
    const { headers } = await signInAs(app, grace);
    const density = await choose('compact', headers);
    await get('/api/auth/logout', headers).expect(302);

    const { headers: again } = await signInAs(app, grace);

    const { text } = await get('/', { ...again, cookie: `${again.cookie}; ${density}` }).expect(200);
    expect(rows.exec(text)?.[1]).toBe('compact');
  });
});

describe('orders', () => {
  it.each(['acme', 'globex'])('are those of the own company (%s)', async (tenant) => {
    const ada = await signInAs(app, { user: 'ada@example.com', tenant });

    const bySession = await get('/api/orders', ada.headers).expect(200);
    const byToken = await get('/api/orders', ada.bearer).expect(200);

    expect(new Set(bySession.body.map(({ tenantId }: { tenantId: string }) => tenantId))).toEqual(
      new Set([ada.tenantId]),
    );
    expect(byToken.body).toEqual(bySession.body);
  });

  it('are for nobody else', async () => {
    await get('/api/orders').expect(401);
  });

  it('have a page each, which other companies do not find', async () => {
    const { headers } = await signInAs(app, grace);

    expect((await get('/orders/1001', headers).expect(200)).text).toContain('Rocket skates');
    await get('/orders/2001', headers).expect(404);
  });
});

describe('the admin door', () => {
  it('opens for the role, whoever has it', async () => {
    const viewer = await signInAs(app, grace);
    const admin = await signInAs(app, { ...grace, roles: [ADMIN_ROLE] });

    await get('/api/access/admin', viewer.headers).expect(403);
    await get('/api/access/admin', admin.headers).expect(200);
  });
});

describe('a session', () => {
  it('outlives its access token', async () => {
    const { headers } = await signInAs(app, { ...grace, expiresIn: 0 });

    await get('/api/orders', headers).expect(200);
  });

  it('asks for patience while Wristband is away', async () => {
    const { headers } = await signInAs(app, { ...grace, expiresIn: -1 });
    emulator.fail('token', { kind: 'status', status: 503 });

    const { body } = await get('/api/access/session', headers).expect(503);
    expect(body.code).toBe('wristband_unavailable');

    emulator.heal();
    await get('/api/access/session', headers).expect(200);
  });

  it('ends with the sign-out', async () => {
    const { headers } = await signInAs(app, grace);

    const { headers: answer } = await get('/api/auth/logout', headers).expect(302);

    expect(answer.location).toContain('/api/v1/logout');
    await get('/api/orders', headers).expect(401);
  });
});
