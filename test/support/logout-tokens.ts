import { createHmac } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { EmulatorJson, WristbandEmulator } from '../../lib/testing/index.js';

/** What a hostile sender has at hand. */
export interface Loot {
  readonly emulator: WristbandEmulator;
  /** Of a session that is open: whoever believes a bad token about it would end it. */
  readonly sub: string;
  readonly sid: string;
  readonly idToken: string;
  readonly accessToken: string;
}

/** A bad logout token. */
type Forgery = readonly [title: string, forge: (loot: Loot) => string | Promise<string>];

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

export const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

const encode = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url');

/** A token that is good but for some claims. */
const claiming = (title: string, claims: EmulatorJson | (() => EmulatorJson)): Forgery => [
  title,
  ({ emulator, sub, sid }) =>
    emulator.signLogoutToken({ sub, sid, ...(typeof claims === 'function' ? claims() : claims) }),
];

/** A token that is good but for what is done to its text. */
const mangled = (title: string, mangle: (good: string, loot: Loot) => string): Forgery => [
  title,
  async (loot) => mangle(await loot.emulator.signLogoutToken({ sub: loot.sub, sid: loot.sid }), loot),
];

const unsigned = (alg: string) => (good: string) =>
  `${encode({ alg, typ: 'logout+jwt' })}.${encode(decodeJwt(good))}.`;

const signedWithSecret = (good: string, { emulator }: Loot) => {
  const { kid } = decodeProtectedHeader(good);
  const content = `${encode({ alg: 'HS256', typ: 'logout+jwt', kid })}.${encode(decodeJwt(good))}`;
  return `${content}.${createHmac('sha256', emulator.clientSecret).update(content).digest('base64url')}`;
};

const changedHeader = (patch: object) => (good: string) => {
  const [, payload, signature] = good.split('.');
  return `${encode({ ...decodeProtectedHeader(good), ...patch })}.${payload}.${signature}`;
};

const changedPayload = (good: string) => {
  const [header, , signature] = good.split('.');
  return `${header}.${encode({ ...decodeJwt(good), jti: 'another' })}.${signature}`;
};

export const LOGOUT_TOKEN_FORGERIES: readonly Forgery[] = [
  [
    'the signature of a foreign key',
    ({ emulator, sub, sid }) => emulator.signLogoutToken({ sub, sid }, { key: 'foreign' }),
  ],
  mangled('a broken signature', (good) => `${good.slice(0, -8)}AAAAAAAA`),
  mangled('a payload that was changed', changedPayload),
  mangled('the algorithm none', unsigned('none')),
  mangled('the algorithm nOnE', unsigned('nOnE')),
  mangled('an HMAC with the client secret', signedWithSecret),
  mangled('the ID of a key that nobody has', changedHeader({ kid: 'nobody' })),
  mangled('an extension that is not known', changedHeader({ crit: ['exp'], exp: 1 })),
  mangled('a fourth part', (good) => `${good}.AAAA`),
  ['no JWT', () => 'a token, or so'],
  ['20 kB', () => 'a'.repeat(20_000)],
  claiming('20 kB of claims', { note: 'a'.repeat(20_000) }),
  ['the ID token', ({ idToken }) => idToken],
  ['the access token', ({ accessToken }) => accessToken],
  [
    'the claims of the ID token, and an event',
    ({ emulator, idToken }) => emulator.signLogoutToken(decodeJwt(idToken)),
  ],
  [
    'the type of an access token',
    ({ emulator, sub, sid }) => emulator.signLogoutToken({ sub, sid }, { typ: 'at+jwt' }),
  ],
  [
    'a type of its own',
    ({ emulator, sub, sid }) => emulator.signLogoutToken({ sub, sid }, { typ: 'secevent+jwt' }),
  ],
  claiming('another issuer', { iss: 'https://evil.example' }),
  [
    'the issuer with a slash',
    ({ emulator, sub, sid }) => emulator.signLogoutToken({ sub, sid, iss: `${emulator.issuer}/` }),
  ],
  claiming('no issuer', { iss: undefined }),
  claiming('another audience', { aud: 'another-client' }),
  claiming('no audience', { aud: undefined }),
  [
    'several audiences',
    ({ emulator, sub, sid }) => emulator.signLogoutToken({ sub, sid, aud: [emulator.clientId, 'another'] }),
  ],
  claiming('another authorized party', { azp: 'another' }),
  claiming('a nonce', { nonce: 'n'.repeat(43) }),
  claiming('a nonce that is null', { nonce: null }),
  claiming('no events', { events: undefined }),
  claiming('another event', { events: { 'http://schemas.openid.net/event/other': {} } }),
  claiming('a list of events', { events: [EVENT] }),
  claiming('an event in words', { events: EVENT }),
  claiming('events that are null', { events: null }),
  claiming('an event that is true', { events: { [EVENT]: true } }),
  claiming('an event that is a list', { events: { [EVENT]: [] } }),
  claiming('an event that is null', { events: { [EVENT]: null } }),
  claiming('neither sub nor sid', { sub: undefined, sid: undefined }),
  claiming('an empty sid, and no sub', { sub: undefined, sid: '' }),
  claiming('a sid that is a number', { sid: 7 }),
  claiming('a sid that is null', { sid: null }),
  claiming('a sub that is a list', () => ({ sub: ['user-acme-grace-acme-example'], sid: undefined })),
  claiming('no ID', { jti: undefined }),
  claiming('an empty ID', { jti: '' }),
  claiming('an ID that is a number', { jti: 7 }),
  claiming('an expiry that has passed', () => ({ iat: inSeconds(-200), exp: inSeconds(-60) })),
  claiming('an expiry in words', { exp: 'never' }),
  claiming('an issue in the future', () => ({ iat: inSeconds(60), exp: inSeconds(180) })),
  claiming('an issue too long ago', () => ({ iat: inSeconds(-3600) })),
  claiming('no time of issue', { iat: undefined }),
  claiming('an issue in words', { iat: 'now' }),
  claiming('a beginning in the future', () => ({ nbf: inSeconds(300) })),
];

/** Good tokens that look unusual. */
export const UNUSUAL_LOGOUT_TOKENS: readonly Forgery[] = [
  ['no type', ({ emulator, sid }) => emulator.signLogoutToken({ sid }, { typ: '' })],
  ['the type JWT', ({ emulator, sid }) => emulator.signLogoutToken({ sid }, { typ: 'JWT' })],
  [
    'a long type',
    ({ emulator, sid }) => emulator.signLogoutToken({ sid }, { typ: 'application/logout+jwt' }),
  ],
  ['no expiry', ({ emulator, sid }) => emulator.signLogoutToken({ sid, exp: undefined })],
  [
    'a list of one audience',
    ({ emulator, sid }) => emulator.signLogoutToken({ sid, aud: [emulator.clientId] }),
  ],
  ['a clock that is ahead', ({ emulator, sid }) => emulator.signLogoutToken({ sid, iat: inSeconds(20) })],
  [
    'an event with details',
    ({ emulator, sid }) => emulator.signLogoutToken({ sid, events: { [EVENT]: { a: 1 }, other: 1 } }),
  ],
  [
    'the sub of somebody else beside the sid',
    ({ emulator, sid }) => emulator.signLogoutToken({ sid, sub: 'other' }),
  ],
];
