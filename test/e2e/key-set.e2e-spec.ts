import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type JwtOptions, WristbandException, WristbandModule } from '../../lib/index.js';
import { AccessTokenVerifier } from '../../lib/jwt/access-token.verifier.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { lastCallback } from '../support/auth.controller.js';
import { Browser } from '../support/browser.js';
import { signIn } from '../support/sign-in.js';
import { optionsFor, startTestApp, type TestApp } from '../support/test-app.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

let emulator: WristbandEmulator;
/** Where tokens come from; what is tested are applications that only check them. */
let issuer: TestApp;
let idToken = '';
const contexts: INestApplicationContext[] = [];

beforeEach(async () => {
  emulator = await startWristbandEmulator({ accessTokenTtl: 24 * HOUR });
  emulator.tamper({
    tokenAnswer: (answer) => {
      idToken = String(answer.id_token);
      return answer;
    },
  });
  issuer = await startTestApp({ emulator, options: { http: { timeout: 5000 } } });
});
afterEach(async () => {
  vi.useRealTimers();
  for (const context of contexts.splice(0)) await context.close();
  await issuer.close();
  await emulator.close();
});

/** A new access token, without a trace in the call log. */
async function newToken(): Promise<string> {
  const [user] = emulator.users;
  if (!user) throw new Error('nobody to sign in');
  await signIn(new Browser(), `${issuer.origin}/api/auth/login?tenant_name=${user.tenant}`, user);
  emulator.clearCalls();
  return lastCallback.data?.accessToken ?? '';
}

async function startVerifier(jwt: JwtOptions = {}, logs: string[] = []): Promise<AccessTokenVerifier> {
  const write = (message: unknown) => void logs.push(String(message));
  const logger = { log: write, error: write, warn: write };
  const module = WristbandModule.forRoot({ ...optionsFor(emulator), jwt, logger });
  const context = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  contexts.push(context);
  return context.get(AccessTokenVerifier);
}

