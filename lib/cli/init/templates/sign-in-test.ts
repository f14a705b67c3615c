import type { Style } from './style.interface.js';

const EXPRESS = {
  imports: ["import type { INestApplication } from '@nestjs/common';"],
  type: 'INestApplication',
  create: 'app = testing.createNestApplication();',
};

const FASTIFY = {
  imports: [
    'import {',
    '  FastifyAdapter,',
    '  type NestFastifyApplication,',
    "} from '@nestjs/platform-fastify';",
  ],
  type: 'NestFastifyApplication',
  create: `app = testing.createNestApplication<NestFastifyApplication>(
      new FastifyAdapter(),
    );`,
};

const TESTS = `
  it('shows a user who is signed in', async () => {
    const ada = await signInAs(app, {
      user: 'ada@example.com',
      tenant: 'acme',
    });

    const response = await fetch(url, { headers: ada.headers });

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      userId: ada.userId,
      tenantId: ada.tenantId,
      tenantName: 'acme',
    });
  });

  it('rejects a visitor', async () => {
    const response = await fetch(url);

    expect(response.status).toBe(401);
  });
`;

/** A test of the protected route through the whole application, for every test runner and module format. */
export function signInTest({ runner, platform, rootModule: { name, from } }: Style): string {
  const { imports, type, create } = platform === 'fastify' ? FASTIFY : EXPRESS;
  const lines = [
    ...imports,
    "import { Test } from '@nestjs/testing';",
    "import { signInAs } from 'nestjs-wristband/testing';",
    ...(runner === 'vitest' ? ["import { afterAll, beforeAll, describe, expect, it } from 'vitest';"] : []),
    `import { ${name} } from '${from}';`,
  ];
  return `${lines.join('\n')}

describe('GET /profile', () => {
  let app: ${type};
  let url: string;

  beforeAll(async () => {
    const testing = await Test.createTestingModule({
      imports: [${name}],
    }).compile();
    ${create}
    await app.listen(0);
    url = \`\${await app.getUrl()}/profile\`;
  });
  afterAll(() => app.close());
${TESTS}});
`;
}
