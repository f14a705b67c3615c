import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Sealer } from '../../lib/crypto/sealer.js';
import { Session, SessionAuthGuard, type TokenResponse, WristbandSessions } from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import { describePlatforms, SESSION_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

const sealer = new Sealer('session', [SESSION_SECRET]);

/** Requests that wait inside their handler until the test lets them go. */
const gates = new Map<string, () => void>();
const arrived = new Map<string, () => void>();

@Controller('large')
@UseGuards(SessionAuthGuard)
class LargeController {
  @Get()
  grow(@Session() session: Session<{ blob: string }>) {
    session.blob = 'x'.repeat(9000);
    return {};
  }
}

@Controller('slow')
@UseGuards(SessionAuthGuard)
class SlowController {
  @Get('note')
  note(@Session('note') note: string) {
    return { note };
  }

  @Get('id')
  id(@Session() session: Session) {
    return { id: session.id };
  }

  @Get()
  async wait(@Session() session: Session<{ note: string }>, @Query('gate') gate: string) {
    arrived.get(gate)?.();
    await new Promise<void>((resolve) => gates.set(gate, resolve));
    if (gate !== 'reads') session.note = `written by ${gate}`;
    return { userId: session.userId };
  }
}

describePlatforms('requests at the same time', (platform) => {
  let emulator: WristbandEmulator;
  let app: TestApp;
  beforeAll(async () => {
    emulator = await startWristbandEmulator({ refreshTokenTtl: 10 * 86_400 });
    app = await startTestApp({ emulator, platform, controllers: [SlowController, LargeController] });
  });
  afterAll(async () => {
    await app.close();
    await emulator.close();
  });
  afterEach(() => vi.useRealTimers());

  const signInAs = async (email: string, tenant: string) => {
    const browser = new Browser();
    const user = emulator.users.find((candidate) => candidate.email === email)!;
    await signIn(browser, `${app.origin}/api/auth/login?tenant_name=${tenant}`, user);
    return browser;
  };
  const startSlow = async (browser: Browser, gate: string) => {
    const isThere = new Promise<void>((resolve) => arrived.set(gate, resolve));
    const response = browser.get(`${app.origin}/slow?gate=${gate}`);
    await isThere;
    return { finish: async () => (gates.get(gate)?.(), response) };
  };
  const tokenOf = async (browser: Browser) =>
    (await browser.get(`${app.origin}/api/auth/token`)).json<TokenResponse>().accessToken;

  it('never mix their sessions', async () => {
    const [grace, linus] = await Promise.all([
      signInAs('grace@acme.example', 'acme'),
      signInAs('linus@globex.example', 'globex'),
    ]);
    const slowGrace = await startSlow(grace, 'grace');
    const slowLinus = await startSlow(linus, 'linus');

    const responses = [await slowLinus.finish(), await slowGrace.finish()];

    expect(responses.map((response) => response.json().userId)).toEqual([
      'user-globex-linus-globex-example',
      'user-acme-grace-acme-example',
    ]);
    expect((await grace.get(`${app.origin}/api/auth/session`)).json()).toMatchObject({
      tenantId: 'tenant-acme',
    });
    expect((await linus.get(`${app.origin}/api/auth/session`)).json()).toMatchObject({
      tenantId: 'tenant-globex',
    });
  });

  it('never write older tokens over newer ones when a slow one ends after a refresh (weakness 28)', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    emulator.clearCalls();
    const browser = await signInAs('grace@acme.example', 'acme');
    const slow = await startSlow(browser, 'before-refresh');
    vi.setSystemTime(Date.now() + 1_790_000);
    const refreshed = await tokenOf(browser);

    const written = await slow.finish();

    // Looked at inside: the memory of the exchange would hide older tokens for a minute, and then end the sign-in.
    const value = /^session=([^;]*)/.exec(written.setCookies[0] ?? '')?.[1] ?? '';
    expect(sealer.open(value)?.data).toMatchObject({
      fields: { note: 'written by before-refresh', accessToken: refreshed },
    });
    expect(emulator.callsTo('token')).toHaveLength(2);
    vi.setSystemTime(Date.now() + 1_790_000);
    expect((await browser.get(`${app.origin}/api/auth/session`)).status).toBe(200);
  });

  it('never undo what another one wrote, when one that only reads is due to renew the cookie', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const browser = await signInAs('grace@acme.example', 'acme');
    vi.setSystemTime(Date.now() + 61_000);
    const reader = await startSlow(browser, 'reads');
    await (await startSlow(browser, 'writes')).finish();

    const late = await reader.finish();

    expect(late.setCookies).toEqual([]);
    expect((await browser.get(`${app.origin}/slow/note`)).json()).toEqual({ note: 'written by writes' });
  });

  it('keep the tokens of a refresh although the session cannot be written', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    emulator.clearCalls();
    const browser = await signInAs('grace@acme.example', 'acme');
    vi.setSystemTime(Date.now() + 1_790_000);

    const response = await browser.get(`${app.origin}/large`);

    expect(response.json()).toMatchObject({ statusCode: 500, code: 'session_too_large' });
    const value = /^session=([^;]*)/.exec(response.setCookies[0] ?? '')?.[1] ?? '';
    const kept = sealer.open(value)?.data as { fields: Record<string, unknown> } | undefined;
    expect(kept?.fields).not.toHaveProperty('blob');
    expect(kept?.fields.accessToken).toBe(await tokenOf(browser));
    expect(emulator.callsTo('token')).toHaveLength(2);
  });

  describe('and a sign-out', () => {
    const statusWith = async (cookie: string) =>
      (await new Browser().get(`${app.origin}/api/auth/session`, { headers: { cookie } })).status;

    it('stay signed out: no cookie that was ever seen opens again, and a slow request writes none', async () => {
      const browser = await signInAs('grace@acme.example', 'acme');
      const first = await browser.jar.getCookieString(app.origin);
      await (await startSlow(browser, 'quick')).finish();
      const second = await browser.jar.getCookieString(app.origin);
      const slow = await startSlow(browser, 'during-logout');
      expect(await statusWith(first)).toBe(200);
      await browser.get(`${app.origin}/api/auth/logout`);

      const late = await slow.finish();

      expect(late.status).toBe(200);
      expect(late.setCookies).toEqual([]);
      expect(second).not.toBe(first);
      for (const cookie of [first, second, `${second}; ${first}`]) expect(await statusWith(cookie)).toBe(401);
    });

    it('leave the next sign-in alone', async () => {
      const browser = await signInAs('grace@acme.example', 'acme');
      const before = await browser.jar.getCookieString(app.origin);
      const slow = await startSlow(browser, 'during-next');
      await browser.get(`${app.origin}/api/auth/logout`);
      await signIn(
        browser,
        `${app.origin}/api/auth/login?tenant_name=globex`,
        emulator.users.find(({ email }) => email === 'linus@globex.example')!,
      );

      const late = await slow.finish();

      expect(late.setCookies).toEqual([]);
      expect((await browser.get(`${app.origin}/api/auth/session`)).json()).toMatchObject({
        tenantId: 'tenant-globex',
      });
      expect(await statusWith(before)).toBe(401);
    });

    it('end the session that a new sign-in takes the place of', async () => {
      const browser = await signInAs('grace@acme.example', 'acme');
      const before = await browser.jar.getCookieString(app.origin);

      await signIn(
        browser,
        `${app.origin}/api/auth/login?tenant_name=globex`,
        emulator.users.find(({ email }) => email === 'linus@globex.example')!,
      );

      expect(await statusWith(before)).toBe(401);
    });
  });

  describe('and a revocation', () => {
    const isOpen = async (browser: Browser) =>
      (await browser.get(`${app.origin}/api/auth/session`)).status === 200;
    const sessions = () => app.app.get(WristbandSessions);

    it('lose the session that is meant, and no other', async () => {
      const [one, other] = [
        await signInAs('grace@acme.example', 'acme'),
        await signInAs('grace@acme.example', 'acme'),
      ];
      const { id } = (await one.get(`${app.origin}/slow/id`)).json<{ id: string }>();

      await sessions().revokeSession(id);

      expect([await isOpen(one), await isOpen(other)]).toEqual([false, true]);
    });

    it.each([
      ['a user', () => sessions().revokeUser('user-acme-grace-acme-example')],
      ['a tenant', () => sessions().revokeTenant('tenant-acme')],
    ])('lose all of %s, until the next sign-in', async (_, revoke) => {
      const grace = [
        await signInAs('grace@acme.example', 'acme'),
        await signInAs('grace@acme.example', 'acme'),
      ];
      const linus = await signInAs('linus@globex.example', 'globex');
      const slow = await startSlow(grace[0]!, 'during-revocation');

      await revoke();

      expect((await slow.finish()).setCookies).toEqual([]);
      expect(await Promise.all(grace.map(isOpen))).toEqual([false, false]);
      expect(await isOpen(linus)).toBe(true);
      expect(await isOpen(await signInAs('grace@acme.example', 'acme'))).toBe(true);
    });
  });
});