let made = 0;
/** A token as anybody can write it: a key ID that nobody knows. */
function withUnknownKey(token: string): string {
  const [, payload, signature] = token.split('.');
  const header = { alg: 'RS256', typ: 'at+JWT', kid: `unknown-${(made += 1)}` };
  return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`;
}

/** `ok`, or the code of the refusal. */
async function outcome(verifier: AccessTokenVerifier, token: string): Promise<string> {
  try {
    await verifier.verify(token);
    return 'ok';
  } catch (error) {
    if (!(error instanceof WristbandException)) throw error;
    return error.code;
  }
}

async function outcomes(verifier: AccessTokenVerifier, tokens: string[]): Promise<string[]> {
  return [...new Set(await Promise.all(tokens.map((token) => outcome(verifier, token))))];
}

const many = (count: number, make: () => string) => Array.from({ length: count }, make);
const fetches = () => emulator.callsTo('jwks').length;

/** Only the clock: timers, and so every time-out, run on as usual. */
function advanceClock(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}

describe('access tokens', () => {
  it('of a real sign-in are accepted, with their claims', async () => {
    const verifier = await startVerifier();
    const token = await newToken();

    expect(await verifier.verify(token)).toEqual(decodeJwt(token));
  });

  it('are something else than ID tokens', async () => {
    const verifier = await startVerifier();
    await newToken();

    await expect(verifier.verify(idToken)).rejects.toThrow('The access token is an ID token');
  });

  it('of another issuer are refused, even when the key is right', async () => {
    emulator.tamper({ accessTokenClaims: (claims) => ({ ...claims, iss: 'https://evil.example' }) });
    const verifier = await startVerifier();

    await expect(verifier.verify(await newToken())).rejects.toThrow(/another issuer/);
  });
});

describe('the key set', () => {
  it('is fetched once by 200 requests at a cold start', async () => {
    const verifier = await startVerifier({ verifiedTokenCacheSize: 0 });
    const token = await newToken();
    emulator.fail('jwks', { kind: 'delay', ms: 100 });

    expect(
      await outcomes(
        verifier,
        many(200, () => token),
      ),
    ).toEqual(['ok']);
    expect(fetches()).toBe(1);
  });

  it('is shared with sign-in', async () => {
    const token = await newToken();

    expect(await outcome(issuer.app.get(AccessTokenVerifier), token)).toBe('ok');
    expect(fetches()).toBe(0);
  });

  it('is fetched at most twice for 1,000 unknown keys, and good tokens pass meanwhile', async () => {
    const verifier = await startVerifier({ verifiedTokenCacheSize: 0 });
    const token = await newToken();

    const atOnce = many(500, () => withUnknownKey(token));
    const [refused, passed] = await Promise.all([
      outcomes(verifier, atOnce),
      outcomes(
        verifier,
        many(50, () => token),
      ),
    ]);
    const oneByOne = new Set<string>();
    for (const forged of many(500, () => withUnknownKey(token))) {
      oneByOne.add(await outcome(verifier, forged));
    }

    expect(refused).toEqual(['invalid_token']);
    expect(passed).toEqual(['ok']);
    expect([...oneByOne]).toEqual(['invalid_token']);
    expect(await outcome(verifier, token)).toBe('ok');
    expect(fetches()).toBeLessThanOrEqual(2);
  });

  it('is not asked for again because of unknown keys that came first', async () => {
    const verifier = await startVerifier();
    const token = await newToken();
    emulator.fail('jwks', { kind: 'delay', ms: 100 });

    expect(
      await outcomes(
        verifier,
        many(100, () => withUnknownKey(token)),
      ),
    ).toEqual(['invalid_token']);
    expect(fetches()).toBe(1);
  });

  it('keeps as many keys as allowed and says so', async () => {
    const logs: string[] = [];
    const verifier = await startVerifier({ jwksCacheMaxSize: 1 }, logs);
    const old = await newToken();
    await emulator.rotateKeys();
    const token = await newToken();

    expect(await outcome(verifier, token)).toBe('ok');
    expect(await outcome(verifier, old)).toBe('invalid_token');
    expect(logs.filter((line) => line.includes('jwt.jwksCacheMaxSize'))).toEqual([
      "Wristband's key set has 2 keys, of which jwt.jwksCacheMaxSize keeps the first 1",
    ]);
  });
});

describe('a new key', () => {
  it.each([
    ['right after the keys were fetched', 0],
    ['a while later', 5 * MINUTE],
  ])('is found with one fetch %s, by all who bring it', async (_title, seconds) => {
    const verifier = await startVerifier({ verifiedTokenCacheSize: 0 });
    const old = await newToken();
    await verifier.verify(old);
    await emulator.rotateKeys();
    const token = await newToken();
    if (seconds > 0) advanceClock(seconds);
    emulator.fail('jwks', { kind: 'delay', ms: 100 });

    expect(
      await outcomes(
        verifier,
        many(50, () => token),
      ),
    ).toEqual(['ok']);
    expect(await outcome(verifier, old)).toBe('ok');
    expect(fetches()).toBe(1);
  });

  it('is found half a minute later while somebody sends unknown keys', async () => {
    const verifier = await startVerifier();
    const old = await newToken();
    await verifier.verify(old);
    await outcome(verifier, withUnknownKey(old));
    await emulator.rotateKeys();
    const token = await newToken();
    const early = await outcome(verifier, token);
    advanceClock(31);

    expect([early, await outcome(verifier, token)]).toEqual(['invalid_token', 'ok']);
    expect(fetches()).toBe(1);
  });
});

describe('a key that Wristband withdrew', () => {
  it.each([
    ['a remembered token', 1000],
    ['a token that is checked again', 0],
  ])('is trusted no longer than jwksCacheTtl for %s', async (_title, verifiedTokenCacheSize) => {
    const verifier = await startVerifier({ jwksCacheTtl: 60_000, verifiedTokenCacheSize });
    const token = await newToken();
    await verifier.verify(token);
    await emulator.rotateKeys({ keepOld: false });

    advanceClock(40);
    const early = await outcome(verifier, token);
    advanceClock(21);

    expect([early, await outcome(verifier, token)]).toEqual(['ok', 'invalid_token']);
  });

  it('is trusted no longer once a new key was found', async () => {
    const verifier = await startVerifier();
    const old = await newToken();
    await verifier.verify(old);
    await emulator.rotateKeys({ keepOld: false });

    expect(await outcome(verifier, await newToken())).toBe('ok');
    expect(await outcome(verifier, old)).toBe('invalid_token');
  });

  it('is trusted no longer when the clock was set back meanwhile', async () => {
    const verifier = await startVerifier();
    const token = await newToken();
    advanceClock(HOUR);
    await verifier.verify(token);
    await emulator.rotateKeys({ keepOld: false });
    vi.useRealTimers();

    expect(await outcome(verifier, token)).toBe('invalid_token');
  });
});

describe('keys that stay', () => {
  it('keep remembered tokens good when they are fetched again', async () => {
    const verifier = await startVerifier({ jwksCacheTtl: 60_000 });
    const token = await newToken();
    await verifier.verify(token);
    const check = vi.spyOn(crypto.subtle, 'verify');
    advanceClock(61);

    expect(await outcome(verifier, token)).toBe('ok');
    expect(fetches()).toBe(2);
    expect(check).not.toHaveBeenCalled();
  });

  it('are fetched again in time, so that nobody waits', async () => {
    const verifier = await startVerifier({ jwksCacheTtl: 100_000 });
    const token = await newToken();
    await verifier.verify(token);
    emulator.fail('jwks', { kind: 'delay', ms: 2000 });
    advanceClock(80);
    const started = performance.now();
    await Promise.all(many(20, () => token).map((copy) => verifier.verify(copy)));

    expect(performance.now() - started).toBeLessThan(2000);
    await vi.waitFor(
      () => expect(emulator.callsTo('jwks').map(({ status }) => status)).toEqual([200, 200]),
      20_000,
    );
    // Not more than the time after which keys are fetched again: while a test waits, the false clock goes on a little.
    advanceClock(40);
    await verifier.verify(token);
    expect(fetches()).toBe(2);
  });
});

describe('while the keys cannot be fetched', () => {
  it.each([
    ['an error', { kind: 'status', status: 500 }],
    ['silence', { kind: 'hang' }],
    ['a closed door', { kind: 'reset' }],
    ['garbage', { kind: 'garbage' }],
    ['no keys', { kind: 'status', status: 200, body: { keys: [] } }],
    ['not found', { kind: 'status', status: 404 }],
  ] as const)('because of %s a cold start answers 503', async (_title, fault) => {
    const verifier = await startVerifier();
    const token = await newToken();
    emulator.fail('jwks', fault);

    await expect(verifier.verify(token)).rejects.toMatchObject({
      code: 'wristband_unavailable',
      status: 503,
      retryAfter: expect.any(Number),
    });
    expect(await outcome(verifier, 'garbage')).toBe('invalid_token');
  });

  it('known keys go on, and an unknown one is 503 without many calls', async () => {
    const verifier = await startVerifier({ verifiedTokenCacheSize: 0 });
    const token = await newToken();
    await verifier.verify(token);
    emulator.clearCalls();
    emulator.fail('jwks', { kind: 'status', status: 503 });

    const forged = many(500, () => withUnknownKey(token));
    expect(await outcomes(verifier, forged)).toEqual(['wristband_unavailable']);
    for (const one of forged.slice(0, 50)) {
      expect(await outcome(verifier, one)).toBe('wristband_unavailable');
    }
    expect(await outcome(verifier, token)).toBe('ok');
    // One fetch, tried three times.
    expect(fetches()).toBeLessThanOrEqual(3);
  });

  it('known keys are used for an hour beyond jwksCacheTtl and then no more', async () => {
    const verifier = await startVerifier({ jwksCacheTtl: 60_000 });
    const token = await newToken();
    await verifier.verify(token);
    emulator.fail('jwks', { kind: 'status', status: 500 });

    const seen: string[] = [];
    for (const seconds of [2 * MINUTE, 30 * MINUTE, 28 * MINUTE, 2 * MINUTE]) {
      advanceClock(seconds);
      seen.push(await outcome(verifier, token));
    }

    expect(seen).toEqual(['ok', 'ok', 'ok', 'wristband_unavailable']);
  });

  it('only the first request waits for keys that are overdue', async () => {
    const verifier = await startVerifier({ jwksCacheTtl: 60_000 });
    const token = await newToken();
    await verifier.verify(token);
    emulator.fail('jwks', { kind: 'hang' });
    advanceClock(61);
    await verifier.verify(token);
    const started = performance.now();
    for (let time = 0; time < 5; time += 1) {
      advanceClock(6);
      await verifier.verify(token);
    }

    // Each of them would wait for five seconds.
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('everything goes on by itself afterwards', async () => {
    const verifier = await startVerifier({ jwksCacheTtl: 60_000 });
    const old = await newToken();
    await verifier.verify(old);
    await emulator.rotateKeys({ keepOld: false });
    const token = await newToken();
    emulator.fail('jwks', { kind: 'status', status: 500 });
    const during = [await outcome(verifier, old), await outcome(verifier, token)];
    emulator.heal('jwks');
    advanceClock(6);

    expect(during).toEqual(['ok', 'wristband_unavailable']);
    expect(await outcome(verifier, token)).toBe('ok');
    expect(await outcome(verifier, old)).toBe('invalid_token');
  });
});
