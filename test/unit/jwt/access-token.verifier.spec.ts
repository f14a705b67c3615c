import { createHash, createHmac } from 'node:crypto';
import {
  CompactEncrypt,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { resolveOptions } from '../../../lib/config/resolved-options.js';
import type { WristbandEvent } from '../../../lib/events/wristband-event.js';
import type { WristbandEvents } from '../../../lib/events/wristband-events.js';
import { type JwtOptions, WristbandException } from '../../../lib/index.js';
import { AccessTokenVerifier } from '../../../lib/jwt/access-token.verifier.js';
import { RemoteKeySet } from '../../../lib/jwt/remote-key-set.js';
import type { WristbandClient } from '../../../lib/wristband-api/wristband-client.js';

type Claims = Record<string, unknown>;

const DOMAIN = 'myapp-mycompany.us.wristband.dev';
const CLIENT_ID = 'client';
const KID = 'key-1';

let pair: CryptoKeyPair;
let otherPair: CryptoKeyPair;
let curvePair: CryptoKeyPair;
let publicJwk: JWK;

beforeAll(async () => {
  pair = await generateKeyPair('RS256', { extractable: true });
  otherPair = await generateKeyPair('RS256');
  curvePair = await generateKeyPair('ES256');
  publicJwk = { ...(await exportJWK(pair.publicKey)), kid: KID, use: 'sig', alg: 'RS256' };
});
afterEach(() => void vi.useRealTimers());

const now = () => Math.floor(Date.now() / 1000);

/** What Wristband writes into an access token. */
const claimsOf = (patch: Claims = {}): Claims => ({
  iss: `https://${DOMAIN}`,
  sub: 'user-ada',
  sub_kind: 'user',
  tnt_id: 'tenant-acme',
  app_id: 'app',
  idp_name: 'wristband',
  client_id: CLIENT_ID,
  scope: 'openid email',
  van_dom: DOMAIN,
  amr: ['pwd'],
  auth_time: now(),
  iat: now(),
  exp: now() + 1800,
  jti: 'token-1',
  custom_claims: { city: 'Zürich 🚲', nested: { list: [{ a: 1 }] } },
  ...patch,
});

function sign(claims: Claims = claimsOf(), header: Claims = {}, key = pair.privateKey): Promise<string> {
  const full = { alg: 'RS256', typ: 'at+JWT', kid: KID, ...header } as JWTHeaderParameters;
  return new SignJWT(claims).setProtectedHeader(full).sign(key, { crit: { 'urn:example': true } });
}

function encode(json: unknown): string {
  return Buffer.from(JSON.stringify(json)).toString('base64url');
}

function verifierWith(jwt: JwtOptions = {}) {
  const options = resolveOptions({
    clientId: CLIENT_ID,
    clientSecret: 'a-client-secret-of-32-characters',
    wristbandApplicationVanityDomain: DOMAIN,
    jwt,
  });
  const client = { keySet: vi.fn<() => Promise<unknown>>(async () => ({ keys: [publicJwk] })) };
  const events = {
    warn: vi.fn<(message: string) => void>(),
    emit: vi.fn<(event: WristbandEvent) => void>(),
  };
  const keySet = new RemoteKeySet(
    options,
    client as unknown as WristbandClient,
    events as unknown as WristbandEvents,
  );
  return { verifier: new AccessTokenVerifier(options, keySet), client, events };
}

async function refusalOf(token: string, jwt?: JwtOptions): Promise<string> {
  const error: unknown = await verifierWith(jwt)
    .verifier.verify(token)
    .catch((refusal: unknown) => refusal);
  if (!(error instanceof WristbandException)) throw new Error(`not refused: ${String(error)}`);
  expect(error.code).toBe('invalid_token');
  expect(error.getStatus()).toBe(401);
  if (token.length > 100) expect(JSON.stringify(error.getResponse())).not.toContain(token.slice(0, 40));
  return error.message.replace(/^The access token /, '');
}

describe('an access token of Wristband', () => {
  it('is accepted, and its claims come as they were written', async () => {
    const claims = claimsOf();

    expect(await verifierWith().verifier.verify(await sign(claims))).toEqual(claims);
  });

  it.each(['at+JWT', 'at+jwt', 'application/at+jwt', 'JWT', 'jwt', undefined])(
    'is accepted with the type %s',
    async (typ) => {
      const token = await sign(claimsOf(), { typ });

      expect(await verifierWith().verifier.verify(token)).toMatchObject({ sub: 'user-ada' });
    },
  );

  it.each<[title: string, patch: Claims]>([
    ['of a machine', { sub_kind: 'client', tnt_id: null, idp_name: undefined, auth_time: undefined }],
    ['for an audience', { aud: ['https://api.example.com'] }],
    ['for the client itself', { aud: CLIENT_ID }],
    ['that says it is an access token, with a nonce', { nonce: 'n', at_hash: 'h' }],
    ['that expired within the tolerance', { exp: now() - 20 }],
    ['from a clock that is ahead', { iat: now() + 20, nbf: now() + 20 }],
    ['without a time of issue', { iat: undefined }],
    ['with a fraction of a second', { exp: now() + 1.5 }],
  ])('is accepted %s', async (_title, patch) => {
    const token = await sign(claimsOf(patch));

    expect(await verifierWith().verifier.verify(token)).toMatchObject({ sub: 'user-ada' });
  });

  it('is accepted from every client, unless they are named', async () => {
    const token = await sign(claimsOf({ client_id: 'another' }));

    expect(await verifierWith().verifier.verify(token)).toMatchObject({ client_id: 'another' });
    expect(await verifierWith({ allowedClientIds: ['one', 'another'] }).verifier.verify(token)).toMatchObject(
      { client_id: 'another' },
    );
    expect(await refusalOf(token, { allowedClientIds: ['one'] })).toBe('was issued to another client');
  });

  it('names its client also as azp', async () => {
    const token = await sign(claimsOf({ client_id: null, azp: 'one' }));

    expect(await verifierWith({ allowedClientIds: ['one'] }).verifier.verify(token)).toBeDefined();
    expect(await refusalOf(token, { allowedClientIds: ['two'] })).toBe('was issued to another client');
  });
});

describe('what is refused because of its claims', () => {
  it.each<[title: string, patch: Claims, refusal: string]>([
    ['another issuer', { iss: 'https://evil.example' }, 'was issued by another issuer'],
    ['the issuer with a slash', { iss: `https://${DOMAIN}/` }, 'was issued by another issuer'],
    ['the issuer over http', { iss: `http://${DOMAIN}` }, 'was issued by another issuer'],
    ['the issuer in a list', { iss: [`https://${DOMAIN}`] }, 'was issued by another issuer'],
    ['no issuer', { iss: undefined }, 'was issued by another issuer'],
    ['an expired one', { exp: now() - 60 }, 'has expired'],
    ['no expiry', { exp: undefined }, 'does not say when it expires'],
    ['an expiry of null', { exp: null }, 'does not say when it expires'],
    ['an expiry as a text', { exp: String(now() + 1800) }, 'does not say when it expires'],
    ['an expiry of 0', { exp: 0 }, 'has expired'],
    ['a beginning in the future', { nbf: now() + 60 }, 'is not good yet'],
    ['a beginning as a text', { nbf: String(now()) }, 'is not good yet'],
    ['a time of issue in the future', { iat: now() + 60 }, 'was issued in the future'],
    ['a time of issue as a text', { iat: String(now()) }, 'does not say when it was issued'],
    ['no subject', { sub: undefined }, 'does not say whose it is'],
    ['an empty subject', { sub: '' }, 'does not say whose it is'],
    ['a number as the subject', { sub: 42 }, 'does not say whose it is'],
    ['a number as the tenant', { tnt_id: 42 }, 'makes a claim that cannot be right'],
    ['a list of clients', { client_id: [CLIENT_ID] }, 'makes a claim that cannot be right'],
  ])('%s', async (_title, patch, refusal) => {
    expect(await refusalOf(await sign(claimsOf(patch)))).toBe(refusal);
  });

  it('an expiry that is infinite', async () => {
    const header = encode({ alg: 'RS256', typ: 'at+JWT', kid: KID });
    const payload = Buffer.from(JSON.stringify(claimsOf({ exp: 1 })).replace('"exp":1', '"exp":1e999'));
    const content = `${header}.${payload.toString('base64url')}`;
    const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', pair.privateKey, Buffer.from(content));

    expect(await refusalOf(`${content}.${Buffer.from(signature).toString('base64url')}`)).toBe(
      'does not say when it expires',
    );
  });

  it.each<[title: string, patch: Claims]>([
    ['with a nonce', { nonce: 'n' }],
    ['with the hash of an access token', { at_hash: 'h' }],
    ['for the client, without more', { client_id: undefined, aud: CLIENT_ID }],
    ['for another client', { client_id: null, aud: 'another' }],
    ['for the client among others', { client_id: undefined, aud: ['other', CLIENT_ID] }],
  ])('an ID token %s', async (_title, patch) => {
    expect(await refusalOf(await sign(claimsOf(patch), { typ: 'JWT' }))).toBe('is an ID token');
    expect(await refusalOf(await sign(claimsOf(patch), { typ: undefined }))).toBe('is an ID token');
  });
});

describe('what is refused because of its header or signature', () => {
  it.each<[title: string, make: () => string | Promise<string>, refusal: string]>([
    [
      'alg none',
      () => `${encode({ alg: 'none', kid: KID })}.${encode(claimsOf())}.`,
      'is not signed with RS256',
    ],
    [
      'HS256 with the public key as the secret',
      async () => {
        const content = `${encode({ alg: 'HS256', typ: 'at+JWT', kid: KID })}.${encode(claimsOf())}`;
        const secret = await exportSPKI(pair.publicKey);
        return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
      },
      'is not signed with RS256',
    ],
    ['ES256', () => sign(claimsOf(), { alg: 'ES256' }, curvePair.privateKey), 'is not signed with RS256'],
    [
      'a foreign key under a known ID',
      () => sign(claimsOf(), {}, otherPair.privateKey),
      'has a wrong signature',
    ],
    ['an unknown key', () => sign(claimsOf(), { kid: 'other' }), 'is signed with an unknown key'],
    ['no key ID', () => sign(claimsOf(), { kid: undefined }), 'does not say which key signed it'],
    ['an empty key ID', () => sign(claimsOf(), { kid: '' }), 'does not say which key signed it'],
    [
      'a key of its own',
      () => sign(claimsOf(), { jwk: publicJwk, kid: 'mine' }),
      'is signed with an unknown key',
    ],
    ['another type', () => sign(claimsOf(), { typ: 'logout+jwt' }), 'is another kind of JWT'],
    [
      'a critical extension',
      () => sign(claimsOf(), { crit: ['urn:example'], 'urn:example': 1 }),
      'asks for an extension that is not known here',
    ],
    [
      'a changed payload',
      async () => {
        const [header, , signature] = (await sign()).split('.');
        return `${header}.${encode(claimsOf({ sub: 'user-eve' }))}.${signature}`;
      },
      'has a wrong signature',
    ],
    ['a missing end', async () => (await sign()).slice(0, -22), 'has a wrong signature'],
    ['a line break', async () => (await sign()).replace(/\.(?=[^.]*$)/, '.\n'), 'is no signed JWT'],
    [
      'another spelling',
      async () => (await sign()).replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)),
      'is no signed JWT',
    ],
    ['a missing signature', async () => (await sign()).replace(/[^.]+$/, ''), 'has a wrong signature'],
    ['two parts', async () => (await sign()).split('.', 2).join('.'), 'is no signed JWT'],
    ['four parts', async () => `${await sign()}.x`, 'is no signed JWT'],
    [
      'five parts, encrypted',
      () =>
        new CompactEncrypt(Buffer.from(JSON.stringify(claimsOf())))
          .setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A256GCM', kid: KID })
          .encrypt(publicKeyForEncryption()),
      'is not signed with RS256',
    ],
    ['nothing', () => '', 'is no signed JWT'],
    ['dots', () => '..', 'is no signed JWT'],
    ['no JSON in the header', () => 'YWJj.YWJj.YWJj', 'is no signed JWT'],
    ['no object in the header', () => `${encode([])}.${encode({})}.x`, 'is no signed JWT'],
    ['1 MB', () => 'a'.repeat(1024 * 1024), 'is too long'],
    ['letters beyond ASCII', () => 'äöü.🚲.中文', 'is no signed JWT'],
    ['a claim twice as long as the limit', () => sign(claimsOf({ a: 'b'.repeat(32_000) })), 'is too long'],
  ])('%s', async (_title, make, refusal) => {
    expect(await refusalOf(await make())).toBe(refusal);
  });

  it('a signed text that is no object', async () => {
    const content = `${encode({ alg: 'RS256', kid: KID })}.${encode([1])}`;
    const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', pair.privateKey, Buffer.from(content));

    expect(await refusalOf(`${content}.${Buffer.from(signature).toString('base64url')}`)).toBe(
      'is no signed JWT',
    );
  });

  it('no garbage makes us ask Wristband for keys', async () => {
    const { verifier, client } = verifierWith();
    for (const token of ['', 'a.b.c', `${encode({ alg: 'none' })}.${encode({})}.`, 'x'.repeat(20_000)]) {
      await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'invalid_token' });
    }

    expect(client.keySet).not.toHaveBeenCalled();
  });
});

