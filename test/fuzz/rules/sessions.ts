import fc from 'fast-check';
import { splitCompact } from '../../../lib/crypto/compact-jwe.js';
import { KeyedHash } from '../../../lib/crypto/keyed-hash.js';
import { Sealer } from '../../../lib/crypto/sealer.js';
import type { SealPurpose } from '../../../lib/crypto/sealing-key.js';
import { WristbandException } from '../../../lib/index.js';
import { familyNames, joinedValues, splitValue } from '../../../lib/session/cookies/cookie-family.js';
import { SealedSessionIds } from '../../../lib/session/cookies/sealed-session-ids.js';
import { SealedSessions } from '../../../lib/session/cookies/sealed-sessions.js';
import {
  expiredCookies,
  largestFields,
  sessionCookies,
} from '../../../lib/session/cookies/session-cookies.js';
import { EndedSessions } from '../../../lib/session/ended-sessions.js';
import { jsonProblem } from '../../../lib/json/json-problem.js';
import { cookieDecision } from '../../../lib/session/keepers/cookie-writer.js';
import { copyFields, isUntouched, receivedFrom } from '../../../lib/session/received-session.js';
import { changesBetween, withChanges } from '../../../lib/session/session-changes.js';
import { remainingLifetime } from '../../../lib/session/session-lifetime.js';
import { snapshotOf } from '../../../lib/session/session-snapshot.js';
import { isReserved, WristbandSession } from '../../../lib/session/session.js';
import { sessionOptions, writingTools } from '../../support/open-session.js';
import { SESSION_HOOKS } from '../../support/session-hooks.js';
import { rule } from '../cases.js';
import { base64url, damaged, distorted, hostileText, json, jsonText } from '../texts.js';

const SECRETS = ['a-new-secret-of-32-characters-or-more', 'an-old-secret-of-32-characters-or-more'];
const options = sessionOptions({
  secrets: SECRETS,
  maxCookies: 3,
  absoluteMaxAge: 86_400,
  enableCsrfProtection: true,
});
const sealer = new Sealer('session', SECRETS);
const sessions = new SealedSessions(options);
const ended = new EndedSessions(options);
const ids = new SealedSessionIds(SECRETS);
const idSealer = new Sealer('session-id', SECRETS);
const hashes = SECRETS.map((secret) => new KeyedHash('x', [secret]));
const allHashes = new KeyedHash('x', SECRETS);
const tools = writingTools({ secrets: SECRETS, maxCookies: 3, enableCsrfProtection: true });

const now = Date.now() / 1000;
const FIELDS = {
  isAuthenticated: true,
  accessToken: 'a.b.c',
  expiresAt: 1,
  userId: 'u',
  tenantId: 't',
  csrfToken: 'c',
  roles: ['x'],
  nested: { list: [1] },
};
const SESSION = { id: 'id-1', createdAt: now, fields: FIELDS };
const SEALED = sealer.seal(JSON.stringify(SESSION));
const PURPOSES: readonly SealPurpose[] = [
  'login-state',
  'state-notes',
  'session-id',
  'session-record',
  'token-renewal',
];
const [HEADER = ''] = SEALED.split('.');

const fields = fc.oneof(
  { weight: 3, arbitrary: distorted(FIELDS) },
  fc.dictionary(hostileText, json, { maxKeys: 4 }),
);
/** Those that a session may have. */
const possible = fields.map((given) =>
  Object.fromEntries(Object.entries(given).filter(([name]) => !isReserved(name))),
);
const stored = fc.oneof(
  { weight: 4, arbitrary: fields.map((given) => ({ ...SESSION, fields: given })) },
  distorted(SESSION),
  json,
);
const cookies = fc.array(
  fc.record({
    name: fc.oneof(
      fc.constantFrom('session', 'session.0', 'session.1', 'session.2', 'session.3', 'session.00'),
      hostileText,
    ),
    value: fc.oneof(
      hostileText,
      fc.nat(SEALED.length).map((end) => SEALED.slice(0, end)),
      fc.nat(SEALED.length).map((start) => SEALED.slice(start)),
      fc.constant(SEALED),
    ),
  }),
  { maxLength: 6 },
);

