import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { signInAs, startWristbandEmulator, type WristbandEmulator } from 'nestjs-wristband/testing';
import request from 'supertest';
import { AppModule } from '../src/app.module';

let wristband: WristbandEmulator;
let app: INestApplication;

beforeAll(async () => {
  wristband = await startWristbandEmulator();
  Object.assign(process.env, {
    CLIENT_ID: wristband.clientId,
    CLIENT_SECRET: wristband.clientSecret,
    APPLICATION_VANITY_DOMAIN: wristband.vanityDomain,
    SESSION_SECRET: 'a-secret-of-tests-with-32-characters-or-more',
  });
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  app = await module.createNestApplication().init();
});
afterAll(async () => {
  await app?.close();
  await wristband?.close();
});

it('lists the orders of the own company', async () => {
  const ada = await signInAs(app, { user: 'ada@example.com', tenant: 'acme' });

  const { body } = await request(app.getHttpServer()).get('/orders').set(ada.headers).expect(200);

  expect(body).toEqual({ tenantId: ada.tenantId, userId: ada.userId, visits: 1 });
});

it('renews an access token at the emulator', async () => {
  const late = await signInAs(app, { user: 'grace@acme.example', expiresIn: 0 });

  await request(app.getHttpServer()).get('/orders').set(late.headers).expect(200);

  expect(wristband.callsTo('token')).toHaveLength(1);
});

it('lists no orders for visitors', async () => {
  const { body } = await request(app.getHttpServer()).get('/orders').expect(401);

  expect(body).toMatchObject({ code: 'not_authenticated' });
});
