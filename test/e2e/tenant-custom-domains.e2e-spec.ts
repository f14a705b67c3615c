import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TenantCustomDomainPolicy } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser, type BrowserResponse } from '../support/browser.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const OURS = 'login.ours.example';
const OTHER = 'login.other.example';

let emulator: WristbandEmulator;
let app: TestApp | undefined;

beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());
beforeEach(() => emulator.clearCalls());
afterEach(async () => {
  await app?.close();
  app = undefined;
});

const start = async (tenantCustomDomains: TenantCustomDomainPolicy) => {
  app = await startTestApp({ emulator, options: { tenantCustomDomains } });
};
const login = (domain: string): Promise<BrowserResponse> => {
  const query = `tenant_custom_domain=${domain}&tenant_name=acme`;
  return new Browser().get(`${app!.origin}/api/auth/login?${query}`, { redirect: 'manual' });
};
const hostFor = async (domain: string) => (await login(domain)).location.host;
const questions = () => emulator.callsTo('customDomainValidation').length;

describe('tenantCustomDomains', () => {
  it('trusts those of a list, in any case, and nothing else', async () => {
    await start(['Login.Ours.Example', 'another.example']);

    expect(await hostFor(OURS)).toBe(OURS);
    expect(await hostFor('LOGIN.ours.example')).toBe(OURS);
    expect(await hostFor(OTHER)).toBe(`acme.${emulator.vanityDomain}`);
    const rejected = app!.events.filter(({ type }) => type.endsWith('.rejected'));
    expect(rejected).toEqual([{ type: 'tenant_custom_domain.rejected', domain: OTHER }]);
    expect(questions()).toBe(0);
  });

  it('trusts none with an empty list', async () => {
    await start([]);

    expect(await hostFor(OURS)).toBe(`acme.${emulator.vanityDomain}`);
  });

  it.each<[how: string, decide: (domain: string) => boolean | Promise<boolean>]>([
    ['at once', (domain) => domain === OURS],
    ['later', async (domain) => domain === OURS],
  ])('trusts what a function says %s', async (_, decide) => {
    const asked: string[] = [];
    await start((domain) => {
      asked.push(domain);
      return decide(domain);
    });

    expect(await hostFor('LOGIN.ours.example')).toBe(OURS);
    expect(await hostFor(OTHER)).toBe(`acme.${emulator.vanityDomain}`);
    expect(asked).toEqual([OURS, OTHER]);
    expect(questions()).toBe(0);
  });

  it('takes nothing but true for a yes', async () => {
    await start((() => 'yes') as unknown as () => boolean);

    expect(await hostFor(OURS)).toBe(`acme.${emulator.vanityDomain}`);
  });

  it.each<[how: string, decide: () => boolean | Promise<boolean>]>([
    [
      'throws',
      () => {
        throw new Error('no database');
      },
    ],
    ['answers a promise that fails', () => Promise.reject(new Error('no database'))],
  ])('answers 503 when a function %s', async (_, decide) => {
    await start(decide);

    const response = await login(OURS);

    expect(response.status).toBe(503);
    expect(response.json()).toMatchObject({ code: 'wristband_unavailable' });
    expect(response.headers['retry-after']).toBe('5');
    expect(response.text).not.toContain('no database');
  });

  it('asks Wristband once for several logins, whatever it says', async () => {
    const { customDomain = '' } = emulator.tenants.find(({ name }) => name === 'globex')!;
    await start('validate');

    expect([await hostFor(customDomain), await hostFor(customDomain)]).toEqual([customDomain, customDomain]);
    expect(questions()).toBe(1);
    expect(await hostFor(OTHER)).toBe(await hostFor(OTHER));
    expect(questions()).toBe(2);
  });

  it('asks again when Wristband could not be asked', async () => {
    const { customDomain = '' } = emulator.tenants.find(({ name }) => name === 'globex')!;
    await start('validate');
    emulator.fail('customDomainValidation', { kind: 'status', status: 500 });
    expect((await login(customDomain)).status).toBe(503);

    emulator.heal();

    expect(await hostFor(customDomain)).toBe(customDomain);
  });
});