const isLine = (line: string) => line.length <= 4096 && /^[!-:<-~]+=[!-:<-~]*(; [ -:<-~]+)*$/.test(line);
/** JSON has no negative zero, and deep data is not compared by deep recursion. */
const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

export const sessionRules = [
  rule(
    'crypto/sealer',
    'opens nothing but what was sealed for the same purpose',
    5000,
    fc.property(
      fc.oneof(
        damaged(SEALED),
        hostileText,
        fc.constantFrom(...PURPOSES.map((purpose) => new Sealer(purpose, SECRETS).seal('{}'))),
        fc
          .tuple(
            distorted(JSON.parse(Buffer.from(HEADER, 'base64url').toString()) as Record<string, unknown>),
            damaged(SEALED.slice(HEADER.length)),
          )
          .map(([header, rest]) => base64url(header) + rest),
        fc
          .array(
            fc.oneof(
              fc.base64String().map((text) => text.replaceAll('=', '')),
              json.map(base64url),
            ),
            { maxLength: 6 },
          )
          .map((parts) => parts.join('.')),
      ),
      (text) => sealer.open(text) === undefined || text === SEALED,
    ),
  ),
  rule(
    'crypto/sealer',
    'gives back what was sealed, as long as it is good and JSON can write it again',
    3000,
    fc.property(
      json.map(jsonText),
      fc.option(fc.integer({ min: -5, max: 5 }), { nil: undefined }),
      (text, lifetime) => {
        const sealed = sealer.seal(text, lifetime);
        const opened = sealer.open(sealed);
        const data: unknown = JSON.parse(text);
        const isOver = lifetime !== undefined && lifetime <= 0;
        return (
          splitCompact(sealed) !== undefined &&
          (isOver || jsonProblem([data], 102) !== undefined
            ? opened === undefined
            : isSame(opened?.data, data))
        );
      },
    ),
  ),
  rule(
    'crypto/keyed-hash',
    'hashes any text the same way again',
    2000,
    fc.property(hostileText, (text) =>
      isSame(
        hashes.flatMap((one) => one.all(text)),
        allHashes.all(text),
      ),
    ),
  ),
  rule(
    'session/cookies/cookie-family',
    'puts together what it cut, whatever stands around it',
    3000,
    fc.property(
      fc.nat(9000),
      fc.integer({ min: 1, max: 3 }),
      cookies,
      fc.integer({ min: 1, max: 4000 }),
      (length, maxCookies, others, room) => {
        const value = 'v'.repeat(length);
        const parts = splitValue('session', value, maxCookies, () => room);
        if (parts === undefined) return length > room;
        const foreign = others.filter(({ name }) => !/^session(\.\d+)?$/.test(name));
        return (
          joinedValues([...foreign, ...parts], 'session', maxCookies).includes(value) &&
          parts.every((part) => part.value.length <= room)
        );
      },
    ),
  ),
  rule(
    'session/cookies/cookie-family',
    'finds values and names of its own in any cookies, and few of them',
    3000,
    fc.property(cookies, fc.integer({ min: 1, max: 3 }), (given, maxCookies) => {
      const values = joinedValues(given, 'session', maxCookies);
      return (
        values.length <= given.length + 2 * maxCookies &&
        familyNames(given, 'session').every((name) => /^session(\.\d{1,2})?$/.test(name))
      );
    }),
  ),
  rule(
    'session/cookies/sealed-sessions',
    'opens a session that can be written again or none, also when anything is sealed with our key',
    4000,
    fc.property(stored, (data) => {
      const sealed = sealer.seal(jsonText(data));
      const [opened] = sessions.openAll([sealed, 'x'], ended);
      if (!opened) return ['unreadable', 'expired'].includes(sessions.whyNone([sealed], ended).reason);
      const { id, createdAt, fields: found } = opened;
      const session = new WristbandSession({ ...opened, fields: copyFields(opened) }, SESSION_HOOKS);
      const isUnchanged = isUntouched(session, opened);
      session['theme'] = 'dark';
      const { error } = snapshotOf({ session, received: opened, cookieNames: [], csrfCookies: [] });
      const isWhole =
        typeof id === 'string' && Number.isFinite(createdAt) && isSame(copyFields(opened), found);
      return isWhole && isUnchanged && error === undefined;
    }),
  ),
  rule(
    'session/cookies/sealed-session-ids',
    'opens IDs only',
    2000,
    fc.property(json, hostileText, (data, text) => {
      const sealed = idSealer.seal(jsonText(data));
      return ids
        .open([sealed, text, SEALED])
        .every(({ id, issuedAt }) => typeof id === 'string' && issuedAt > 0);
    }),
  ),
  rule(
    'session/session',
    'keeps its methods and what it can carry, whatever its fields are named',
    3000,
    fc.property(fields, (given) => {
      const received = receivedFrom(jsonText({ ...SESSION, fields: given }));
      const session = new WristbandSession({ ...received, fields: copyFields(received) }, SESSION_HOOKS);
      const snapshot = snapshotOf({ session, received, cookieNames: [], csrfCookies: [] });
      const isClean =
        Object.getPrototypeOf(session) === WristbandSession.prototype && typeof session.save === 'function';
      return (
        isClean &&
        (snapshot.error instanceof WristbandException || typeof snapshot.json === 'string') &&
        typeof isUntouched(session, received) === 'boolean'
      );
    }),
  ),
  rule(
    'session/keepers/cookie-writer',
    'writes whole cookie lines of any session, or says why it cannot',
    2000,
    fc.property(fields, json, (given, change) => {
      // The token is the library's own.
      const received = receivedFrom(jsonText({ ...SESSION, fields: { ...given, csrfToken: 'c' } }));
      const session = new WristbandSession({ ...received, fields: copyFields(received) }, SESSION_HOOKS);
      session['theme'] = change;
      const { cookies: lines, error } = cookieDecision(
        { session, received, cookieNames: ['session'], csrfCookies: [] },
        tools,
      );
      return (
        lines.every(isLine) &&
        (error === undefined || error.getStatus() === 500) &&
        (lines.length > 0 || error !== undefined || session['theme'] === undefined)
      );
    }),
  ),
  rule(
    'session/cookies/session-cookies',
    'writes lines that browsers keep, or none',
    2000,
    fc.property(
      fc.nat(14_000),
      fc.double({ min: 0, max: 1e11, noNaN: true }),
      cookies,
      fields,
      (length, createdAt, given, content) => {
        const lifetime = remainingLifetime(createdAt, options);
        const present = familyNames(given, 'session');
        const lines = sessionCookies(
          'v'.repeat(length),
          { id: 'id', createdAt, fields: {} },
          present,
          options,
        );
        const isAge = lifetime !== undefined && Number.isInteger(lifetime) && lifetime >= 0;
        return (
          isAge &&
          (lines === undefined ? length > 10_000 : lines.every(isLine)) &&
          expiredCookies(present, options).every(isLine) &&
          typeof largestFields(content) === 'string'
        );
      },
    ),
  ),
  rule(
    'json/json-problem',
    'finds what JSON cannot carry, in anything that a program can hold',
    3000,
    fc.property(
      fc.oneof(
        fc.dictionary(hostileText, json),
        fc.object({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withNullPrototype: true,
          withTypedArray: true,
          maxDepth: 3,
        }),
      ),
      (value) => {
        if (jsonProblem(value) !== undefined) return true;
        return isSame(JSON.parse(JSON.stringify(value)), value);
      },
    ),
  ),
  rule(
    'session/session-changes',
    'puts changes onto any newer version',
    2500,
    fc.property(possible, possible, possible, (before, after, newest) => {
      const [one, other, third] = [before, after, newest].map((given) =>
        receivedFrom(jsonText({ ...SESSION, fields: given })),
      );
      if (!one || !other || !third) return false;
      const same = withChanges(one, changesBetween(one, other), one);
      const names = ['accessToken', 'expiresAt', 'refreshToken'];
      const isTaken = Object.entries(same.fields).every(
        ([name, value]) => names.includes(name) || isSame(value, other.fields[name]),
      );
      return isTaken && withChanges(third, changesBetween(one, other), one).id === SESSION.id;
    }),
  ),
];
