import { createHash, randomBytes } from 'node:crypto';
import { request as requestHttp, type IncomingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';
import { networkInterfaces } from 'node:os';
import { connect } from 'node:net';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  json: Record<string, unknown>;
  location: URL;
}

interface Sent {
  method?: string;
  form?: Record<string, string>;
  json?: unknown;
  headers?: Record<string, string>;
}

/** Keeps cookies by host, follows nothing, and finds `*.localhost`, which Node.js does not resolve. */
class Browser {
  /** By host, path and name. */
  private readonly cookies = new Map<string, { host: string; path: string; pair: string }>();

  constructor(private readonly ca?: string) {}

  async send(target: string | URL, { method, form, json, headers = {} }: Sent = {}): Promise<Answer> {
    const url = new URL(target);
    const body = form ? new URLSearchParams(form).toString() : json ? JSON.stringify(json) : '';
    const type = form ? 'application/x-www-form-urlencoded' : 'application/json';
    const cookie = [...this.cookies.values()]
      .filter(({ host, path }) => host === url.hostname && url.pathname.startsWith(path))
      .map(({ pair }) => pair)
      .join('; ');
    const options = {
      host: '127.0.0.1',
      port: url.port,
      path: url.pathname + url.search,
      method: method ?? (body ? 'POST' : 'GET'),
      agent: false as const,
      ca: this.ca,
      servername: url.hostname,
      headers: {
        host: url.host,
        ...(cookie && { cookie }),
        ...(body && { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) }),
        ...headers,
      },
    };
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('error', reject);
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          for (const line of response.headers['set-cookie'] ?? []) this.keepCookie(url.hostname, line);
          resolve(
            readAnswer(url, response.statusCode ?? 0, response.headers, Buffer.concat(chunks).toString()),
          );
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  private keepCookie(host: string, line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const path = attributes.find((attribute) => attribute.startsWith('path='))?.slice(5) ?? '/';
    const key = [host, path, pair.split('=')[0]].join(' ');
    if (line.includes('expires=Thu, 01 Jan 1970')) this.cookies.delete(key);
    else this.cookies.set(key, { host, path, pair });
  }
}

function readAnswer(from: URL, status: number, headers: IncomingHttpHeaders, text: string): Answer {
  return {
    status,
    headers,
    text,
    get json() {
      return JSON.parse(text) as Record<string, unknown>;
    },
    get location() {
      return new URL(headers.location ?? '', from);
    },
  };
}

const LOGIN_URL = 'http://localhost:3999/api/auth/login';
const CALLBACK_URL = 'http://localhost:3999/api/auth/callback';
const ALL_SCOPES = 'openid offline_access profile email phone roles';

interface Login {
  tenant?: string;
  email?: string;
  password?: string;
  scope?: string;
  redirectUri?: string;
  extra?: Record<string, string | undefined>;
}

interface Tokens {
  access_token: string;
  id_token: string;
  refresh_token: string;
  expires_in: number;
  scope: string;
}

let emulator: WristbandEmulator;
let browser: Browser;
const verifier = randomBytes(32).toString('base64url');

beforeEach(async () => {
  browser = new Browser();
  emulator = await startWristbandEmulator({
    application: { loginUrl: LOGIN_URL, redirectUris: [CALLBACK_URL] },
  });
});

afterEach(async () => {
  await emulator.close();
});

function tenantOrigin(tenant = 'acme'): string {
  return `http://${tenant}.${emulator.vanityDomain}`;
}

function authorizeUrl({
  tenant,
  scope = ALL_SCOPES,
  redirectUri = CALLBACK_URL,
  extra = {},
}: Login = {}): URL {
  const url = new URL(`${tenantOrigin(tenant)}/api/v1/oauth2/authorize`);
  const parameters = {
    client_id: emulator.clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    state: 'st&te',
    scope,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    nonce: 'the-nonce',
    ...extra,
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

/** From the authorize request to the callback URL. */
async function logIn(login: Login = {}): Promise<URL> {
  const { email = 'ada@example.com', password = 'password' } = login;
  const start = await browser.send(authorizeUrl(login));
  const submitted = await browser.send(start.location, { form: { email, password } });
  expect(submitted.status).toBe(303);
  return (await browser.send(submitted.location)).location;
}

function basic(secret = emulator.clientSecret): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${emulator.clientId}:${secret}`).toString('base64')}` };
}

function postToken(form: Record<string, string>, headers = basic()): Promise<Answer> {
  return browser.send(`${emulator.origin}/api/v1/oauth2/token`, { form, headers });
}

function exchange(callback: URL, patch: Record<string, string> = {}): Promise<Answer> {
  return postToken({
    grant_type: 'authorization_code',
    code: callback.searchParams.get('code') ?? '',
    redirect_uri: CALLBACK_URL,
    code_verifier: verifier,
    ...patch,
  });
}

function refresh(refreshToken: string): Promise<Answer> {
  return postToken({ grant_type: 'refresh_token', refresh_token: refreshToken });
}

function sendRevocation(token: string, headers = basic()): Promise<Answer> {
  return browser.send(`${emulator.origin}/api/v1/oauth2/revoke`, { form: { token }, headers });
}

function tokensIn(answer: Answer): Tokens {
  return answer.json as unknown as Tokens;
}

async function obtainTokens(login: Login = {}): Promise<Tokens> {
  const answer = await exchange(await logIn(login), { redirect_uri: login.redirectUri ?? CALLBACK_URL });
  expect(answer.status).toBe(200);
  return tokensIn(answer);
}

