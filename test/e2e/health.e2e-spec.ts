import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { MemorySessionStore, type SessionOptions, WristbandHealthIndicator } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly wristband: WristbandHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([
      () => this.wristband.checkWristband(),
      () => this.wristband.checkSessionStore('sessions'),
    ]);
  }
}

let emulator: WristbandEmulator;
const apps: TestApp[] = [];
beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());
afterEach(async () => {
  vi.restoreAllMocks();
  emulator.heal();
  emulator.clearCalls();
  for (const app of apps.splice(0)) await app.close();
});

async function start(session: Partial<SessionOptions> = {}): Promise<TestApp> {
  const app = await startTestApp({
    emulator,
    imports: [TerminusModule.forRoot({ logger: false })],
    controllers: [HealthController],
    options: { session: { secrets: SESSION_SECRET, secure: false, ...session } },
  });
  apps.push(app);
  return app;
}

async function health({ origin }: TestApp): Promise<[status: number, details: unknown]> {
  const answer = await fetch(`${origin}/health`);
  const { details } = (await answer.json()) as { details: unknown };
  return [answer.status, details];
}

const up = { status: 'up' };

it('tells @nestjs/terminus that Wristband and the store are up, also where there is no store', async () => {
  const store = new MemorySessionStore();

  for (const session of [{}, { store }, { coordinationStore: new MemorySessionStore() }])
    expect(await health(await start(session))).toEqual([200, { wristband: up, sessions: up }]);
});

it('tells which one is down, and why in a word, and finds out when it is up again', async () => {
  const store = new MemorySessionStore();
  const app = await start({ store });
  emulator.fail('jwks', { kind: 'status', status: 500 });
  const reading = vi.spyOn(store, 'read').mockRejectedValue(new Error('where the store is'));

  const before = await health(app);
  emulator.heal();
  reading.mockRestore();
  const meanwhile = await health(app);
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + 6000);

  const down = [
    503,
    {
      wristband: { status: 'down', reason: 'wristband_unavailable' },
      sessions: { status: 'down', reason: 'session_store_unavailable' },
    },
  ];
  expect([before, meanwhile]).toEqual([down, down]);
  expect(await health(app)).toEqual([200, { wristband: up, sessions: up }]);
});

it('asks once, however many ask', async () => {
  const app = await start();

  await Promise.all(Array.from({ length: 20 }, () => health(app)));

  expect(emulator.callsTo('jwks')).toHaveLength(1);
});

it('ends in time when Wristband hangs', async () => {
  const app = await start();
  emulator.fail('jwks', { kind: 'hang' });
  const before = performance.now();

  const [status] = await health(app);

  expect(status).toBe(503);
  expect(performance.now() - before).toBeLessThan(9000);
});
