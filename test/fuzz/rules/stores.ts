import fc from 'fast-check';
import { WristbandException, type SessionStore } from '../../../lib/index.js';
import { RevocationIndex } from '../../../lib/session/keepers/revocation-index.js';
import { keyOf, SessionRecords } from '../../../lib/session/keepers/session-records.js';
import { SharedTokenRenewals } from '../../../lib/session/keepers/shared-token-renewals.js';
import { WatchedStore } from '../../../lib/session/keepers/watched-store.js';
import { Sealer } from '../../../lib/crypto/sealer.js';
import { fromExpressSessionStore } from '../../../lib/session/stores/express-session-store.adapter.js';
import type { ExpressSessionStore } from '../../../lib/session/stores/express-store-calls.js';
import { MemorySessionStore } from '../../../lib/session/stores/memory-session.store.js';
import { RedisSessionStore } from '../../../lib/session/stores/redis-session.store.js';
import { SessionStoreError } from '../../../lib/session/stores/session-store.error.js';
import { sessionOptions } from '../../support/open-session.js';
import { rule } from '../cases.js';
import { damaged, distorted, hostileText, json, jsonText } from '../texts.js';

const SECRET = 'a-secret-of-a-store-of-32-characters';
const options = sessionOptions({ secrets: SECRET });
const SESSION = { id: 'id-1', createdAt: Date.now() / 1000, fields: { userId: 'u' } };
const sealer = new Sealer('session-record', [SECRET]);
const renewalSealer = new Sealer('token-renewal', [SECRET]);
const events = { emit: () => undefined, error: () => undefined, warn: () => undefined };
const spans = { around: <T>(_: string, __: object, call: () => Promise<T>) => call() };

/** What the store of the keepers answers when it is asked for a record. */
let found: unknown;
const store = new WatchedStore(
  Object.assign(new MemorySessionStore(), {
    read: async (keys: readonly string[]) => keys.map(() => found),
  }) as SessionStore,
  events,
  spans,
);
const records = new SessionRecords(store, options, (session) => session);
const revocations = new RevocationIndex(store, options);
const renewals = new SharedTokenRenewals(store, [SECRET]);

/** What somebody else may have put into the store, or a store of somebody else may answer. */
const value = fc.oneof(
  hostileText,
  damaged(sealer.seal(JSON.stringify(SESSION))),
  fc.oneof(distorted(SESSION), json).map((data) => sealer.seal(jsonText(data))),
);
const record = fc.oneof(
  fc.constant(undefined),
  json,
  distorted({ value: 'x', version: 1 }),
  fc.record({ value, version: fc.integer() }),
);
const reply = fc.oneof(
  json,
  fc.array(json, { maxLength: 3 }),
  fc.tuple(fc.oneof(fc.constant('5'), json), fc.oneof(value, json)),
  fc.array(hostileText).map((tags) => JSON.stringify(tags)),
);

/** Whatever is wrong with a store is an outage, and nothing worse. */
async function holds(work: Promise<unknown>, isGood: (answer: unknown) => boolean): Promise<boolean> {
  try {
    return isGood(await work);
  } catch (error) {
    return (
      error instanceof SessionStoreError ||
      (error instanceof WristbandException && error.code === 'session_store_unavailable')
    );
  }
}

const isRecord = (one: unknown): boolean => {
  if (one === undefined) return true;
  const { value: text, version } = one as Record<string, unknown>;
  return typeof text === 'string' && typeof version === 'number';
};
const areRecords = (answer: unknown) => Array.isArray(answer) && answer.every(isRecord);
const areTexts = (answer: unknown) => Array.isArray(answer) && answer.every((one) => typeof one === 'string');

export const storeRules = [
  rule(
    'session/stores/redis-session.store',
    'reads records and tags of any reply, or says that the store is in trouble',
    2500,
    fc.asyncProperty(fc.array(reply, { minLength: 1, maxLength: 3 }), async (replies) => {
      let asked = 0;
      const evaluate = async () => replies[asked++ % replies.length];
      const store = new RedisSessionStore({ client: { evalSha: evaluate, eval: evaluate } });
      const results = await Promise.all([
        holds(store.read(['a']), areRecords),
        holds(store.list('tag'), areTexts),
        holds(store.delete(['a']), (count) => typeof count === 'number'),
        holds(store.touch('a', 1), (is) => typeof is === 'boolean'),
      ]);
      return results.every(Boolean);
    }),
  ),
  rule(
    'session/stores/express-session-store.adapter',
    'reads records and tags of any session that others keep there, or says that the store is in trouble',
    2500,
    fc.asyncProperty(
      fc.oneof(
        json,
        fc.record({
          cookie: json,
          wristband: fc.oneof(json, distorted({ key: 'a', value: 'x', version: 1, tags: ['tag'] })),
        }),
      ),
      fc.boolean(),
      async (session, isList) => {
        const kept = session as object | null;
        const inner: ExpressSessionStore = {
          get: (_, callback) => callback(undefined, kept),
          set: (_, __, callback) => callback(),
          destroy: (_, callback) => callback(),
          all: (callback) => callback(undefined, isList ? [kept, {}] : { a: kept }),
        };
        const store = fromExpressSessionStore(inner);
        const results = await Promise.all([
          holds(store.read(['a']), areRecords),
          holds(store.list('tag'), areTexts),
          holds(store.touch('a', 1), (is) => typeof is === 'boolean'),
          holds(store.delete(['a']), (count) => typeof count === 'number'),
        ]);
        return results.every(Boolean);
      },
    ),
  ),
  rule(
    'session/keepers/session-records',
    'opens the session of its ID, whatever is in the store',
    2500,
    fc.asyncProperty(record, async (given) => {
      found = given;
      return holds(records.read([SESSION.id]), (answer) =>
        (answer as { id: unknown }[]).every((one) => one === undefined || one.id === SESSION.id),
      );
    }),
  ),
  rule(
    'session/keepers/revocation-index',
    'tells who is signed out, whatever is in the store',
    2000,
    fc.asyncProperty(record, async (given) => {
      found = given;
      const session = { ...SESSION, issuedAt: 1, json: '', nested: new Map<string, string>() };
      return holds(revocations.firstAlive([session]), (answer) => answer === undefined || answer === session);
    }),
  ),
  rule(
    'session/keepers/shared-token-renewals',
    'takes no tokens from the store but those that belong there',
    1500,
    fc.asyncProperty(
      fc.oneof(
        record,
        fc
          .oneof(distorted({ key: '', tokens: {} }), json)
          .map((data) => ({ value: renewalSealer.seal(jsonText(data)), version: 1 })),
      ),
      async (given) => {
        found = given;
        const tokens = { accessToken: 'new', expiresAt: Date.now() + 1000, expiresIn: 1 };
        return holds(
          renewals.renewTokens('refresh', async () => tokens),
          (answer) => (answer as { tokens: unknown }).tokens === tokens,
        );
      },
    ),
  ),
  rule(
    'session/keepers/session-records',
    'makes a key of any ID',
    2000,
    fc.property(hostileText, (id) => /^[\w-]{43}$/.test(keyOf(id))),
  ),
];