function userinfo(accessToken: string): Promise<Answer> {
  return browser.send(`${emulator.origin}/api/v1/oauth2/userinfo`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
}

async function keySet(): Promise<JSONWebKeySet> {
  return (await browser.send(`${emulator.origin}/api/v1/oauth2/jwks`)).json as unknown as JSONWebKeySet;
}

async function verify(jwt: string, audience?: string) {
  return jwtVerify(jwt, createLocalJWKSet(await keySet()), { issuer: emulator.issuer, audience });
}

function sdkConfiguration(clientId = emulator.clientId): Promise<Answer> {
  return browser.send(`${emulator.origin}/api/v1/clients/${clientId}/sdk-configuration`);
}

describe('the emulator itself', () => {
  it('refuses to start in production', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    try {
      await expect(startWristbandEmulator()).rejects.toThrow('NODE_ENV=production');
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('listens on loopback only', async () => {
    const port = Number(new URL(emulator.origin).port);
    const others = Object.values(networkInterfaces())
      .flat()
      .filter((address) => address && !address.internal && address.family === 'IPv4');
    for (const address of others) {
      await expect(tryToConnect(address?.address ?? '', port)).rejects.toThrow('ECONNREFUSED');
    }
    await expect(tryToConnect('127.0.0.1', port)).resolves.toBeUndefined();
    // Any other address of the machine's own: a server on 0.0.0.0 would accept this one.
    await expect(tryToConnect('127.0.0.2', port)).rejects.toThrow('ECONNREFUSED');
  });

  it('prints nothing', async () => {
    const printed = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'info'), vi.spyOn(console, 'error')];
    const stderr = vi.spyOn(process.stderr, 'write');
    const { refresh_token: token } = await obtainTokens();
    await refresh(token);
    await refresh(token);
    await sendRevocation(token);
    await keySet();
    await browser.send(`${emulator.origin}/.well-known/openid-configuration`);
    await exchange(new URL(`${CALLBACK_URL}?code=wrong`));
    await browser.send(authorizeUrl({ redirectUri: 'http://evil.example/' }));
    for (const spy of [...printed, stderr]) expect(spy).not.toHaveBeenCalled();
  });

  it('names the problem when a port is taken', async () => {
    const port = Number(new URL(emulator.origin).port);
    await expect(startWristbandEmulator({ port })).rejects.toThrow('EADDRINUSE');
  });

  it('refuses users of unknown tenants', async () => {
    const users = [{ email: 'a@b.example', password: 'x', tenant: 'nowhere' }];
    await expect(startWristbandEmulator({ users })).rejects.toThrow('unknown tenant [nowhere]');
  });

  it('answers unknown hosts with a readable 404', async () => {
    const { port } = new URL(emulator.origin);
    const answer = await browser.send(`http://nobody.localhost:${port}/api/v1/oauth2/authorize`);
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.text).toContain('nobody.localhost');
  });

  it('keeps the server endpoints on the vanity host', async () => {
    const onTenant = await browser.send(`${tenantOrigin()}/api/v1/oauth2/jwks`);
    expect(onTenant.status).toBe(404);
    expect((await keySet()).keys).toHaveLength(1);
  });

  it('publishes only the public half of its keys', async () => {
    const [key] = (await keySet()).keys;
    expect(Object.keys(key ?? {}).toSorted()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect(key).toMatchObject({ kty: 'RSA', alg: 'RS256', use: 'sig' });
  });

  it('logs calls with all they carried', async () => {
    await obtainTokens({ extra: { idp_hint: 'google' } });
    const [authorize] = emulator.callsTo('authorize');
    expect(authorize).toMatchObject({ method: 'GET', status: 303, path: '/api/v1/oauth2/authorize' });
    expect(authorize?.query).toMatchObject({ idp_hint: 'google', state: 'st&te', nonce: 'the-nonce' });
    const [token] = emulator.callsTo('token');
    expect(token).toMatchObject({ method: 'POST', host: emulator.vanityDomain, status: 200 });
    expect(token?.form).toMatchObject({ code_verifier: verifier, redirect_uri: CALLBACK_URL });
    expect(token?.headers.authorization).toBe(basic().authorization);
    const [login] = emulator.callsTo('login');
    expect(login).toMatchObject({ method: 'POST', host: `acme.${emulator.vanityDomain}`, status: 303 });
    expect(login?.form).toEqual({ email: 'ada@example.com', password: 'password' });
    emulator.clearCalls();
    expect(emulator.calls).toEqual([]);
  });

  it('closes with a hanging request open, and leaves the port free', async () => {
    emulator.fail('jwks', { kind: 'hang' });
    const hanging = keySet();
    const outcome = expect(hanging).rejects.toThrow();
    await vi.waitFor(() => expect(emulator.callsTo('jwks')).toHaveLength(1), 20_000);
    await emulator.close();
    await outcome;
    const port = Number(new URL(emulator.origin).port);
    await using again = await startWristbandEmulator({ port });
    expect(again.vanityDomain).toBe(emulator.vanityDomain);
  });
});

function tryToConnect(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  });
}

