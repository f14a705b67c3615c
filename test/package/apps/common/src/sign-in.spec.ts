import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { signInAs, startWristbandEmulator, type WristbandEmulator } from 'nestjs-wristband/testing';
import { AppModule } from './app.module';

let wristband: WristbandEmulator;
let app: INestApplication;
let orders: string;

beforeAll(async () => {
  wristband = await startWristbandEmulator();
  Object.assign(process.env, {
    CLIENT_ID: wristband.clientId,
    CLIENT_SECRET: wristband.clientSecret,
    APPLICATION_VANITY_DOMAIN: wristband.vanityDomain,
    SESSION_SECRET: 'a-secret-of-tests-with-32-characters-or-more',
  });
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  app = module.createNestApplication();
  await app.listen(0);
  orders = `${await app.getUrl()}/orders`;
});
afterAll(async () => {
  await app?.close();
  await wristband?.close();
});

it('lists the orders of the own company', async () => {
  const ada = await signInAs(app, { user: 'ada@example.com', tenant: 'acme' });

  const response = await fetch(orders, { headers: ada.headers });

  expect(await response.json()).toEqual({ tenantId: ada.tenantId, userId: ada.userId, visits: 1 });
});

it('renews an access token at the emulator', async () => {
  const late = await signInAs(app, { user: 'grace@acme.example', expiresIn: 0 });

  const response = await fetch(orders, { headers: late.headers });

  expect(response.status).toBe(200);
  expect(wristband.callsTo('token')).toHaveLength(1);
  expect(wristband.callsTo('token')[0]!.form).toMatchObject({ grant_type: 'refresh_token' });
});

it('keeps a user signed in while Wristband is down', async () => {
  const late = await signInAs(app, { user: 'grace@acme.example', expiresIn: 0 });
  wristband.fail('token', { kind: 'status', status: 503 });

  const during = await fetch(orders, { headers: late.headers });
  wristband.heal();
  const afterwards = await fetch(orders, { headers: late.headers });

  expect([during.status, afterwards.status]).toEqual([503, 200]);
});

it('lists no orders for visitors', async () => {
  const response = await fetch(orders);

  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ code: 'not_authenticated' });
});
