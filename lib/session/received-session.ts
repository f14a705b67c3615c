import type { Unsealed } from '../crypto/sealer.js';
import { isJsonObject } from '../json/json.js';
import { jsonProblem } from '../json/json-problem.js';
import { isReserved, type StoredSession, type WristbandSession } from './session.js';

/** A session as a request brought it, or as it was written last. It is never changed: later requests with the same cookie share it. */
export interface ReceivedSession extends StoredSession {
  /** Seconds since the epoch at which it was written. */
  readonly issuedAt: number;
  /** The session as text, to see later whether it changed. */
  readonly json: string;
  /** The fields that are objects, as JSON, to make copies of. */
  readonly nested: ReadonlyMap<string, string>;
  /** Of the record that it is from; absent when it is from a cookie. */
  readonly version?: number;
}

/** The fields of a session for one request to change. */
export function copyFields({ fields, nested }: ReceivedSession): Record<string, unknown> {
  const copy = { ...fields };
  for (const [name, json] of nested) copy[name] = JSON.parse(json);
  return copy;
}

/** Whether a session is as it came. */
export function isUntouched(session: WristbandSession, { id, fields, nested }: ReceivedSession): boolean {
  const names = Object.keys(session);
  if (session.id !== id || names.length !== Object.keys(fields).length) return false;
  for (const name of names) {
    const value = session[name];
    const json = nested.get(name);
    const isSame =
      json === undefined
        ? value === fields[name] && Object.hasOwn(fields, name)
        : // What JSON cannot carry does not show in it.
          jsonProblem({ value }) === undefined && JSON.stringify(value) === json;
    if (!isSame) return false;
  }
  return true;
}

/** The session that was sealed in a value; `undefined` when that was something else. */
export function sessionIn({ data, issuedAt }: Unsealed): ReceivedSession | undefined {
  if (!isStoredSession(data)) return undefined;
  const { id, createdAt, fields } = data;
  return receivedSession(data, JSON.stringify({ id, createdAt, fields }), issuedAt);
}

/**
 * A session as it is received from now on, after it was written.
 *
 * @param json a session as text, as a snapshot of one has it
 */
export function receivedFrom(json: string): ReceivedSession {
  return receivedSession(JSON.parse(json) as StoredSession, json, Math.floor(Date.now() / 1000));
}

function receivedSession(
  { id, createdAt, fields: all }: StoredSession,
  json: string,
  issuedAt: number,
): ReceivedSession {
  // A version of this library that did not reserve the name yet may have written the field.
  const fields = Object.fromEntries(Object.entries(all).filter(([name]) => !isReserved(name)));
  const objects = Object.entries(fields).filter(([, value]) => typeof value === 'object' && value !== null);
  const nested = new Map(objects.map(([name, value]) => [name, JSON.stringify(value)]));
  return { id, createdAt, fields, issuedAt, json, nested };
}

function isStoredSession(data: unknown): data is StoredSession {
  if (!isJsonObject(data)) return false;
  const { id, createdAt, fields } = data;
  return typeof id === 'string' && typeof createdAt === 'number' && isJsonObject(fields);
}