describe('authorization code flow', () => {
  it('signs in, shows who signed in and keeps state and tenant', async () => {
    const start = await browser.send(authorizeUrl({ extra: { login_hint: 'ada@example.com' } }));
    expect(start.status).toBe(303);
    const page = await browser.send(start.location);
    expect(page.status).toBe(200);
    expect(page.text).toMatch(/<title>[^<]*Acme Corporation[^<]*<\/title>/);
    expect(page.text).toContain('value="ada@example.com"');
    const callback = await logIn();
    expect(callback.origin + callback.pathname).toBe(CALLBACK_URL);
    expect([...callback.searchParams.keys()].toSorted()).toEqual(['code', 'state', 'tenant_name']);
    expect(callback.searchParams.get('state')).toBe('st&te');
    expect(callback.searchParams.get('tenant_name')).toBe('acme');
  });

  it('issues an ID token that verifies', async () => {
    const { id_token: idToken } = await obtainTokens();
    const { payload, protectedHeader } = await verify(idToken, emulator.clientId);
    expect(protectedHeader.alg).toBe('RS256');
    expect(payload).toMatchObject({ nonce: 'the-nonce', tnt_id: 'tenant-acme', aud: emulator.clientId });
    expect(payload.sub).toBe(emulator.users[0]?.id);
  });

  it('issues access tokens of the shape Wristband uses', async () => {
    const tokens = await obtainTokens({ scope: 'openid offline_access email' });
    const { payload, protectedHeader } = await verify(tokens.access_token);
    const [key] = (await keySet()).keys;
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'at+JWT', kid: key?.kid });
    expect(payload).toEqual({
      iss: emulator.issuer,
      sub: emulator.users[0]?.id,
      sub_kind: 'user',
      tnt_id: 'tenant-acme',
      app_id: expect.any(String),
      idp_name: expect.any(String),
      client_id: emulator.clientId,
      scope: 'openid offline_access email',
      van_dom: emulator.vanityDomain,
      amr: ['pwd'],
      auth_time: expect.any(Number),
      iat: expect.any(Number),
      exp: expect.any(Number),
      jti: expect.any(String),
      custom_claims: { plan: 'gold' },
    });
    expect(tokens.expires_in).toBe(1800);
    expect(Number(payload.exp) - Number(payload.iat)).toBe(1800);
    expect(tokens).toMatchObject({ token_type: 'Bearer', scope: 'openid offline_access email' });
  });

  it('gives no refresh token without offline_access', async () => {
    expect(await obtainTokens({ scope: 'openid email' })).not.toHaveProperty('refresh_token');
    expect(await obtainTokens({ tenant: 'globex' })).toHaveProperty('refresh_token', expect.any(String));
  });

  it('refuses a wrong password, an unknown user and a user of another tenant', async () => {
    const { location } = await browser.send(authorizeUrl());
    for (const form of [
      { email: 'ada@example.com', password: 'wrong' },
      { email: 'nobody@example.com', password: 'password' },
      { email: 'linus@globex.example', password: 'password' },
    ]) {
      const answer = await browser.send(location, { form });
      expect(answer.status).toBe(422);
      expect(answer.text).toContain('role="alert"');
      expect(answer.text).toContain(`value="${form.email}"`);
    }
    const right = await browser.send(location, { form: { email: 'ada@example.com', password: 'password' } });
    expect(right.status).toBe(303);
  });

  it('escapes what people type', async () => {
    const { location } = await browser.send(
      authorizeUrl({ extra: { login_hint: '"><script>alert(1)</script>' } }),
    );
    expect((await browser.send(location)).text).not.toContain('<script');
  });

  it('reports a cancelled login to the callback', async () => {
    const { location } = await browser.send(authorizeUrl());
    const cancelled = await browser.send(location, { form: { action: 'cancel', email: '', password: '' } });
    const { location: callback } = await browser.send(cancelled.location);
    expect(Object.fromEntries(callback.searchParams)).toEqual({
      error: 'access_denied',
      error_description: expect.any(String),
      state: 'st&te',
      tenant_name: 'acme',
    });
  });

  it('reports login_required for prompt=none, and signs in silently once there is a session', async () => {
    const first = await browser.send(authorizeUrl({ extra: { prompt: 'none' } }));
    expect(first.location.searchParams.get('error')).toBe('login_required');
    expect(first.location.searchParams.get('state')).toBe('st&te');
    await logIn();
    const second = await browser.send(authorizeUrl({ extra: { prompt: 'none' } }));
    const answer = await exchange(second.location);
    expect(answer.json).toHaveProperty('refresh_token');
  });

  it('keeps a session per tenant host', async () => {
    await logIn();
    const again = await browser.send(authorizeUrl());
    expect(again.location.searchParams.has('code')).toBe(true);
    const elsewhere = await browser.send(authorizeUrl({ tenant: 'globex' }));
    expect(elsewhere.location.pathname).toMatch(/^\/login\//);
  });

  it('keeps several logins on one host apart', async () => {
    const first = await browser.send(authorizeUrl({ extra: { state: 'first' } }));
    const second = await browser.send(authorizeUrl({ extra: { state: 'second' } }));
    const form = { email: 'ada@example.com', password: 'password' };
    const submitted = await browser.send(first.location, { form });
    expect((await browser.send(submitted.location)).location.searchParams.get('state')).toBe('first');
    expect((await browser.send(second.location)).status).toBe(200);
  });

  it('requires PKCE with S256', async () => {
    for (const extra of [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge: verifier, code_challenge_method: 'plain' },
    ]) {
      const { location } = await browser.send(authorizeUrl({ extra }));
      expect(location.searchParams.get('error')).toBe('invalid_request');
      expect(location.searchParams.has('code')).toBe(false);
    }
  });

  it('refuses a wrong verifier, a changed redirect URI and a spent code', async () => {
    const wrongVerifier = await exchange(await logIn(), { code_verifier: 'x'.repeat(43) });
    expect([wrongVerifier.status, wrongVerifier.json.error]).toEqual([400, 'invalid_grant']);
    const again = (await browser.send(authorizeUrl())).location;
    const wrongUri = await exchange(again, { redirect_uri: `${CALLBACK_URL}/` });
    expect([wrongUri.status, wrongUri.json.error]).toEqual([400, 'invalid_grant']);
    expect((await exchange(again)).status).toBe(200);
    const spent = await exchange(again);
    expect([spent.status, spent.json.error]).toEqual([400, 'invalid_grant']);
  });

  it('authenticates the client by Basic only', async () => {
    const callback = await logIn();
    const form = {
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code') ?? '',
      redirect_uri: CALLBACK_URL,
      code_verifier: verifier,
    };
    const wrong = await postToken(form, basic('wrong'));
    expect([wrong.status, wrong.json.error]).toEqual([401, 'invalid_client']);
    const inBody = { ...form, client_id: emulator.clientId, client_secret: emulator.clientSecret };
    expect((await postToken(inBody, {})).json).toHaveProperty('error');
    expect((await postToken(form)).status).toBe(200);
  });

  it('shows a page, and redirects nowhere, for an unregistered redirect URI', async () => {
    const answer = await browser.send(authorizeUrl({ redirectUri: 'http://evil.example/callback' }));
    expect(answer.status).toBe(400);
    expect(answer.headers.location).toBeUndefined();
    expect(answer.text).toContain('invalid_redirect_uri');
  });

  it('answers response_mode=query only', async () => {
    const answer = await browser.send(authorizeUrl({ extra: { response_mode: 'form_post' } }));
    expect(answer.text).not.toContain('name="code"');
    expect(answer.status).toBe(400);
  });

  it('resolves placeholder redirect URIs, and compares the literal ones', async () => {
    for (const placeholder of ['{tenant_name}', '{tenant_domain}']) {
      const redirectUri = `http://${placeholder}.app.localhost:3999/callback?x=1`;
      emulator.setApplication({ redirectUris: [redirectUri], rootDomain: 'app.localhost' });
      browser = new Browser();
      const callback = await logIn({ redirectUri });
      expect(callback.host).toBe('acme.app.localhost:3999');
      expect([...callback.searchParams.keys()].toSorted()).toEqual(['code', 'state', 'x']);
      const resolved = await exchange(callback, {
        redirect_uri: 'http://acme.app.localhost:3999/callback?x=1',
      });
      expect(resolved.json.error).toBe('invalid_grant');
      expect((await exchange(callback, { redirect_uri: redirectUri })).status).toBe(200);
    }
  });

  it('takes a tenant through its custom domain, and says so to the callback', async () => {
    const globex = emulator.tenants[1];
    expect(globex?.customDomain).toBe(`login.globex.localhost:${new URL(emulator.origin).port}`);
    const url = authorizeUrl();
    url.host = globex?.customDomain ?? '';
    const { location } = await browser.send(url);
    const form = { email: 'linus@globex.example', password: 'password' };
    const submitted = await browser.send(location, { form });
    const callback = (await browser.send(submitted.location)).location;
    expect(callback.searchParams.get('tenant_custom_domain')).toBe(globex?.customDomain);
    expect(callback.searchParams.get('tenant_name')).toBe('globex');
  });

  it('understands both shapes of tenant hosts', async () => {
    const url = authorizeUrl();
    url.host = `acme-${emulator.vanityDomain}`;
    expect((await browser.send(url)).location.host).toBe(`acme-${emulator.vanityDomain}`);
  });

  it('lets somebody else log in where a session is open', async () => {
    await logIn();
    const { location } = await browser.send(authorizeUrl({ extra: { prompt: 'login' } }));
    const form = { email: 'grace@acme.example', password: 'password' };
    const submitted = await browser.send(location, { form });
    const confirm = await browser.send(submitted.location);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(confirm.text)?.[1] ?? '';
    const ended = await browser.send(new URL('/session/end/confirm', location), {
      form: { xsrf, logout: 'yes' },
    });
    const { location: callback } = await browser.send(ended.location);
    const { id_token: idToken } = tokensIn(await exchange(callback));
    expect(decodeJwt(idToken).sub).toContain('grace');
  });
});