describe('tokens that were found good', () => {
  it('cost no further signature check', async () => {
    const { verifier } = verifierWith();
    const token = await sign();
    const check = vi.spyOn(crypto.subtle, 'verify');
    for (let time = 0; time < 10; time += 1) await verifier.verify(token);

    expect(check).toHaveBeenCalledTimes(1);
  });

  it('share one check when they come together', async () => {
    const { verifier } = verifierWith();
    const token = await sign();
    const check = vi.spyOn(crypto.subtle, 'verify');

    await Promise.all(Array.from({ length: 100 }, () => verifier.verify(token)));

    expect(check).toHaveBeenCalledTimes(1);
  });

  it('are checked each time when none are remembered', async () => {
    const { verifier } = verifierWith({ verifiedTokenCacheSize: 0 });
    const token = await sign();
    const check = vi.spyOn(crypto.subtle, 'verify');
    for (let time = 0; time < 3; time += 1) await verifier.verify(token);

    expect(check).toHaveBeenCalledTimes(3);
  });

  it('push each other out when they are too many, which bad ones cannot', async () => {
    const { verifier } = verifierWith({ verifiedTokenCacheSize: 2 });
    const [first, second, third] = await Promise.all(['1', '2', '3'].map((jti) => sign(claimsOf({ jti }))));
    for (const token of [first, second]) await verifier.verify(token ?? '');
    const bad = await Promise.all(Array.from({ length: 20 }, (_, jti) => sign(claimsOf({ jti, exp: 1 }))));
    for (const token of bad) await verifier.verify(token).catch(() => undefined);
    const check = vi.spyOn(crypto.subtle, 'verify');

    for (const token of [first, second]) await verifier.verify(token ?? '');
    expect(check).toHaveBeenCalledTimes(0);
    for (const token of [third, first]) await verifier.verify(token ?? '');
    expect(check).toHaveBeenCalledTimes(2);
  });

  it('end with their expiry and the tolerance', async () => {
    const { verifier } = verifierWith();
    const exp = now() + 100;
    const token = await sign(claimsOf({ exp }));
    await verifier.verify(token);

    vi.useFakeTimers({ toFake: ['Date'], now: (exp + 29) * 1000 });
    expect(await verifier.verify(token)).toBeDefined();
    vi.setSystemTime((exp + 30) * 1000);
    await expect(verifier.verify(token)).rejects.toThrow('The access token has expired');
  });

  it('cannot be changed by one request for the next', async () => {
    const { verifier } = verifierWith();
    const token = await sign();
    const claims = await verifier.verify(token);
    const { nested } = claims.custom_claims as { nested: { list: Claims[] } };

    expect(() => Object.assign(claims, { sub: 'user-eve' })).toThrow(TypeError);
    expect(() => nested.list.push({})).toThrow(TypeError);
    expect(() => Object.assign(nested.list[0] ?? {}, { a: 2 })).toThrow(TypeError);
    expect(await verifier.verify(token)).toEqual(
      claimsOf({ exp: claims.exp, iat: claims.iat, auth_time: claims.auth_time }),
    );
  });

  it('may be as deep as they are long', async () => {
    const depth = 5000;
    const header = encode({ alg: 'RS256', typ: 'at+JWT', kid: KID });
    const json = JSON.stringify(claimsOf({ deep: 0 })).replace(
      '"deep":0',
      `"deep":${'['.repeat(depth)}${']'.repeat(depth)}`,
    );
    const content = `${header}.${Buffer.from(json).toString('base64url')}`;
    const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', pair.privateKey, Buffer.from(content));
    const token = `${content}.${Buffer.from(signature).toString('base64url')}`;

    expect(await verifierWith().verifier.verify(token)).toMatchObject({ sub: 'user-ada' });
  });

  it('are known by their hash, not by themselves', async () => {
    const { verifier } = verifierWith();
    const token = await sign();
    const set = vi.spyOn(Map.prototype, 'set');
    await verifier.verify(token);
    const keys = set.mock.calls.map(([key]: unknown[]) => key);

    expect(keys).toContain(createHash('sha256').update(token).digest('base64url'));
    expect(keys).not.toContain(token);
  });
});

