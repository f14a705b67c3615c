import type { Style } from './style.interface.js';

const EXPRESS = {
  imports: ["import type { INestApplication } from '@nestjs/common';"],
  type: 'INestApplication<App>',
  start: `
    app = testing.createNestApplication();
    await app.init();`,
};

const FASTIFY = {
  imports: [
    'import {',
    '  FastifyAdapter,',
    '  type NestFastifyApplication,',
    "} from '@nestjs/platform-fastify';",
  ],
  type: 'NestFastifyApplication',
  start: `
    app = testing.createNestApplication<NestFastifyApplication>(
      new FastifyAdapter(),
    );
    await app.init();
    await app.getHttpAdapter().getInstance().ready();`,
};

const TESTS = `
  it('tells users who they are', async () => {
    const ada = await signInAs(app, {
      user: 'ada@example.com',
      tenant: 'acme',
    });

    await request(app.getHttpServer())
      .get('/profile')
      .set(ada.headers)
      .expect(200, {
        userId: ada.userId,
        tenantId: ada.tenantId,
        tenantName: 'acme',
      });
  });

  it('tells visitors nothing', async () => {
    await request(app.getHttpServer()).get('/profile').expect(401);
  });
`;

/** A test of the protected route through the whole application. */
export function signInTest({ extension, runner, platform, rootModule: { name, from } }: Style): string {
  const { imports, type, start } = platform === 'fastify' ? FASTIFY : EXPRESS;
  const lines = [
    ...imports,
    "import { Test } from '@nestjs/testing';",
    "import { signInAs } from 'nestjs-wristband/testing';",
    "import request from 'supertest';",
    ...(platform === 'fastify' ? [] : [`import type { App } from 'supertest/types${extension}';`]),
    ...(runner === 'vitest' ? ["import { afterAll, beforeAll, describe, it } from 'vitest';"] : []),
    `import { ${name} } from '${from}';`,
  ];
  return `${lines.join('\n')}

describe('GET /profile', () => {
  let app: ${type};

  beforeAll(async () => {
    const testing = await Test.createTestingModule({
      imports: [${name}],
    }).compile();
${start.slice(1)}
  });
  afterAll(() => app.close());
${TESTS}});
`;
}