describe('user info', () => {
  it.each([
    ['openid', []],
    ['openid email', ['email', 'email_verified']],
    ['openid phone', ['phone_number', 'phone_number_verified']],
    ['openid roles', ['roles']],
  ])('shows for the scope [%s] no more than it opens', async (scope, claims) => {
    const { access_token: accessToken } = await obtainTokens({ scope });
    const answer = await userinfo(accessToken);
    expect(answer.headers['content-type']).toContain('application/json');
    expect(Object.keys(answer.json).toSorted()).toEqual(
      ['sub', 'tnt_id', 'app_id', 'idp_name', 'custom_claims', ...claims].toSorted(),
    );
  });

  it('shows profile and roles, with null for what is not known', async () => {
    const { access_token: accessToken } = await obtainTokens();
    expect((await userinfo(accessToken)).json).toMatchObject({
      name: 'Ada Lovelace',
      given_name: 'Ada',
      family_name: 'Lovelace',
      birthdate: null,
      email: 'ada@example.com',
      phone_number: '+15550100',
      roles: [{ id: 'role-admin', name: 'app:emulator:admin', display_name: 'Admin' }],
      custom_claims: { plan: 'gold' },
    });
  });

  it('refuses no token, a foreign token, an ID token and the bare token id', async () => {
    const { access_token: accessToken, id_token: idToken } = await obtainTokens();
    expect((await userinfo(accessToken)).status).toBe(200);
    const none = await browser.send(`${emulator.origin}/api/v1/oauth2/userinfo`);
    expect([400, 401]).toContain(none.status);
    const [header, payload] = accessToken.split('.');
    const forged = `${header}.${payload}.${randomBytes(256).toString('base64url')}`;
    for (const token of [forged, idToken, String(decodeJwt(accessToken).jti), 'rubbish']) {
      expect((await userinfo(token)).status).toBe(401);
    }
  });

  it('refuses an expired access token', async () => {
    await emulator.close();
    emulator = await startWristbandEmulator({
      accessTokenTtl: 1,
      application: { redirectUris: [CALLBACK_URL] },
    });
    const tokens = await obtainTokens();
    expect(tokens.expires_in).toBe(1);
    expect((await userinfo(tokens.access_token)).status).toBe(200);
    await vi.waitFor(async () => expect((await userinfo(tokens.access_token)).status).toBe(401), 5000);
    expect((await refresh(tokens.refresh_token)).status).toBe(200);
  });
});