function publicKeyForEncryption() {
  return { ...publicJwk, use: 'enc', alg: 'RSA-OAEP', key_ops: ['encrypt', 'wrapKey'] };
}

describe('a key set without IDs', () => {
  const verifierOf = async (jwks: readonly JWK[]) => {
    const { verifier, client } = verifierWith();
    client.keySet.mockResolvedValue({ keys: jwks.map((key) => ({ ...key, kid: undefined })) });
    return verifier;
  };

  it.each([undefined, '', null, KID, 'another'])(
    'finds the key of a token with the key ID %j',
    async (kid) => {
      const verifier = await verifierOf([await exportJWK(otherPair.publicKey), publicJwk]);

      expect(await verifier.verify(await sign(claimsOf(), { kid }))).toMatchObject({ sub: 'user-ada' });
    },
  );

  it('makes no token of a foreign key good', async () => {
    const verifier = await verifierOf([publicJwk, publicJwk]);
    const forged = await sign(claimsOf(), { kid: undefined }, otherPair.privateKey);

    await expect(verifier.verify(forged)).rejects.toMatchObject({
      code: 'invalid_token',
      message: 'The access token has a wrong signature',
    });
  });

  it('leaves other checks as they are', async () => {
    const verifier = await verifierOf([await exportJWK(otherPair.publicKey), publicJwk]);

    await expect(
      verifier.verify(await sign(claimsOf({ exp: now() - 60 }), { kid: undefined })),
    ).rejects.toMatchObject({ message: 'The access token has expired' });
  });
});