describe('refresh and revocation', () => {
  it('gives refresh and ID tokens the lifetimes asked for', async () => {
    await emulator.close();
    emulator = await startWristbandEmulator({
      idTokenTtl: 77,
      refreshTokenTtl: 1,
      application: { redirectUris: [CALLBACK_URL] },
    });
    const { id_token: idToken, refresh_token: refreshToken } = await obtainTokens();
    const { iat = 0, exp = 0 } = decodeJwt(idToken);
    expect(exp - iat).toBe(77);
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan((iat + 2) * 1000), 5000);
    expect((await refresh(refreshToken)).json.error).toBe('invalid_grant');
  });

  it('rotates, and answers with a fresh ID token', async () => {
    const first = await obtainTokens();
    const answer = await refresh(first.refresh_token);
    const second = tokensIn(answer);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(second.access_token).not.toBe(first.access_token);
    expect(second.expires_in).toBe(1800);
    expect((await verify(second.id_token, emulator.clientId)).payload.nonce).toBe('the-nonce');
    const { auth_time: before } = decodeJwt(first.access_token);
    expect((await verify(second.access_token)).payload.auth_time).toBe(before);
    expect((await refresh(second.refresh_token)).status).toBe(200);
  });

  it('kills the family when a spent token comes back', async () => {
    const first = await obtainTokens();
    const second = tokensIn(await refresh(first.refresh_token));
    expect((await userinfo(second.access_token)).status).toBe(200);
    const reused = await refresh(first.refresh_token);
    expect([reused.status, reused.json.error]).toEqual([400, 'invalid_grant']);
    expect((await refresh(second.refresh_token)).json.error).toBe('invalid_grant');
    expect((await userinfo(second.access_token)).status).toBe(401);
  });

  it('accepts a token once, however many ask at the same time', async () => {
    const { refresh_token: refreshToken } = await obtainTokens();
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(refreshToken)));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 400)).toHaveLength(9);
  });

  it('revokes a login with its access tokens, and leaves other logins alone', async () => {
    const other = await obtainTokens();
    const tokens = tokensIn(await exchange((await browser.send(authorizeUrl())).location));
    expect((await sendRevocation(tokens.refresh_token, basic('wrong'))).status).toBe(401);
    expect((await userinfo(tokens.access_token)).status).toBe(200);
    expect(await sendRevocation(tokens.refresh_token)).toMatchObject({ status: 200, text: '' });
    expect((await refresh(tokens.refresh_token)).json.error).toBe('invalid_grant');
    expect((await userinfo(tokens.access_token)).status).toBe(401);
    expect((await userinfo(other.access_token)).status).toBe(200);
    expect((await sendRevocation(other.access_token)).status).toBe(200);
    expect((await userinfo(other.access_token)).status).toBe(401);
    expect((await refresh(other.refresh_token)).json.error).toBe('invalid_grant');
  });

  it('revokes everything for an administrator', async () => {
    const tokens = await obtainTokens();
    emulator.revokeAllGrants();
    expect((await refresh(tokens.refresh_token)).json.error).toBe('invalid_grant');
    expect((await userinfo(tokens.access_token)).status).toBe(401);
    expect((await browser.send(authorizeUrl())).location.searchParams.has('code')).toBe(true);
  });
});

describe('keys', () => {
  it('rotates and keeps the old key by default', async () => {
    const before = await obtainTokens();
    await emulator.rotateKeys();
    const after = tokensIn(await refresh(before.refresh_token));
    expect(decodeProtectedHeader(after.access_token).kid).not.toBe(
      decodeProtectedHeader(before.access_token).kid,
    );
    expect(decodeProtectedHeader(after.id_token).kid).toBe(decodeProtectedHeader(after.access_token).kid);
    for (const token of [before.access_token, before.id_token, after.access_token, after.id_token]) {
      await expect(verify(token)).resolves.toBeTruthy();
    }
    expect((await userinfo(before.access_token)).status).toBe(200);
  });

  it('drops the old key when told to', async () => {
    const before = await obtainTokens();
    await emulator.rotateKeys({ keepOld: false });
    await expect(verify(before.access_token)).rejects.toThrow('no applicable key');
    const after = tokensIn(await refresh(before.refresh_token));
    await expect(verify(after.access_token)).resolves.toBeTruthy();
  });

  it('keeps logins that are under way when it rotates', async () => {
    const { location } = await browser.send(authorizeUrl());
    await emulator.rotateKeys({ keepOld: false });
    const form = { email: 'ada@example.com', password: 'password' };
    const submitted = await browser.send(location, { form });
    const { location: callback } = await browser.send(submitted.location);
    expect((await exchange(callback)).status).toBe(200);
  });
});

function page(query: Record<string, string>): string {
  return `${emulator.origin}/login?${new URLSearchParams(query).toString()}`;
}

describe('application login page', () => {
  it('finds the tenant of a person and echoes the state untouched', async () => {
    const url = page({ client_id: emulator.clientId, state: 'https://app/x?a=1&b=%20#ü' });
    expect((await browser.send(url)).text).toContain('<label>');
    const { status, location } = await browser.send(url, { form: { email: 'Grace@acme.example' } });
    expect(status).toBe(302);
    expect(location.origin + location.pathname).toBe(LOGIN_URL);
    expect(Object.fromEntries(location.searchParams)).toEqual({
      tenant_name: 'acme',
      login_hint: 'Grace@acme.example',
      state: 'https://app/x?a=1&b=%20#ü',
    });
  });

  it('lets people with several tenants choose', async () => {
    const url = page({ client_id: emulator.clientId, state: 's' });
    const { status, text } = await browser.send(url, { form: { email: 'ada@example.com' } });
    expect(status).toBe(200);
    const links = [...text.matchAll(/<a [^>]*href="([^"]+)"/g)].map(
      ([, href]) => new URL(unescapeHtml(href ?? '')),
    );
    expect(links.map((link) => link.searchParams.get('tenant_name'))).toEqual(['acme', 'globex']);
    expect(links[1]?.searchParams.get('tenant_custom_domain')).toBe(emulator.tenants[1]?.customDomain);
    expect(links.map((link) => link.searchParams.get('state'))).toEqual(['s', 's']);
  });

  it('takes a tenant name, and login URLs with a query or a placeholder', async () => {
    emulator.setApplication({ loginUrl: 'http://{tenant_domain}.app.localhost:3999/login?via=sso' });
    const url = page({ client_id: emulator.clientId });
    const { location } = await browser.send(url, { form: { email: 'ACME' } });
    expect(location.href).toBe('http://acme.app.localhost:3999/login?via=sso');
  });

  it('explains an unknown address and an unknown client', async () => {
    const unknown = await browser.send(page({ client_id: emulator.clientId }), {
      form: { email: '<who@x.example>' },
    });
    expect(unknown.status).toBe(422);
    expect(unknown.text).toContain('No account');
    expect(unknown.text).not.toContain('<who@');
    expect((await browser.send(page({ client_id: 'other' }))).status).toBe(400);
  });

  it('asks for the tenant of an authorize request that names none', async () => {
    const url = authorizeUrl();
    url.host = emulator.vanityDomain;
    const { location } = await browser.send(url);
    expect(location.pathname).toBe('/login');
    const chosen = await browser.send(location, { form: { email: 'grace@acme.example' } });
    expect(chosen.location.host).toBe(`acme.${emulator.vanityDomain}`);
    const start = await browser.send(chosen.location);
    const form = { email: 'grace@acme.example', password: 'password' };
    const submitted = await browser.send(start.location, { form });
    const callback = (await browser.send(submitted.location)).location;
    expect(callback.searchParams.get('state')).toBe('st&te');
    expect((await exchange(callback)).status).toBe(200);
  });

  it('sends people who open a tenant login page by hand to the application', async () => {
    const { location } = await browser.send(`${tenantOrigin()}/login`);
    expect(location.href).toBe(`${LOGIN_URL}?tenant_name=acme`);
    const stale = await browser.send(`${tenantOrigin()}/login/unknown`);
    expect(stale.status).toBe(400);
  });
});

function unescapeHtml(text: string): string {
  return text.replaceAll(/&#(\d+);/g, (_match, code: string) => String.fromCharCode(Number(code)));
}

function logout(query: Record<string, string>, tenant?: string): Promise<Answer> {
  return browser.send(`${tenantOrigin(tenant)}/api/v1/logout?${new URLSearchParams(query).toString()}`);
}

describe('logout', () => {
  it('ends the session of the host and goes to the Login Endpoint with the state', async () => {
    await logIn();
    const { status, location } = await logout({ client_id: emulator.clientId, state: 'a&b#c' });
    expect(status).toBe(302);
    expect(location.origin + location.pathname).toBe(LOGIN_URL);
    expect(Object.fromEntries(location.searchParams)).toEqual({ tenant_name: 'acme', state: 'a&b#c' });
    expect((await browser.send(authorizeUrl())).location.pathname).toMatch(/^\/login\//);
  });

  it('ends the session on the server, not only in the browser', async () => {
    await logIn();
    const copied = (await browser.send(authorizeUrl())).headers['set-cookie'] ?? [];
    const cookie = copied.map((line) => line.split(';')[0]).join('; ');
    const replay = () => new Browser().send(authorizeUrl(), { headers: { cookie } });
    expect((await replay()).location.searchParams.has('code')).toBe(true);
    await logout({ client_id: emulator.clientId });
    expect((await replay()).location.searchParams.has('code')).toBe(false);
  });

  it('goes to the redirect_url', async () => {
    const redirectUrl = 'http://localhost:3999/bye?x=1&y=2';
    const { location } = await logout(
      { client_id: emulator.clientId, redirect_url: redirectUrl, state: 's' },
      'globex',
    );
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      x: '1',
      y: '2',
      state: 's',
      tenant_name: 'globex',
    });
  });

  it('refuses what Wristband refuses, and leaves the session alone then', async () => {
    await logIn();
    emulator.setApplication({ logoutRedirectUrls: ['http://localhost:3999/bye'] });
    const good = { client_id: emulator.clientId };
    for (const query of [
      {},
      { client_id: 'other' },
      { ...good, state: 'x'.repeat(513) },
      { ...good, redirect_url: 'javascript:alert(1)' },
      { ...good, redirect_url: 'not a url' },
      { ...good, redirect_url: 'http://evil.example/' },
    ] as Record<string, string>[]) {
      const answer = await logout(query);
      expect(answer.status).toBe(400);
      expect(answer.headers.location).toBeUndefined();
    }
    expect((await browser.send(authorizeUrl())).location.searchParams.has('code')).toBe(true);
    const longest = { ...good, state: 'x'.repeat(512), redirect_url: 'http://localhost:3999/bye' };
    expect((await logout(longest)).status).toBe(302);
  });
});

describe('SDK configuration and custom domains', () => {
  it('describes the application', async () => {
    expect((await sdkConfiguration()).json).toEqual({
      loginUrl: LOGIN_URL,
      redirectUri: CALLBACK_URL,
      customApplicationLoginPageUrl: null,
      isApplicationCustomDomainActive: true,
      loginUrlTenantDomainSuffix: null,
    });
    emulator.setApplication({
      redirectUris: [CALLBACK_URL, `${CALLBACK_URL}2`],
      rootDomain: 'app.localhost',
      customApplicationLoginPageUrl: 'http://localhost:3999/discover',
      isApplicationCustomDomainActive: false,
    });
    expect((await sdkConfiguration()).json).toEqual({
      loginUrl: LOGIN_URL,
      redirectUri: null,
      customApplicationLoginPageUrl: 'http://localhost:3999/discover',
      isApplicationCustomDomainActive: false,
      loginUrlTenantDomainSuffix: 'app.localhost',
    });
  });

  it('can be patched and reset, and knows one client', async () => {
    emulator.setSdkConfiguration({ loginUrl: null, extra: 1 });
    expect((await sdkConfiguration()).json).toMatchObject({
      loginUrl: null,
      extra: 1,
      redirectUri: CALLBACK_URL,
    });
    emulator.setSdkConfiguration();
    expect((await sdkConfiguration()).json).toMatchObject({ loginUrl: LOGIN_URL });
    expect((await sdkConfiguration('other')).status).toBe(404);
  });

  it('uses dashes in tenant hosts unless the vanity host is plain localhost', async () => {
    await using other = await startWristbandEmulator({ vanityHost: 'auth.localhost' });
    expect(other.issuer).toBe(`http://${other.vanityDomain}`);
    const answer = await browser.send(`${other.origin}/api/v1/clients/${other.clientId}/sdk-configuration`);
    expect(answer.json.isApplicationCustomDomainActive).toBe(false);
  });

  it('validates custom domains', async () => {
    const validate = async (tenantCustomDomain: unknown) =>
      (
        await browser.send(`${emulator.origin}/api/v1/custom-domains/validate`, {
          json: { tenantCustomDomain },
        })
      ).json;
    const { port } = new URL(emulator.origin);
    expect(await validate('login.globex.localhost')).toEqual({ valid: true });
    expect(await validate(`login.globex.localhost:${port}`)).toEqual({ valid: true });
    for (const bad of ['login.globex.localhost:1', 'evil.example', 'globex.localhost', '', null]) {
      expect(await validate(bad)).toEqual({ valid: false });
    }
  });
});

describe('faults', () => {
  it('answers a status with headers and body as often as told', async () => {
    emulator.fail('jwks', {
      kind: 'status',
      status: 503,
      times: 2,
      headers: { 'retry-after': '7' },
      body: { a: 1 },
    });
    for (let i = 0; i < 2; i += 1) {
      const answer = await browser.send(`${emulator.origin}/api/v1/oauth2/jwks`);
      expect([answer.status, answer.headers['retry-after'], answer.json]).toEqual([503, '7', { a: 1 }]);
    }
    expect((await keySet()).keys).toHaveLength(1);
    expect(emulator.callsTo('jwks').map((call) => call.status)).toEqual([503, 503, 200]);
  });

  it('lasts until healed, and leaves other endpoints alone', async () => {
    emulator.fail('jwks', { kind: 'status', status: 500 });
    emulator.fail('sdkConfiguration', { kind: 'status', status: 500 });
    emulator.heal('jwks');
    expect((await keySet()).keys).toHaveLength(1);
    expect((await sdkConfiguration()).status).toBe(500);
    emulator.heal();
    expect((await sdkConfiguration()).status).toBe(200);
  });

  it('picks requests by what they carry', async () => {
    const { refresh_token: refreshToken } = await obtainTokens();
    emulator.fail('token', {
      kind: 'status',
      status: 500,
      when: (call) => call.form.grant_type === 'refresh_token',
    });
    expect((await refresh(refreshToken)).status).toBe(500);
    expect((await exchange((await browser.send(authorizeUrl())).location)).status).toBe(200);
  });

  it('resets before the work, drops after it', async () => {
    const { refresh_token: refreshToken } = await obtainTokens();
    emulator.fail('token', { kind: 'reset', times: 1 });
    await expect(refresh(refreshToken)).rejects.toThrow(/socket hang up|ECONNRESET/);
    const next = tokensIn(await refresh(refreshToken));
    expect(next).toHaveProperty('refresh_token');
    emulator.fail('token', { kind: 'drop', times: 1 });
    await expect(refresh(next.refresh_token)).rejects.toThrow(/socket hang up|ECONNRESET/);
    expect(emulator.callsTo('token').at(-1)?.status).toBe(200);
    expect((await refresh(next.refresh_token)).json.error).toBe('invalid_grant');
  });

  it('drops its own answers too', async () => {
    emulator.fail('sdkConfiguration', { kind: 'drop', times: 1 });
    await expect(sdkConfiguration()).rejects.toThrow(/socket hang up|ECONNRESET/);
    expect((await sdkConfiguration()).status).toBe(200);
  });

  it('hangs without an answer', async () => {
    emulator.fail('jwks', { kind: 'hang' });
    const outcome = Promise.race([
      keySet().then(
        () => 'answered',
        () => 'failed',
      ),
      new Promise((resolve) => setTimeout(resolve, 200, 'hanging')),
    ]);
    expect(await outcome).toBe('hanging');
    expect(emulator.callsTo('jwks')[0]).toMatchObject({ method: 'GET' });
    expect(emulator.callsTo('jwks')[0]?.status).toBeUndefined();
  });

  it('stalls in the middle of an answer', async () => {
    emulator.fail('jwks', { kind: 'stall' });
    const controller = new AbortController();
    const response = await fetch(`${emulator.origin}/api/v1/oauth2/jwks`, { signal: controller.signal });
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    expect((await reader?.read())?.value?.length).toBeGreaterThan(0);
    const rest = reader?.read().then(
      () => 'more',
      () => 'ended',
    );
    expect(await Promise.race([rest, new Promise((resolve) => setTimeout(resolve, 200, 'stalled'))])).toBe(
      'stalled',
    );
    controller.abort();
  });

  it('answers garbage and nothing', async () => {
    emulator.fail('jwks', { kind: 'garbage', times: 1 });
    emulator.fail('jwks', { kind: 'empty', times: 1 });
    const garbage = await browser.send(`${emulator.origin}/api/v1/oauth2/jwks`);
    expect(garbage.status).toBe(200);
    expect(() => garbage.json).toThrow(SyntaxError);
    expect(garbage.text).not.toBe('');
    expect(await browser.send(`${emulator.origin}/api/v1/oauth2/jwks`)).toMatchObject({
      status: 200,
      text: '',
    });
  });

  it('answers late', async () => {
    emulator.fail('jwks', { kind: 'delay', ms: 300, times: 1 });
    const started = performance.now();
    expect((await keySet()).keys).toHaveLength(1);
    expect(performance.now() - started).toBeGreaterThan(290);
  });
});

describe('tampering', () => {
  it('forges the claims of ID tokens and access tokens, validly signed', async () => {
    emulator.tamper({
      idTokenClaims: (claims) => ({ ...claims, nonce: 'forged' }),
      accessTokenClaims: (claims) => ({ ...claims, client_id: 'forged' }),
    });
    const tokens = await obtainTokens();
    expect((await verify(tokens.id_token, emulator.clientId)).payload.nonce).toBe('forged');
    expect((await verify(tokens.access_token)).payload.client_id).toBe('forged');
    emulator.tamper();
    const honest = tokensIn(await refresh(tokens.refresh_token));
    expect((await verify(honest.id_token)).payload.nonce).toBe('the-nonce');
  });

  it('signs ID tokens with a foreign key', async () => {
    emulator.tamper({ idTokenKey: 'foreign' });
    const { id_token: idToken } = await obtainTokens();
    expect(decodeJwt(idToken).nonce).toBe('the-nonce');
    await expect(verify(idToken)).rejects.toThrow('signature verification failed');
  });

  it('forges user info, token answers, callback parameters and the SDK configuration', async () => {
    emulator.tamper({
      userinfo: (claims) => ({ ...claims, sub: 'somebody-else' }),
      tokenAnswer: ({ access_token: accessToken }) => ({ access_token: accessToken }),
      callbackParams: (params) => params.set('tenant_name', 'globex'),
      sdkConfiguration: () => [],
    });
    const callback = await logIn();
    expect(callback.searchParams.get('tenant_name')).toBe('globex');
    const answer = await exchange(callback);
    expect(Object.keys(answer.json)).toEqual(['access_token']);
    expect((await userinfo(String(answer.json.access_token))).json.sub).toBe('somebody-else');
    expect((await sdkConfiguration()).json).toEqual([]);
  });
});

describe('with TLS', () => {
  it('speaks https with the given certificate, with a https issuer', async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
      extensions: [
        { name: 'basicConstraints', cA: true },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: 'localhost' },
            { type: 2, value: 'acme.localhost' },
          ],
        },
      ],
    });
    await emulator.close();
    emulator = await startWristbandEmulator({
      tls: { key, cert },
      application: { redirectUris: [CALLBACK_URL] },
    });
    expect(emulator.issuer).toBe(`https://${emulator.vanityDomain}`);
    browser = new Browser(cert);
    const url = new URL(authorizeUrl());
    url.protocol = 'https:';
    const start = await browser.send(url);
    expect(start.location.protocol).toBe('https:');
    expect(start.headers['set-cookie']?.length).toBeGreaterThan(0);
    const form = { email: 'ada@example.com', password: 'password' };
    const submitted = await browser.send(start.location, { form });
    const { location } = await browser.send(submitted.location);
    const { id_token: idToken } = tokensIn(await exchange(location));
    expect((await verify(idToken, emulator.clientId)).payload.iss).toBe(emulator.issuer);
    await expect(new Browser().send(`${emulator.origin}/api/v1/oauth2/jwks`)).rejects.toThrow(/self.signed/);
  });
});
